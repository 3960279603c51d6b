"""What the help shows, and that showing it imports next to nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from reconciler.cli.app import ENTRIES, root
from reconciler.cli.lazy import Command, CommonOption, Group

HEAVY = {
    "asyncssh",
    "networkx",
    "deepdiff",
    "sqlite3",
    "httpx2",
    "pydantic",
    "rich",
    "asyncio",
    "yaml",
    "ruamel",
}


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands and groups of this room, by the words that call them."""
    context = click.Context(root, info_name="xlicense")
    for entry in ENTRIES:
        if entry.name == "lab":  # lives with the lab
            continue
        command = root.get_command(context, entry.name)
        assert command is not None
        yield entry.name, command
        if isinstance(command, click.Group):
            for name, part in command.commands.items():
                yield f"{entry.name} {name}", part


COMMANDS = dict(every_command())


def test_importing_the_package_and_asking_for_help_imports_nothing_heavy() -> None:
    """The table of commands carries their short help, so --help loads none of them."""
    script = (
        "import sys, reconciler.cli\n"
        "from reconciler.cli.process import run\n"
        "run(['--help']); run(['--version']); run(['plna'])\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not loaded & HEAVY
    ours = {name for name in loaded if name.startswith("reconciler.")}
    assert ours == {
        "reconciler.errors",
        "reconciler.cli",
        "reconciler.cli.app",
        "reconciler.cli.console",
        "reconciler.cli.lazy",
        "reconciler.cli.process",
        "reconciler.cli.signals",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_found_under_its_name_with_a_sentence_and_an_example(name: str) -> None:
    command = COMMANDS[name]
    assert command.name == name.rsplit(maxsplit=1)[-1]
    assert command.help
    assert isinstance(command, Command | Group)
    assert any(f"xlicense {name}" in example for example in command.examples), command.examples


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does_and_every_common_option_names_its_variable(name: str) -> None:
    for param in COMMANDS[name].params:
        if isinstance(param, click.Option):
            assert param.help, param.name
        if isinstance(param, CommonOption):
            assert param.show_envvar
            assert str(param.envvar).startswith("XLICENSE_")


@pytest.mark.parametrize("name", [name for name in COMMANDS if not isinstance(COMMANDS[name], click.Group)])
def test_the_options_of_every_example_exist(name: str) -> None:
    """An example that cannot be typed is worse than none."""
    command = COMMANDS[name]
    known = {text for param in command.params for text in (*param.opts, *param.secondary_opts)}
    assert isinstance(command, Command)
    for example in command.examples:
        for piece in example.partition("   #")[0].replace("&&", "|").split("|"):
            words = piece.split()
            if words[: 1 + len(name.split())] == ["xlicense", *name.split()]:
                options = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
                assert options <= known, example


def test_the_variable_of_a_common_option_is_shown_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    from reconciler.cli.process import run

    assert run(["plan", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for variable in ("CHDIR", "TARGET", "EXCLUDE", "SELECTOR", "PARALLELISM", "COLOR", "VERBOSE", "QUIET"):
        assert f"env var: XLICENSE_{variable}" in shown
    assert "Examples:" in shown


def test_the_help_of_the_root_lists_every_command_with_the_text_of_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from reconciler.cli.process import run

    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for entry in ENTRIES:
        assert any(line.split() == [entry.name, *entry.help.split()] for line in shown.splitlines())


def test_completing_a_command_name_offers_names_with_their_help() -> None:
    items = root.shell_complete(click.Context(root), "va")
    assert [(item.value, item.help) for item in items] == [
        ("validate", "Check the YAML, offline: schema and lint rules")
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from reconciler.cli.process import run

    assert run(["completion", shell]) == 0
    assert "_XLICENSE_COMPLETE" in capsys.readouterr().out
