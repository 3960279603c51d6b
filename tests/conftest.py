"""What all tests share: the table of the torture tests at the end of a run, before pytest's own last line."""

from __future__ import annotations

import pytest

from tests.torture import table


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        table.begin()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    shown = table.text()
    if shown:
        terminalreporter.section("torture")
        terminalreporter.write_line(shown)
