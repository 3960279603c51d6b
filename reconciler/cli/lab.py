"""``xlicense lab``: simulated Expressways, CSSM and On-Prem on loopback, for trying xlicense out.

Belongs here: the commands and their words. Does not belong here: the lab (`providers.lab`), which needs the
extra ``lab`` and is imported only when a command runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from reconciler.cli.lab_status import say_ledger, say_nodes, say_pools, say_servers
from reconciler.errors import UsageError, XlicenseError

if TYPE_CHECKING:
    from providers.lab.control import Json

Command = TypeVar("Command", bound=Callable[..., Any])
NEEDS_EXTRA = "the lab needs two packages that are not installed"
INSTALL = "pip install 'xlicense[lab]'"


@contextmanager
def _lab_errors() -> Iterator[None]:
    """The lab's own exceptions, as errors that the command line shows."""
    try:
        from providers.lab.control import NotRunning
        from providers.lab.process import StartFailed
        from providers.lab.reading import WorldFileError
    except ImportError as error:
        raise XlicenseError(f"{NEEDS_EXTRA} ({error.name})", remedy=INSTALL) from None
    try:
        yield
    except (StartFailed, WorldFileError) as error:
        raise XlicenseError(f"the lab did not start: {error}") from None
    except NotRunning as error:
        raise XlicenseError(str(error), remedy="xlicense lab up") from None
    except ValueError as error:
        raise UsageError(str(error)) from None


def _place(command: Command) -> Command:
    """The two options that say which lab is meant."""
    command = click.option(
        "--state",
        type=click.Path(path_type=Path),
        default=Path(".lab"),
        show_default=True,
        envvar="XLICENSE_LAB_STATE",
        show_envvar=True,
        help="Folder in which the lab keeps its files.",
    )(command)
    return click.option(
        "-C",
        "--chdir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        envvar="XLICENSE_CHDIR",
        show_envvar=True,
        help="Work in this folder.",
    )(command)


_QUIET = click.option("-q", "--quiet", is_flag=True, help="Say nothing when it went well.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Pure JSON on stdout.")


@click.group(
    "lab",
    epilog="\b\nExamples:\n"
    "  xlicense lab up                                 # in a folder with a world.yaml\n"
    "  xlicense lab status\n"
    "  xlicense lab set mad-edge/e1 proxy proxy.example.com:3128\n"
    "  xlicense lab fault add cloud error-in-200 --match /tokens\n"
    "  xlicense lab down",
)
def lab() -> None:
    """Simulated Expressways, CSSM and On-Prem on loopback: real SSH and HTTPS, nothing real behind it."""


@lab.command(
    "up", epilog="\b\nExamples:\n  xlicense lab up\n  xlicense lab up --world w.yaml --ports-from 43200"
)
@_place
@_QUIET
@click.option(
    "--world",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("world.yaml"),
    show_default=True,
    envvar="XLICENSE_LAB_WORLD",
    show_envvar=True,
    help="What there is in the lab.",
)
@click.option(
    "--ports-from",
    type=click.IntRange(1024, 65_000),
    help="Move all fixed ports so that the lowest is this one: two labs of one world can run side by side.",
)
@click.option(
    "--idle",
    "idle_minutes",
    type=click.IntRange(1),
    default=120,
    show_default=True,
    help="End after so many idle minutes.",
)
def up(chdir: Path, state: Path, world: Path, ports_from: int | None, idle_minutes: int, quiet: bool) -> None:
    """Start the lab in the background and wait until it serves. Does nothing if it is up."""
    with _lab_errors():
        from providers.lab.process import Start
        from providers.lab.process import up as start_lab

        path, folder = (chdir / world).resolve(), (chdir / state).resolve()
        if not path.is_file():
            raise UsageError(f"there is no world file {path}", remedy="xlicense lab up --world FILE")
        shift = _shift(path, ports_from)
        status, started = start_lab(Start(path, folder, shift, idle_minutes * 60.0))
        if not quiet:
            click.echo("The lab is up." if started else "The lab is up already.")
            say_servers(status)
            click.echo(f"Trust and credentials are in {folder}")


def _shift(world: Path, ports_from: int | None) -> int:
    if ports_from is None:
        return 0
    from datetime import UTC, datetime

    from providers.lab import load_world

    read = load_world(world, datetime.now(UTC))
    ports = [one.port for one in read.managers.values()] + [one.port for one in read.nodes.values()]
    fixed = [port for port in ports if port]
    return ports_from - min(fixed) if fixed else 0


