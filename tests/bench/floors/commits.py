"""The floor of the journal: one small row a commit, WAL, synchronous=FULL. Prints commits a second."""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

COUNT = 2000
Path(sys.argv[1]).mkdir(exist_ok=True)
path = Path(sys.argv[1], f"{time.time_ns()}.sqlite")
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
begun = time.perf_counter()
for _ in range(COUNT):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO records (body) VALUES (?)", ("x" * 300,))
    connection.execute("COMMIT")
print(COUNT / (time.perf_counter() - begun))
