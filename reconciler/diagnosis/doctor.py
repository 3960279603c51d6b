"""What ``doctor`` makes of facts: each a check that is well or names what is wrong and what to do.

Belongs here: judging. Does not belong here: finding the facts out (journal, cli) and showing them (cli).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MEBIBYTE = 1024 * 1024
LOW_SPACE = 64 * MEBIBYTE
"""A run of a large fleet writes a few; below this somebody should look."""
NO_SPACE = 1 * MEBIBYTE
SKEW = timedelta(minutes=5)


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """``subject`` is what was looked at: journal, keys, space, clock, leases, codes."""

    subject: str
    level: Level
    text: str
    remedy: str = ""
    path: str = ""
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds leases. ``alive`` is None where this machine cannot tell."""

    run_id: str
    holder: str
    expires: datetime
    alive: bool | None


def healthy(checks: Sequence[Check]) -> bool:
    """A warning is worth reading; only an error stands in the way of an apply."""
    return all(check.level is not Level.ERROR for check in checks)


def keys(readable: Mapping[str, bool], identity: str, trouble: str | None, there: bool) -> Check:
    """``readable`` is by recipient; ``trouble`` is why the identity cannot be used."""
    if not readable:
        text = "there is no recipient, so nothing that brings a code can start"
        return Check("keys", Level.ERROR, text, "xlicense key init")
    if trouble is not None:
        return Check("keys", Level.ERROR, trouble, f"chmod 600 {identity}, or put your copy back", identity)
    if not there:
        text = (
            f"there is no identity here ({identity}): codes are kept, and somebody else must go on with them"
        )
        return Check("keys", Level.WARNING, text, "xlicense key init, or name it: journal.identity", identity)
    if not any(readable.values()):
        text = f"the identity {identity} reads nothing that is sealed from now on: it is no recipient"
        return Check("keys", Level.ERROR, text, "xlicense key init adds it", identity)
    return Check("keys", Level.OK, f"{len(readable)} recipients; what is sealed can be read here")


def space(free: int | None, folder: str) -> Check:
    if free is None:
        return Check("space", Level.WARNING, f"how much room {folder} has is not known", "df", folder)
    text = f"{free // MEBIBYTE:,} MiB free at {folder}"
    if free < NO_SPACE:
        return Check("space", Level.ERROR, text, "Make room: no code could be kept.", folder)
    if free < LOW_SPACE:
        return Check("space", Level.WARNING, text, "Make room before the next apply.", folder)
    return Check("space", Level.OK, text)


def clock(now: datetime, newest: datetime | None) -> Check:
    """Leases and plans end by the clock; one that went back makes both last too long."""
    if newest is not None and newest > now + SKEW:
        text = f"the clock says {now.isoformat(timespec='seconds')}, the last record {newest.isoformat()}"
        return Check("clock", Level.ERROR, text, "Set the clock (NTP); if it was ahead before, wait.")
    return Check("clock", Level.OK, f"{now.isoformat(timespec='seconds')}")


def leases(now: datetime, holders: Sequence[Holder]) -> tuple[Check, ...]:
    stale = [one for one in holders if one.alive is False or (one.alive is None and one.expires < now)]
    if not stale:
        running = sorted({f"{one.run_id} by {one.holder}" for one in holders})
        return (Check("leases", Level.OK, f"held: {', '.join(running) or 'none'}"),)
    told = {one.run_id: one for one in stale}
    return tuple(
        Check(
            "leases",
            Level.WARNING,
            f"{run_id} of {one.holder} holds leases and {'is dead' if one.alive is False else 'is silent'}",
            f"xlicense unlock {run_id}",
        )
        for run_id, one in sorted(told.items())
    )


def second_place(paths: Sequence[str], taken_over: bool) -> tuple[Check, ...]:
    """What was kept in need. It goes into the journal by itself once that can be opened."""
    if not paths:
        return ()
    text = f"{len(paths)} replies or codes lie in the second place"
    remedy = "Copy them: that folder may not outlive a restart. They are taken over once the journal opens."
    return () if taken_over else (Check("codes", Level.ERROR, text, remedy, paths[0]),)


def codes(unreadable: Sequence[str]) -> Check:
    if unreadable:
        text = f"held and not readable here: {', '.join(unreadable)}"
        return Check("codes", Level.WARNING, text, "Go on where the identity of a recipient is.")
    return Check("codes", Level.OK, "every held code is readable here")
