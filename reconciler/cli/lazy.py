"""How commands are found and how their help looks: groups that import late, examples under every help.

Belongs here: click classes. Does not belong here: any command, option or wording of our own.

The help is click's own, with headings in bold and sections for commands and for the common options. A
richer renderer costs 13 times a bare interpreter for one ``--help`` (this one: 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a command table. ``target`` is ``module:attribute``, imported when the command is used."""

    name: str
    target: str
    help: str
    section: str
    hidden: bool = False


class CommonOption(click.Option):
    """An option that many commands share; its help stands in a section of its own."""


def _heading(text: str) -> str:
    return click.style(text, bold=True)


def _write_rows(formatter: click.HelpFormatter, title: str, rows: Rows) -> None:
    if rows:
        with formatter.section(_heading(title)):
            formatter.write_dl(rows)


class Command(click.Command):
    """A command whose help ends in examples that can be typed as they stand."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: Rows = []
        shared: Rows = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                (shared if isinstance(param, CommonOption) else own).append(record)
        _write_rows(formatter, "Options", own)
        _write_rows(formatter, "Common options", shared)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        _write_examples(formatter, self.examples)


def _write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    if examples:
        with formatter.section(_heading("Examples")):
            for example in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group that says what a misspelt command may have meant, and gives examples like a command."""

    command_class = Command

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [param.get_help_record(ctx) for param in self.get_params(ctx)]
        _write_rows(formatter, "Options", [record for record in records if record is not None])
        self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        _write_examples(formatter, self.examples)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            raise click.UsageError(self._no_such(ctx, name), ctx)
        return (name if command else None), command, args[1:]

    def _no_such(self, ctx: click.Context, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, self.list_commands(ctx), n=1, cutoff=0.5)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        return f"There is no command {name!r}.{guess}"


class LazyGroup(Group):
    """A group made from a table: listing it, and completing its names, imports none of its commands."""

    def __init__(self, *args: Any, entries: Sequence[Entry] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        sections: dict[str, Rows] = {}
        for entry in self.entries.values():
            if not entry.hidden:
                sections.setdefault(entry.section, []).append((entry.name, entry.help))
        width = max(len(name) for rows in sections.values() for name, _ in rows)
        for title, rows in sections.items():
            _write_rows(formatter, title, [(name.ljust(width), text) for name, text in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [e for e in self.entries.values() if e.name.startswith(incomplete) and not e.hidden]
        items = [CompletionItem(entry.name, help=entry.help) for entry in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]


def command(
    name: str, *, examples: Sequence[str], **kwargs: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """``@command("plan", examples=[…])``: a `Command` with the examples of its help."""
    return click.command(name, cls=Command, examples=examples, **kwargs)


def group(
    name: str, *, examples: Sequence[str], **kwargs: Any
) -> Callable[[Callable[..., Any]], click.Group]:
    """``@group("op", examples=[…])``: a `Group` with the examples of its help."""
    return click.group(name, cls=Group, examples=examples, **kwargs)
