"""The durable record of runs, effects, codes, hand-offs and leases of one workspace.

A folder of two files: ``journal.sqlite`` holds a chain of records, ``spool`` the sealed replies and heads of
that chain. See `sqlite_journal` for what is written when, `opening` for how damage is noticed.
"""

from .folder import state_folder
from .keys import default_identity, init_identity, recipient_of, test
from .opening import verify
from .sqlite_journal import SqliteJournal, open_journal
from .views import AnswerVerdict, Lease, Operation, Received, Unlocked, Verdict

__all__ = [
    "AnswerVerdict",
    "Lease",
    "Operation",
    "Received",
    "SqliteJournal",
    "Unlocked",
    "Verdict",
    "default_identity",
    "init_identity",
    "open_journal",
    "recipient_of",
    "state_folder",
    "test",
    "verify",
]
