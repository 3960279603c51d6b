"""The command line: the only room that prints, and the only one that imports providers.

Belongs here: options, streams, exit codes, approval, progress, and the composition of the other rooms.
Does not belong here: what a plan holds (planning), how it reads (reporting), how it is carried out
(execution). Importing this package imports nothing heavy: each sub-command lives in a module of its own
and is imported when it is asked for (`app`).
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """The entry point of the ``xlicense`` script. Always ends the process with a documented exit code."""
    from .process import run

    raise SystemExit(run(sys.argv[1:]))