@lab.command("status", epilog="\b\nExample:\n  xlicense lab status --json")
@_place
@_JSON
def status(chdir: Path, state: Path, as_json: bool) -> None:
    """Say what the nodes and servers of the lab are like, and what they were asked."""
    with _lab_errors():
        answer = _ask(chdir, state, "status")
        if as_json:
            click.echo(json.dumps(answer, indent=2))
            return
        say_nodes(answer)
        say_servers(answer)
        say_pools(answer)
        say_ledger(answer)


def _ask(chdir: Path, state: Path, do: str, **fields: Any) -> Json:
    from providers.lab.control import ask

    return ask((chdir / state).resolve(), do, **fields)


@lab.command("ledger", epilog="\b\nExample:\n  xlicense lab ledger --json")
@_place
@_JSON
def ledger(chdir: Path, state: Path, as_json: bool) -> None:
    """List everything the lab was asked and every code it gave out, in order. Codes are in clear."""
    with _lab_errors():
        answer = _ask(chdir, state, "ledger")
        if as_json:
            click.echo(json.dumps(answer, indent=2))
            return
        for one in answer["asked"]:
            done = "ran" if one["ran"] else "did not run"
            click.echo(f"{one['at']}  {one['where']:<16} {one['text']}  ({done}, {_answered(one)})")
        for one in answer["given"]:
            click.echo(f"{one['at']}  {one['where']:<16} gave {one['kind']} {one['value']}")
        for one in answer["used"]:
            took = "took" if one["accepted"] else "refused"
            click.echo(f"{one['at']}  {one['where']:<16} {took} {one['kind']} {one['value']}")


def _answered(one: Json) -> str:
    return str(one["status"]) if one["answered"] else "not answered"


@lab.command(
    "set",
    epilog="\b\nExamples:\n"
    "  xlicense lab set ams-edge/e1 smart on\n"
    "  xlicense lab set osl-core/c1 virtual-account 'Expressway Old'\n"
    "  xlicense lab set cloud answers-nodes off",
)
@_place
@click.argument("name")
@click.argument("what")
@click.argument("value")
def set_(chdir: Path, state: Path, name: str, what: str, value: str) -> None:
    """Change WHAT of the node or server NAME to VALUE, as an admin would on its web page."""
    with _lab_errors():
        click.echo(_ask(chdir, state, "set", name=name, what=what, value=value)["done"])


@lab.command(
    "portal",
    epilog="\b\nExamples:\n"
    "  xlicense lab portal reserve --virtual-account EMEA --code-file request.txt --quantity rms=4\n"
    "  xlicense lab portal update --serial 0E4D1FA5 --quantity rms=6 --quantity desktop=2\n"
    "  xlicense lab portal confirm --serial 0E4D1FA5 --code-file confirmation.txt",
)
@_place
@click.argument(
    "act", type=click.Choice(("reserve", "update", "confirm", "remove", "rehost", "download", "case"))
)
@click.option("--virtual-account", help="Where to reserve.")
@click.option("--serial", help="The product instance; for rehost, the failed one.")
@click.option(
    "--code-file",
    type=click.File(encoding="utf-8"),
    help="The code to enter (request, confirmation or return code); - is stdin.",
)
@click.option("--quantity", "quantities", multiple=True, help="LICENCE=TOTAL, for every line.")
def portal(
    chdir: Path,
    state: Path,
    act: str,
    virtual_account: str | None,
    serial: str | None,
    code_file: TextIO | None,
    quantities: tuple[str, ...],
) -> None:
    """Be the person at the portal of the lab's CSSM. An authorization code goes to stdout.

    `update` takes the totals of all lines: one that is left out becomes nothing. `case` is Cisco licensing,
    which removes an instance whose return code is lost.
    """
    given = {
        "virtual_account": virtual_account,
        "failed" if act == "rehost" else "serial": serial,
        _PORTAL_CODES.get(act, "code"): code_file.read().strip() if code_file else None,
        "quantities": quantities or None,
    }
    with _lab_errors():
        code = _ask(chdir, state, "portal", act=act, **_portal_fields(act, given))["code"]
        if code is not None:
            click.echo(code)


