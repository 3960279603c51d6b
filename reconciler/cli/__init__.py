"""The command line: the only room that prints, and the only one that imports providers.

Belongs here: options, streams, exit codes, approval, progress, and the composition of the other rooms.
Does not belong here: what a plan holds (planning), how it reads (reporting), how it is carried out
(execution). Importing this package imports nothing heavy: each sub-command lives in a module of its own
and is imported when it is asked for (`app`).
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """The entry point of the ``xlicense`` script. Always ends the process with a documented exit code."""
    # A pydantic plugin is another package's code that is shown everything we validate. Looking for plugins
    # also reads the metadata of all that is installed, which takes longer than reading ten clusters.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A command reads, makes one result and ends: nearly all that it makes lives as long as it does, and the
    # cyclic collector would walk over it again and again, and once more at the end.
    gc.set_threshold(100_000, 20, 20)
    from .last_resort import guard, release

    guard()
    from .process import run
    from .signals import like_interrupt

    like_interrupt()
    code = run(sys.argv[1:])
    release()
    gc.freeze()
    raise SystemExit(code)
