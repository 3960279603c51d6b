"""The README and the command line say the same, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.app import root
from reconciler.errors import Exit

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, before: str, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ", click.Context(command, info_name=name))
        else:
            yield f"{before}{name}", command


ALL = dict(commands(root, "", click.Context(root, info_name="xlicense")))


def test_every_command_is_in_the_table_and_every_row_is_a_command() -> None:
    rows = set(re.findall(r"^\| `xlicense ([a-z -]+)` \|", README, re.MULTILINE))
    assert rows == set(ALL)


def test_every_common_option_and_its_variable_is_in_the_table_and_the_other_way_round() -> None:
    section = README.split("<!-- options:begin -->")[1].split("<!-- options:end -->")[0]
    told = set(re.findall(r"`(XLICENSE_[A-Z_]+)`", section))
    real = {
        option.envvar
        for command in ALL.values()
        for option in command.params
        if isinstance(option, click.Option) and isinstance(option.envvar, str)
    }
    assert told == real


def test_every_long_option_that_the_readme_names_exists() -> None:
    known = {name for command in ALL.values() for option in command.params for name in option.opts}
    known |= {"--help", "--version", "--detailed-exitcode"}
    named = set(re.findall(r"(?<=[\s`\[(])--[a-z][a-z-]*[a-z]\b(?![-(])", re.sub(r"<!--.*?-->", "", README)))
    assert named <= known, named - known


def test_every_exit_code_is_in_the_table_and_the_other_way_round() -> None:
    section = README.split("<!-- exits:begin -->")[1].split("<!-- exits:end -->")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == {
        int(e) for e in Exit
    }


def test_the_plan_shown_is_a_real_one() -> None:
    shown = README.split("$ xlicense plan\n", 1)[1].split("\n```", 1)[0]
    golden = (ROOT / "tests/golden/half_registered/plan.txt").read_text(encoding="utf-8")
    assert shown.strip() == golden.strip()
