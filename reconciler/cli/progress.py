"""The story of a run on stderr: a live line on a terminal, plain lines elsewhere, nothing with ``-q``.

Belongs here: where and when a line appears. Does not belong here: its words (reporting).
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import IO, Self, cast

from reconciler.model import Action, ActionOutcome, Address, Result
from reconciler.reporting import (
    finished_line,
    observed_line,
    observing_line,
    progress_line,
    starting_line,
)

from .console import Console, Unbreakable, harmless


class Lines:
    """Plain lines: what is read in all, then one line for every action that starts and ends.

    With ``-v`` every node that was read and every word on the way. Implements ports.Reporter.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.total = 0
        self.done = 0
        self.running: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The end of the story; nothing is kept open by plain lines."""

    def line(self, text: str) -> None:
        self.console.note(text)

    def urgent(self, text: str) -> None:
        """What must be said even with ``-q``: the answer to a signal."""
        self.line(text)

    def observing(self, total: int) -> None:
        self.total, self.done = total, 0
        if total:
            self.status()

    def observed(self, address: Address, ok: bool) -> None:
        self.done += 1
        if self.console.verbosity > 0 or not ok:
            self.line(observed_line(address, ok))
        if self.done == self.total:
            self.status()

    def status(self) -> None:
        self.line(observing_line(self.done, self.total))

    def starting(self, action: Action) -> None:
        self.running[action.id] = starting_line(action)
        self.line(starting_line(action))

    def progress(self, action: Action, text: str) -> None:
        self.running[action.id] = progress_line(action, text)
        if self.console.verbosity > 0:
            self.line(progress_line(action, text))

    def finished(self, outcome: ActionOutcome) -> None:
        self.running.pop(outcome.action.id, None)
        if outcome.result is not Result.SKIPPED or self.console.verbosity > 0:
            self.line(finished_line(outcome, color=self.console.colour_err))

    def note(self, text: str) -> None:
        self.line(text)


class Live(Lines):
    """The same lines, above one that moves and says what is going on; it is gone at the end."""

    def __init__(self, console: Console) -> None:
        from rich.console import Console as Rich
        from rich.live import Live as Moving
        from rich.spinner import Spinner

        super().__init__(console)
        self._rich = Rich(
            file=cast(IO[str], Unbreakable(sys.stderr)),
            force_terminal=True,
            width=console.width_err,
            color_system="standard" if console.colour_err else None,
            highlight=False,
            markup=False,
        )
        self._spinner = Spinner("line")
        self._live = Moving(
            self._spinner,
            console=self._rich,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,  # its proxies would write through this very line, for ever
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def close(self) -> None:
        self._live.stop()

    def line(self, text: str) -> None:
        from rich.text import Text

        self._rich.print(Text.from_ansi(harmless(text)), soft_wrap=True)

    def status(self) -> None:
        from rich.text import Text

        reading = observing_line(self.done, self.total) if self.done < self.total else ""
        latest = list(self.running.values())[-1:] or [reading]
        more = f" (+{len(self.running) - 1} more)" if len(self.running) > 1 else ""
        self._spinner.update(text=Text(latest[0] + more, overflow="ellipsis", no_wrap=True))

    def observed(self, address: Address, ok: bool) -> None:
        super().observed(address, ok)
        self.status()

    def starting(self, action: Action) -> None:
        super().starting(action)
        self.status()

    def progress(self, action: Action, text: str) -> None:
        super().progress(action, text)
        self.status()

    def finished(self, outcome: ActionOutcome) -> None:
        super().finished(outcome)
        self.status()


class Silent(Lines):
    """For ``-q``: nothing but what must be said (errors go another way)."""

    def line(self, text: str) -> None:
        """Said nowhere."""

    def urgent(self, text: str) -> None:
        self.console.say(text)


def reporter(console: Console) -> Lines:
    """The reporter that fits where stderr leads."""
    if console.quiet:
        return Silent(console)
    return Live(console) if console.lively else Lines(console)
