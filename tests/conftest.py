"""What all tests share: the table of the torture tests at the end of a run, and of what no coverage is taken.

The tests of each room cover it. Those that live whole lives some thousand times would take twice as long if
every line were traced, and show nothing more.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.torture import table

_OFTEN = ("faults", "fuzz", "stateful", "torture")


def pytest_configure(config: pytest.Config) -> None:
    """Signals are heeded also by what is started behind ``nohup`` or in the background of a script."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _own_second_place(config)
    if not hasattr(config, "workerinput"):
        table.begin()
    elif coverage := config.pluginmanager.get_plugin("_cov"):
        # Started before the process knew that it is a worker: it would go on where ``no_cover`` pauses.
        coverage.cov_controller.pause()


def _own_second_place(config: pytest.Config) -> None:
    """Where a journal puts what its disk does not take: never the user's own, nor that of another run."""
    place = os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="xlicense-tests-")
    config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.pluginmanager.hasplugin("_cov"):
        here = Path(__file__).parent
        for item in items:
            if item.path.relative_to(here).parts[0] in _OFTEN:
                item.add_marker(pytest.mark.no_cover)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shown = table.text()
    if shown:
        terminalreporter.section("torture")
        terminalreporter.write_line(shown)
