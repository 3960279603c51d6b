"""``doctor``: what is wrong on this machine, each with what to do about it.

Belongs here: finding out and printing. What a fact means is in `diagnosis.doctor`; files are looked at by
`journal.health`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, JournalError
from reconciler.model import FORMAT_VERSION, Desired, to_data

from .compose import identity_of, journal_folder, load_workspace, opened_journal
from .lazy import command
from .options import Common, common

if TYPE_CHECKING:
    from reconciler.diagnosis.doctor import Check
    from reconciler.journal.health import Health


@command("doctor", examples=["xlicense doctor", "xlicense doctor --json | jq '.checks[] | select(.remedy)'"])
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace")
def doctor_command(common: Common, as_json: bool) -> Exit:
    """Look at journal, spool, keys, space, clock and leases, and name what is wrong with a remedy each.

    Nothing is repaired and no node is asked. Exit 1 when something stands in the way of an apply.
    """
    from reconciler.diagnosis.doctor import healthy

    checks = _checks(load_workspace(common).desired)
    well = healthy(checks)
    if as_json:
        told = {
            "format_version": FORMAT_VERSION,
            "healthy": well,
            "checks": [to_data(check) for check in checks],
        }
        common.console.json(json.dumps(told, indent=2))
    else:
        _print(common, checks)
        common.console.note("Healthy." if well else "Not healthy: see the errors above.")
    return Exit.OK if well else Exit.ERROR


def _print(common: Common, checks: tuple[Check, ...]) -> None:
    from reconciler.reporting.clean import one_line

    for check in checks:
        common.console.result(f"{check.level.value:8} {check.subject:8} {one_line(check.text)}")
        if check.remedy:
            common.console.result(f"{'':18}{one_line(check.remedy)}")


def _checks(desired: Desired) -> tuple[Check, ...]:
    from reconciler.diagnosis import doctor
    from reconciler.execution import SystemClock
    from reconciler.journal.health import examine

    now = SystemClock().now()
    health = examine(journal_folder(desired), desired.workspace)
    sound = not health.troubles
    holders = [
        doctor.Holder(lease.run_id, lease.holder, lease.expires, lease.alive) for lease in health.leases
    ]
    waiting = tuple(str(path) for path in health.waiting)
    return (
        *_journal(health),
        _keys(desired),
        doctor.space(health.free, str(health.folder)),
        doctor.clock(now, health.newest),
        *doctor.leases(now, holders),
        *doctor.second_place(waiting, taken_over=sound and health.there),
        *(_opened(desired) if sound and health.there else ()),
    )


def _journal(health: Health) -> tuple[Check, ...]:
    from reconciler.diagnosis.doctor import Check, Level

    if health.troubles:
        return tuple(
            Check("journal", Level.ERROR, one.text, one.remedy, one.path, one.record)
            for one in health.troubles
        )
    text = f"whole: {health.folder}" if health.there else f"none yet: {health.folder}"
    return (Check("journal", Level.OK, text),)


def _keys(desired: Desired) -> Check:
    from reconciler.diagnosis.doctor import keys
    from reconciler.journal import test

    identity = identity_of(desired)
    there = identity.is_symlink() or identity.exists()
    readable: dict[str, bool] = dict.fromkeys(desired.journal.recipients, False)
    try:
        readable = dict(test(desired.journal.recipients, identity if there else None))
    except JournalError as error:
        return keys(readable, str(identity), error.message, there)
    return keys(readable, str(identity), None, there)


def _opened(desired: Desired) -> tuple[Check, ...]:
    """What only an open journal tells: whether a code could be kept now, and which are not readable."""
    from reconciler.diagnosis.doctor import Check, Level, codes
    from reconciler.execution import SystemClock

    try:
        with opened_journal(desired, SystemClock()) as journal:
            why = journal.can_keep_codes() if desired.journal.recipients else None
            held = codes([code.code_id for code in journal.codes() if not code.readable])
    except JournalError as error:
        return (Check("journal", Level.ERROR, error.message, error.remedy or ""),)
    if why is not None:
        return (Check("journal", Level.ERROR, f"no code could be kept: {why}", "Look at the disk."), held)
    return (held,)