_PORTAL_CODES = {"reserve": "request_code", "rehost": "request_code", "remove": "return_code"}
_PORTAL_NEEDS = {
    "reserve": ("virtual_account", "request_code", "quantities"),
    "update": ("serial", "quantities"),
    "confirm": ("serial", "code"),
    "rehost": ("failed", "request_code"),
}
_PORTAL_OPTIONS = {
    "virtual_account": "--virtual-account",
    "quantities": "--quantity",
    "serial": "--serial",
    "failed": "--serial",
}


def _portal_fields(act: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the portal asks for, and nothing else."""
    from providers.lab.reservation_by_hand import quantities

    needs = _PORTAL_NEEDS.get(act, ("serial",))
    allowed = (*needs, "return_code") if act == "remove" else needs
    fields = {name: value for name, value in given.items() if value is not None}
    for name in (
        *(one for one in needs if one not in fields),
        *(one for one in fields if one not in allowed),
    ):
        option = _PORTAL_OPTIONS.get(name, "--code-file")
        raise UsageError(f"the portal {'needs' if name in needs else 'takes no'} {option} to {act}")
    if "quantities" in fields:
        fields["quantities"] = quantities(",".join(fields["quantities"]))
    return fields


@lab.command("advance", epilog="\b\nExample:\n  xlicense lab advance 30d")
@_place
@click.argument("duration")
def advance(chdir: Path, state: Path, duration: str) -> None:
    """Push the lab's time forward by DURATION (90s, 15m, 6h, 30d)."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", duration)
    if match is None:
        raise UsageError(f"{duration!r} is not a duration: 90s, 15m, 6h or 30d")
    seconds = float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]
    with _lab_errors():
        click.echo(f"In the lab it is now {_ask(chdir, state, 'advance', seconds=seconds)['now']}")


@lab.command("down", epilog="\b\nExample:\n  xlicense lab down")
@_place
@_QUIET
def down(chdir: Path, state: Path, quiet: bool) -> None:
    """End the lab. What it held is gone; its folder stays."""
    with _lab_errors():
        from providers.lab.process import down as end_lab

        ended = end_lab((chdir / state).resolve())
        if not quiet:
            click.echo("The lab is down." if ended else "No lab was running.")


@lab.group("fault")
def fault() -> None:
    """Break things on purpose, so often as you like."""


@fault.command("add", epilog="\b\nExample:\n  xlicense lab fault add ams-edge/e1 drop-after --match Register")
@_place
@click.argument("name")
@click.argument("kind")
@click.option("--match", help="Only commands or requests (POST /path) that this pattern finds.")
@click.option("--times", type=click.IntRange(1), default=1, show_default=True, help="How often it fires.")
@click.option("--always", is_flag=True, help="Fire until cleared.")
@click.option(
    "--seconds", type=click.FloatRange(0), default=1.0, show_default=True, help="How late, for slow."
)
def fault_add(
    chdir: Path,
    state: Path,
    name: str,
    kind: str,
    match: str | None,
    times: int,
    always: bool,
    seconds: float,
) -> None:
    """Turn the knob KIND on the node or server NAME (* is all). `fault list` says which kinds there are."""
    with _lab_errors():
        fields = {"where": name, "kind": kind, "match": match, "seconds": seconds}
        click.echo(_ask(chdir, state, "fault-add", times=None if always else times, **fields)["done"])


@fault.command("list", epilog="\b\nExample:\n  xlicense lab fault list")
@_place
def fault_list(chdir: Path, state: Path) -> None:
    """Say which knobs are turned, and which there are."""
    with _lab_errors():
        from providers.lab.faults import MEANING

        for one in _ask(chdir, state, "fault-list")["faults"] or ["no fault is set"]:
            click.echo(one)
        click.echo("Kinds:")
        for kind, meaning in MEANING.items():
            click.echo(f"  {kind:<18} {meaning}")


@fault.command("clear", epilog="\b\nExample:\n  xlicense lab fault clear cloud")
@_place
@click.argument("name", required=False)
def fault_clear(chdir: Path, state: Path, name: str | None) -> None:
    """Turn off all knobs, or those of NAME."""
    with _lab_errors():
        click.echo(f"{_ask(chdir, state, 'fault-clear', where=name)['cleared']} cleared")
