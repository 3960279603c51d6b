"""What another process does in these tests: run as ``python -m tests.journal.child WHAT ROOT``.

It tells each point that it has reached on stdout and waits for a line on stdin, so nobody needs to sleep.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reconciler import model as m
from reconciler.errors import JournalError, LockHeld
from reconciler.journal import SqliteJournal

from .bench import CLUSTER, CODE, EMEA, TOKEN_SLOT, action, create_token, make_desk


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def wait() -> None:
    sys.stdin.readline()


def die_at(point: str) -> Callable[[SqliteJournal], None]:
    """Walk through an effect that brings a code, and stop for ever at ``point``."""

    def walk(journal: SqliteJournal) -> None:
        run = journal.begin_run("apply", "digest", "nonce")
        journal.lease([CLUSTER, EMEA], run)
        effect = journal.intent(run, create_token())
        at(point, "intent", effect.op_id)
        effect.sending()
        at(point, "sending", effect.op_id)
        effect.received(CODE.encode())
        at(point, "received", effect.op_id)
        effect.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)
        at(point, "code", effect.op_id)
        effect.verified([])
        at(point, "verified", effect.op_id)
        effect.done()
        at(point, "done", effect.op_id)

    return walk


def at(wanted: str, here: str, op_id: str) -> None:
    if wanted == here:
        tell(op_id)
        wait()


def race(journal: SqliteJournal) -> None:
    run = journal.begin_run("apply", None, None)
    tell("ready")
    wait()
    try:
        journal.lease([CLUSTER], run)
    except LockHeld:
        tell("lost")
    else:
        tell("won")
    wait()


def hold(journal: SqliteJournal) -> None:
    run = journal.begin_run("apply", None, None)
    journal.lease([CLUSTER], run)
    tell(run)
    wait()
    journal.release(run)
    tell("released")
    wait()


def write_many(journal: SqliteJournal) -> None:
    tell("ready")
    wait()
    for _ in range(25):
        effect = journal.intent("run-x", action())
        effect.sending()
        effect.received(b"x" * 500)
        effect.done()
    tell("written")


def fill(journal: SqliteJournal) -> None:
    """Go on until no file may grow any more, and tell how that ended."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    for _ in range(2_000):
        try:
            effect = journal.intent("run-x", action())
            effect.sending()
            effect.received(b"x" * 900)
            effect.done()
        except JournalError as error:
            tell(f"stopped: {error.message}")
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        journal.intent("run-x", action())
    except JournalError as error:
        tell(f"then: {error.message}")
    tell(f"keeps codes: {journal.can_keep_codes()}")


def receive(journal: SqliteJournal) -> None:
    """Tell how it ends when a reply comes after somebody has been at the disk."""
    effect = journal.intent("run-x", action())
    effect.sending()
    tell(effect.op_id)
    wait()
    try:
        effect.received(CODE.encode())
    except JournalError as error:
        tell(error.message)
    else:
        tell("kept")


def flood(journal: SqliteJournal) -> None:
    """On a small disk: set the reserve aside, let somebody fill the rest, receive, and go on."""
    tell(f"keeps codes: {journal.can_keep_codes()}")
    effect = journal.intent("run-x", action())
    effect.sending()
    with Path(sys.argv[2], "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(bytes(512)):
            pass
    effect.received(CODE.encode() * 300)
    effect.received(CODE.encode() * 300)
    tell("received")
    for step in (effect.done, lambda: journal.intent("run-x", action())):
        try:
            step()
        except JournalError as error:
            tell(error.message)
    tell(f"keeps codes: {journal.can_keep_codes()}")
    Path(sys.argv[2], "ballast").unlink()
    journal.close()
    with make_desk(Path(sys.argv[2])).open() as again:
        tell(str(b"".join(again.spooled(effect.op_id)) == CODE.encode() * 600))
        tell(f"keeps codes: {again.can_keep_codes()}")
        tell(str(again.verify()))


WHAT: dict[str, Callable[[SqliteJournal], None]] = {
    "race": race,
    "hold": hold,
    "write": write_many,
    "fill": fill,
    "receive": receive,
    "flood": flood,
}

if __name__ == "__main__":
    what, root = sys.argv[1:]
    with make_desk(Path(root)).open() as opened:
        (WHAT.get(what) or die_at(what))(opened)
