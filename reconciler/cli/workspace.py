"""``init``, ``validate``, ``fmt``, ``schema`` and ``retire``: the YAML, without a connection.

Belongs here: what is offline and about files. Does not belong here: what the YAML may say (config, rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Complaint, ConfigError, Exit, UsageError

from .console import is_terminal
from .lazy import command
from .options import Common, common

if TYPE_CHECKING:
    from reconciler.config import Loaded
    from reconciler.rules import Verdicts


@command("init", examples=["xlicense init", "xlicense init licences"])
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@common("workspace")
def init_command(common: Common, directory: Path) -> Exit:
    """Make a new workspace: xlicense.yaml with an id of its own, and a cluster to start from.

    Existing files are never overwritten.
    """
    from reconciler.config import init_workspace

    from .files import shown

    for path in init_workspace(directory):
        common.console.result(shown(path))
    place = "" if directory == Path() else f" -C {directory}"
    common.console.note(f"Next: xlicense key init{place}, fill in the files, and xlicense validate{place}")
    return Exit.OK


@command(
    "validate",
    examples=[
        "xlicense validate",
        "xlicense validate clusters/ams-edge.yaml   # complaints about this file only",
        "xlicense validate --json",
    ],
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Complaints as JSON.")
@common("workspace")
def validate_command(common: Common, files: tuple[Path, ...], as_json: bool) -> Exit:
    """Check the YAML of the whole workspace, offline: schema and the rules that need no node.

    FILES limit what is reported, not what is read. Exit 3 when there is an error.
    """
    complaints = _about(files, _complaints(common.root), common.root)
    if as_json:
        _print_json(common, complaints)
    else:
        _print_text(common, complaints)
    failed = any(complaint.level == "error" for complaint in complaints)
    return Exit.CONFIG if failed else Exit.OK


def _complaints(root: Path) -> tuple[Complaint, ...]:
    from reconciler.config import load
    from reconciler.rules import lint

    try:
        loaded = load(root)
    except ConfigError as error:
        return error.complaints
    return tuple(sorted((*loaded.warnings, *_from_rules(loaded, lint(loaded.desired)))))


def _from_rules(loaded: Loaded, verdicts: Verdicts) -> Iterable[Complaint]:
    """Findings and refusals of the lint phase, at the place in the file that they are about."""
    for finding in verdicts.findings:
        level = "error" if finding.severity == "error" else "warning"
        yield Complaint(*loaded.where(finding.address), finding.message, finding.code, level)
    for refusal in verdicts.refusals:
        message = f"{refusal.message} {refusal.remedy}".strip()
        yield Complaint(*loaded.where(refusal.address), message, refusal.rule)


def _about(files: Sequence[Path], complaints: Sequence[Complaint], root: Path) -> tuple[Complaint, ...]:
    if not files:
        return tuple(complaints)
    for path in files:
        if not path.exists():
            raise UsageError(f"there is no file {path}")
    wanted = {path.resolve() for path in files}
    return tuple(complaint for complaint in complaints if (root / complaint.path).resolve() in wanted)


def _print_json(common: Common, complaints: Sequence[Complaint]) -> None:
    import json
    from dataclasses import asdict

    from reconciler.model import FORMAT_VERSION

    listed = [asdict(complaint) for complaint in complaints]
    common.console.json(json.dumps({"format_version": FORMAT_VERSION, "complaints": listed}, indent=2))


def _print_text(common: Common, complaints: Sequence[Complaint]) -> None:
    import sys

    from reconciler.reporting import complaints_summary, complaints_text

    console = common.console
    if complaints:
        console.result(
            complaints_text(
                complaints, width=console.width, color=console.colour, caret=is_terminal(sys.stdout)
            )
        )
    summary = complaints_summary(complaints)
    console.note(f"{summary[0].upper()}{summary[1:]}.")


@command(
    "fmt",
    examples=[
        "xlicense fmt",
        "xlicense fmt --check                  # exit 2 when a file would change",
        "xlicense fmt clusters/ams-edge.yaml",
    ],
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; list the files that would change and exit 2.")
@common("workspace")
def fmt_command(common: Common, files: tuple[Path, ...], check: bool) -> Exit:
    """Format the workspace's YAML: indentation and spacing. Comments, order and quotes are kept.

    Prints the names of the files that changed, or would change.
    """
    from reconciler.config import format_text

    from .files import read_text, write_whole

    changed = False
    for path in files or _yaml_files(common.root):
        before = read_text(path, "the file")
        after = format_text(before, str(path))
        if after != before:
            changed = True
            common.console.result(str(path))
            if not check:
                write_whole(path, after)
    return Exit.CHANGES if check and changed else Exit.OK


def _yaml_files(root: Path) -> list[Path]:
    """As `load` reads them; relative, for they are printed."""
    found = [root / "xlicense.yaml", *sorted((root / "clusters").glob("*.yaml"))]
    return [path.relative_to(root) for path in found if path.exists()]


@command(
    "schema",
    examples=[
        "xlicense schema                     # all, as one JSON object by file name",
        "xlicense schema --write schemas     # one file each",
    ],
)
@click.option("--write", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write files here.")
@common("workspace")
def schema_command(common: Common, folder: Path | None) -> Exit:
    """Print or write the JSON Schemas (draft-07) of the YAML files, of bundles and of answers.

    An editor with the YAML language server finds them by the first line of each file that init made.
    """
    import json

    from providers import handoff
    from reconciler.config import schema_text, schemas

    from .files import write_whole

    known = {**schemas(), **handoff.schemas()}
    if folder is None:
        common.console.json(json.dumps(known, indent=2))
        return Exit.OK
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in known.items():
        write_whole(folder / name, schema_text(schema))
        common.console.result(str(folder / name))
    return Exit.OK


@command("retire", examples=["xlicense retire ams-edge", "xlicense retire ams-edge/e2"])
@click.argument("name", metavar="CLUSTER|NODE")
@common("workspace")
def retire_command(common: Common, name: str) -> Exit:
    """Write `state: retired` for a cluster or one node, comments kept.

    The next plan then shows how it leaves the field. Deleting the file instead plans nothing.
    """
    from reconciler.config import load, set_state
    from reconciler.model import State

    from .files import shown
    from .names import cluster_or_node, short

    address = cluster_or_node(load(common.root).desired, name)
    common.console.result(shown(set_state(common.root, address, State.RETIRED)))
    common.console.note(f"{short(address)} is retired. Next: {common.again('plan', '--target', address)}")
    return Exit.OK
