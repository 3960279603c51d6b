"""Everything that can go wrong, by what the user has to do about it, and the exit code of each.

::

    XlicenseError                      1   an error that has no code of its own
    |-- UsageError                    64   the command line cannot be understood
    |-- ConfigError                    3   the YAML is invalid; carries every complaint of the run
    |-- PlanFileError                  4   a saved plan is stale, expired, used or altered
    |-- LockHeld                       5   another run holds the lease
    |-- Refused                        6   a rule said no
    |-- JournalError                   1   the journal or spool cannot be written or trusted
    |   |-- JournalBusy                5   another process is in the middle of a write
    |   +-- HeldElsewhere              9   a code is kept, and its key is with somebody else
    |-- SecretError                   10   a secret reference cannot be resolved
    +-- ProviderError                      what the transports translate foreign exceptions into
        |-- Unreachable               11   nothing was sent: provably safe to try again
        |-- Untrusted                 10   host key, certificate or credentials
        |-- Unreadable                11   an answer came that could not be understood
        |-- Rejected                   7   the remote understood and said no
        +-- OutcomeUnknown             8   something was sent and no complete answer came back

Belongs here: exception types, exit codes, their precedence. Does not belong here: wording for a
particular rule, provider or file format. Nothing here imports anything of ours.

No message ever contains a secret or a code: whoever raises is responsible for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of the command line (README, *Exit codes*)."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    CONFIG = 3
    PLAN_FILE = 4
    LOCKED = 5
    REFUSED = 6
    PARTLY = 7
    UNKNOWN = 8
    WAITING = 9
    TRUST = 10
    UNREAD = 11
    USAGE = 64
    INTERRUPTED = 130


PRECEDENCE: tuple[Exit, ...] = (
    Exit.UNKNOWN,
    Exit.TRUST,
    Exit.PARTLY,
    Exit.REFUSED,
    Exit.WAITING,
    Exit.UNREAD,
    Exit.CHANGES,
)


def strongest(codes: Iterable[Exit]) -> Exit:
    """The one exit code of a run in which several hold; codes outside the precedence win as they are."""
    held = set(codes) - {Exit.OK}
    for code in held:
        if code not in PRECEDENCE:
            return code
    for code in PRECEDENCE:
        if code in held:
            return code
    return Exit.OK


class XlicenseError(Exception):
    """The root. ``remedy`` is the next thing to do, one sentence or one command."""

    exit_code: Exit = Exit.ERROR

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(XlicenseError):
    """The command line asks for something that does not exist or contradicts itself."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing wrong in one file. ``line`` and ``column`` count from 1; 0 means the whole file.

    ``level`` is ``error`` or ``warning``. ``source_line`` is the text of the line, without its newline, and
    is empty where it could hold a secret.
    """

    path: str
    line: int
    column: int
    message: str
    code: str
    level: str = "error"
    source_line: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message} [{self.code}]"


class ConfigError(XlicenseError):
    """The workspace is invalid. All complaints of the run together, in file order."""

    exit_code = Exit.CONFIG

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints: tuple[Complaint, ...] = tuple(sorted(complaints))
        count = sum(1 for complaint in self.complaints if complaint.level == "error")
        super().__init__(f"{count} error{'s' if count != 1 else ''} in the configuration")


class PlanFileError(XlicenseError):
    """A plan file that may not be applied. ``differences`` lists what is not as planned."""

    exit_code = Exit.PLAN_FILE

    def __init__(self, message: str, *, differences: Iterable[str] = (), remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.differences: tuple[str, ...] = tuple(differences)


class LockHeld(XlicenseError):
    """Another run holds the lease of this address; the message names the holder."""

    exit_code = Exit.LOCKED


class Refused(XlicenseError):
    """A rule refused the whole run (most refusals are part of the plan instead)."""

    exit_code = Exit.REFUSED


class JournalError(XlicenseError):
    """The journal or the spool cannot be read, written or trusted. No effect may follow."""


class JournalBusy(JournalError):
    """Another process is in the middle of a write, and did not end it in the time that one may take."""

    exit_code = Exit.LOCKED


class HeldElsewhere(JournalError):
    """A code is kept and cannot be read here; whoever has an identity of its recipients can go on."""

    exit_code = Exit.WAITING


class SecretError(XlicenseError):
    """A secret reference does not resolve. Names the reference, never the value."""

    exit_code = Exit.TRUST


class ProviderError(XlicenseError):
    """A remote system, seen through its transport. ``said`` is what the remote said, minus secrets."""

    def __init__(self, message: str, *, said: str = "", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.said = said


class Unreachable(ProviderError):
    """No byte of the instruction left this machine: it is safe to try again."""

    exit_code = Exit.UNREAD


class Untrusted(ProviderError):
    """Host key unknown or changed, certificate not accepted, or credentials refused. Nothing was sent."""

    exit_code = Exit.TRUST


class Unreadable(ProviderError):
    """A complete answer came, and it is not one that can be understood."""

    exit_code = Exit.UNREAD


class Rejected(ProviderError):
    """The remote understood the instruction and did not carry it out."""

    exit_code = Exit.PARTLY


class OutcomeUnknown(ProviderError):
    """Bytes were sent and no complete answer came: done or not done, only observation can tell."""

    exit_code = Exit.UNKNOWN
