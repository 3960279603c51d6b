"""The durable record of runs, effects, codes, hand-offs and leases of one workspace.

A folder of two files: ``journal.sqlite`` holds a chain of records, ``spool`` the sealed replies and heads of
that chain. See `sqlite_journal` for what is written when, `opening` for how damage is noticed.
"""

from .folder import state_folder
from .keys import default_identity
from .opening import verify
from .sqlite_journal import SqliteJournal, open_journal

__all__ = ["SqliteJournal", "default_identity", "open_journal", "state_folder", "verify"]
