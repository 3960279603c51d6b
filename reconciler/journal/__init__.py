"""The durable record of runs, effects, codes, hand-offs and leases of one workspace.

A folder of two files: ``journal.sqlite`` holds a chain of records, ``spool`` the sealed replies and heads of
that chain. See `sqlite_journal` for what is written when, `opening` for how damage is noticed.
"""

from .copying import Copied, Restored, move, restore
from .folder import state_folder
from .keys import (
    Rotation,
    begin_rotation,
    default_identity,
    end_rotation,
    init_identity,
    recipient_of,
    test,
)
from .opening import verify, was_used
from .sqlite_journal import SqliteJournal, open_journal
from .views import AnswerVerdict, Lease, Operation, Received, Resealed, Unlocked, Verdict

__all__ = [
    "AnswerVerdict",
    "Copied",
    "Lease",
    "Operation",
    "Received",
    "Resealed",
    "Restored",
    "Rotation",
    "SqliteJournal",
    "Unlocked",
    "Verdict",
    "begin_rotation",
    "default_identity",
    "end_rotation",
    "init_identity",
    "move",
    "open_journal",
    "recipient_of",
    "restore",
    "state_folder",
    "test",
    "verify",
    "was_used",
]
