"""The options that commands share, each with its environment variable, and the value they make.

Belongs here: `Common` and the decorators that fill it. Does not belong here: options of one command.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import COLOURS, Console
from .lazy import CommonOption

if TYPE_CHECKING:
    _Type = click.ParamType[Any, Any]
else:
    _Type = click.ParamType  # generic only in the newest releases

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Common:
    """What the shared options say. A command that does not offer an option gets its default.

    ``root`` is the workspace folder. ``selector`` holds label pairs that must all match. ``verbosity`` is
    -1 (quiet), 0, 1 or 2. ``lock_timeout`` is in seconds.
    """

    console: Console
    root: Path
    verbosity: int = 0
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selector: tuple[tuple[str, str], ...] = ()
    parallelism: int = 20
    lock_timeout: float = 0.0
    no_input: bool = False
    chdir: Path | None = None

    @property
    def scoped(self) -> bool:
        return bool(self.targets or self.excludes or self.selector)

    def again(self, *words: str) -> str:
        """A command to type next, in the same workspace, as one shell line."""
        folder = ("-C", str(self.chdir)) if self.chdir is not None else ()
        return shlex.join(("xlicense", *words, *folder))

    def scope_words(self) -> tuple[str, ...]:
        """The scope of this command, to be typed again with the next one."""
        chosen: list[str] = []
        for flag, values in (("--target", self.targets), ("--exclude", self.excludes)):
            for value in values:
                chosen += [flag, value]
        for key, value in self.selector:
            chosen += ["-l", f"{key}={value}"]
        return tuple(chosen)


class Duration(_Type):
    """``30``, ``30s``, ``5m`` or ``1h``, in seconds."""

    name = "duration"
    _form = re.compile(r"(\d+(?:\.\d+)?)\s*([smh]?)")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = self._form.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is not a duration such as 30s, 5m or 1h.", param, ctx)
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


class Labels(_Type):
    """``site=ams`` or ``site=ams,env=prod``: label pairs that must all match."""

    name = "label=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[str, str], ...]:
        if isinstance(value, tuple):
            return value
        return tuple(self._pair(part, param, ctx) for part in str(value).split(",") if part.strip())

    def _pair(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, equals, wanted = text.partition("=")
        if not equals or not key.strip() or not wanted.strip():
            self.fail(f"{text.strip()!r} is not a pair such as site=ams.", param, ctx)
        return key.strip(), wanted.strip()


def _change_folder(context: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """``-C`` moves the process before any other option is read, so relative paths mean one thing."""
    if value is not None and not context.resilient_parsing:
        try:
            os.chdir(value)
        except OSError as error:
            raise click.BadParameter(f"{value}: {error.strerror}", context, param) from None
    return value


def _option(*names: str, **kwargs: Any) -> Decorator:
    return click.option(*names, cls=CommonOption, show_envvar=True, **kwargs)


_CHDIR = _option(
    "-C", "--chdir", envvar="XLICENSE_CHDIR", type=click.Path(path_type=Path), metavar="DIR",
    is_eager=True, callback=_change_folder, help="Work in this folder; other paths are relative to it.",
)  # fmt: skip
_COLOR = _option(
    "--color", envvar="XLICENSE_COLOR", type=click.Choice(COLOURS), default="auto", show_default=True,
    help="Colour; NO_COLOR and FORCE_COLOR are heeded where this is auto.",
)  # fmt: skip
_VERBOSE = _option(
    "-v", "--verbose", envvar="XLICENSE_VERBOSE", count=True, help="More on stderr; -vv for the log.",
)  # fmt: skip
_QUIET = _option(
    "-q", "--quiet", envvar="XLICENSE_QUIET", is_flag=True, help="Results and errors only.",
)  # fmt: skip
_TARGET = _option(
    "--target", "targets", envvar="XLICENSE_TARGET", multiple=True, metavar="ADDR",
    help="Only these addresses, such as 'cluster/ams-*'; repeat for several.",
)  # fmt: skip
_EXCLUDE = _option(
    "--exclude", "excludes", envvar="XLICENSE_EXCLUDE", multiple=True, metavar="ADDR",
    help="Without these addresses; repeat for several.",
)  # fmt: skip
_SELECTOR = _option(
    "-l", "--selector", envvar="XLICENSE_SELECTOR", multiple=True, type=Labels(), metavar="LABEL=VALUE",
    help="Only clusters with these labels: site=ams,env=prod; all must match.",
)  # fmt: skip
_PARALLELISM = _option(
    "--parallelism", envvar="XLICENSE_PARALLELISM", type=click.IntRange(1, 1000), default=20,
    show_default=True, help="Logins and running commands at one time.",
)  # fmt: skip
_LOCK_TIMEOUT = _option(
    "--lock-timeout", envvar="XLICENSE_LOCK_TIMEOUT", type=Duration(), default="0s", show_default=True,
    help="How long to wait for another run's lock.",
)  # fmt: skip
_NO_INPUT = _option(
    "--no-input", envvar="XLICENSE_NO_INPUT", is_flag=True,
    help="Never ask; stop and name the option that would answer.",
)  # fmt: skip

_OPTIONS: dict[str, tuple[Decorator, ...]] = {
    "workspace": (_CHDIR, _COLOR, _VERBOSE, _QUIET),
    "plain": (_COLOR,),
    "scope": (_TARGET, _EXCLUDE, _SELECTOR),
    "remote": (_PARALLELISM,),
    "lock": (_LOCK_TIMEOUT,),
    "input": (_NO_INPUT,),
}


def common(*groups: str) -> Decorator:
    """Adds the options of these groups and hands the command one `Common` instead of them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        @click.pass_context
        def wrapped(context: click.Context, /, **given: Any) -> Any:
            return function(_common(context.obj, given), **given)

        decorated: Callable[..., Any] = wrapped
        for option in reversed([option for name in groups for option in _OPTIONS[name]]):
            decorated = option(decorated)
        return decorated

    return decorate


def _common(console: Console, given: dict[str, Any]) -> Common:
    """Takes the shared options out of ``given``; what is left belongs to the command."""
    console.color = given.pop("color", "auto")
    console.verbosity = -1 if given.pop("quiet", False) else min(given.pop("verbose", 0), 2)
    given.pop("verbose", None)
    return Common(
        console=console,
        root=Path.cwd(),
        chdir=given.pop("chdir", None),
        verbosity=console.verbosity,
        targets=given.pop("targets", ()),
        excludes=given.pop("excludes", ()),
        selector=_flat(given.pop("selector", ())),
        parallelism=given.pop("parallelism", 20),
        lock_timeout=given.pop("lock_timeout", 0.0),
        no_input=given.pop("no_input", False),
    )


def _flat(parts: Iterable[tuple[tuple[str, str], ...]]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for part in parts for pair in part)
