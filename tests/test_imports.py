"""Who may import whom, and which library has one home; each breach is named by file and line.

::

    errors < model < ports < {config, rules, planning, journal, reporting, diagnosis} < execution < cli
    planning may call rules; only cli imports providers; providers know model, errors and ports
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BASE = {"", "errors", "model", "ports"}  # "" is reconciler itself: the version
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "ports": {"errors", "model"},
    "config": BASE,
    "rules": BASE,
    "planning": BASE | {"rules"},
    "journal": BASE,
    "reporting": BASE,
    "diagnosis": BASE,
    "execution": BASE | {"config", "rules", "planning", "journal", "reporting"},
    "cli": BASE
    | {"config", "rules", "planning", "journal", "reporting", "diagnosis", "execution", "providers"},
    "": set(),
    "providers": BASE,
}

HOMES: dict[str, set[str]] = {
    "asyncssh": {"providers/expressway/transport.py", "providers/lab"},
    "httpx2": {"providers/cssm/transport.py"},
    "authlib": {"providers/cssm/transport.py"},
    "stamina": {"providers/cssm/transport.py"},
    "aiohttp": {"providers/lab"},
    "trustme": {"providers/lab"},
    "ruamel": {"reconciler/config/formatting.py"},
    "yaml": {"reconciler/config/events.py", "providers/lab"},
    "networkx": {"reconciler/planning/graph.py"},
    "deepdiff": {"reconciler/planning/compare.py"},
    "sqlite3": {"reconciler/journal/store.py"},
    "pyrage": {"reconciler/journal/keys.py"},
    "keyring": {"reconciler/config/secrets.py"},
    "hvac": {"reconciler/config/secrets.py"},
    "click": {"reconciler/cli"},
    "rich": {"reconciler/cli"},
}

PURE = (
    "reconciler/model/",
    "reconciler/rules/",
    "reconciler/planning/",
    "reconciler/reporting/",
    "reconciler/diagnosis/",
)
IMPURE_MODULES = {
    *("os", "io", "socket", "subprocess", "time"),
    *("logging", "random", "asyncio", "pathlib", "sys"),
}
IMPURE_CALLS = {"print", "open", "input"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for top in ("reconciler", "providers"):
        for path in sorted((ROOT / top).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imports(file: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import, relative ones resolved."""
    package = file.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield node.lineno, ".".join([*base, *(node.module.split(".") if node.module else [])])


def room(dotted: str) -> str | None:
    """The room of a dotted module of ours, None for foreign ones."""
    parts = dotted.split(".")
    if parts[0] == "providers":
        return "providers"
    if parts[0] != "reconciler":
        return None
    return parts[1] if len(parts) > 1 else ""


def is_pure(file: str) -> bool:
    return file.startswith(PURE) or file.endswith("wire.py")


def test_rooms_import_only_the_rooms_below_them() -> None:
    breaches = []
    for file, tree in sources():
        own = room(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        assert own is not None
        for line, dotted in imports(file, tree):
            other = room(dotted)
            if other is not None and other != own and other not in MAY_IMPORT[own]:
                breaches.append(f"{file}:{line}: {own} must not import {dotted}")
    assert not breaches, "\n".join(breaches)


def test_providers_do_not_know_each_other_and_the_lab_shares_no_wire() -> None:
    breaches = []
    for file, tree in sources():
        parts = file.split("/")
        if parts[0] != "providers" or len(parts) < 3:
            continue
        for line, dotted in imports(file, tree):
            other = dotted.split(".")
            if other[0] == "providers" and len(other) > 1 and other[1] != parts[1]:
                breaches.append(f"{file}:{line}: {parts[1]} must not import {dotted}")
    assert not breaches, "\n".join(breaches)


def test_each_foreign_library_has_one_home() -> None:
    breaches = []
    for file, tree in sources():
        for line, dotted in imports(file, tree):
            homes = HOMES.get(dotted.split(".")[0])
            if homes is not None and not any(file == home or file.startswith(home + "/") for home in homes):
                breaches.append(f"{file}:{line}: {dotted} lives in {', '.join(sorted(homes))}")
    assert not breaches, "\n".join(breaches)


def test_pure_rooms_open_nothing_read_no_clock_and_print_nothing() -> None:
    breaches = []
    for file, tree in sources():
        if not is_pure(file):
            continue
        for line, dotted in imports(file, tree):
            if dotted.split(".")[0] in IMPURE_MODULES:
                breaches.append(f"{file}:{line}: a pure room must not import {dotted}")
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                breaches.append(f"{file}:{called.lineno}: a pure room must not call {called.id}")
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                value = node.value
                if isinstance(value, ast.Name) and value.id in {"datetime", "date"}:
                    breaches.append(f"{file}:{node.lineno}: a pure room must not read the clock")
    assert not breaches, "\n".join(breaches)


def test_no_module_outgrows_its_room() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for top in ("reconciler", "providers")
        for path in sorted((ROOT / top).rglob("*.py"))
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 450
    ]
    assert not long, "\n".join(long)
