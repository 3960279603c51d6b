"""The root command and the table of all sub-commands. Nothing else: each command lives in its module."""

from __future__ import annotations

import click

from reconciler import __version__

from .lazy import Entry, LazyGroup

MAIN = "The main job"
LOOK = "Look"
WORKSPACE = "Workspace"
AFTER = "Runs, codes and hand-offs"
MORE = "More"


def _entry(name: str, module: str, text: str, section: str) -> Entry:
    attribute = name.replace("-", "_") + "_command"
    return Entry(name, f"reconciler.cli.{module}:{attribute}", text, section)


ENTRIES = (
    _entry("init", "workspace", "Make a new workspace", MAIN),
    _entry("validate", "workspace", "Check the YAML, offline: schema and lint rules", MAIN),
    _entry("plan", "plan", "Compare the YAML with the world and show what would change", MAIN),
    _entry("apply", "apply", "Carry out a plan", MAIN),
    _entry("drift", "drift", "Say whether the world has moved; changes nothing", MAIN),
    _entry("observe", "observe", "Read the nodes and CSSM, as JSON", LOOK),
    _entry("show", "show", "Show a saved plan, the desired or the observed state", LOOK),
    _entry("graph", "graph", "Draw the order of a plan's actions", LOOK),
    _entry("rules", "book", "List the rule book", LOOK),
    _entry("explain", "book", "Explain one rule: why, remedy, source", LOOK),
    _entry("fmt", "workspace", "Format the YAML, comments kept", WORKSPACE),
    _entry("import", "imports", "Write the YAML of clusters that already run", WORKSPACE),
    _entry("retire", "workspace", "Say that a cluster or node leaves the field", WORKSPACE),
    _entry("hostkeys", "hostkeys", "Learn or check the nodes' SSH host keys", WORKSPACE),
    _entry("doctor", "doctor", "Say what is wrong on this machine: journal, keys, space", WORKSPACE),
    _entry("schema", "workspace", "Write the JSON Schemas for editors", WORKSPACE),
    _entry("op", "ops", "Effects of past runs: list, show, resolve", AFTER),
    _entry("casefile", "casefile", "What Cisco licensing needs to know of one node", AFTER),
    _entry("unlock", "ops", "Release the lease of a run that is dead", AFTER),
    _entry("handoff", "handoff", "What waits for a person, and its answers", AFTER),
    _entry("courier", "courier", "Carry out a bundle of hand-offs at CSSM, outside", AFTER),
    _entry("codes", "codes", "Codes kept in the journal", AFTER),
    _entry("journal", "journal", "Back up, restore or move the record of the workspace", AFTER),
    _entry("key", "key", "The age keys that codes are encrypted to", AFTER),
    Entry("lab", "reconciler.cli.lab:lab", "Simulated Expressways, CSSM and On-Prem on loopback", MORE),
    _entry("completion", "about", "Completion script for a shell", MORE),
    _entry("version", "about", "Versions of xlicense and of what it stands on", MORE),
)


@click.group(
    "xlicense",
    cls=LazyGroup,
    entries=ENTRIES,
    examples=(
        "xlicense init licences         # a new workspace",
        "xlicense plan -o tonight.plan  # what would change, kept for later",
        "xlicense apply tonight.plan    # exactly that",
        "xlicense drift -l site=ams     # exit 2 when something has moved",
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", message="xlicense %(version)s")
def root() -> None:
    """Plan, apply and drift for Cisco Expressway Smart Licensing, from YAML in git.

    Options stand after the command: xlicense plan -C WORKSPACE. Every command has its own --help.
    """
