"""What xStatus and xConfiguration replies say, apart from the licence block. Pure, never raises.

No full transcript of these replies is public, so every layout that a source makes plausible is read:
nested blocks (``*s SystemUnit: /``), one-line leaves (``*s SystemUnit Software Version: "X"``), settings
(``*c xConfiguration License Smart Transport: direct``) with or without ``*c``, ``xConfiguration`` and
quotes, in any case. What does not fit, or stands on a damaged line, is UNKNOWN.

Belongs here: from lines to values. Does not belong here: framing (`wire`) and the licence text (`licence`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reconciler.model import UNKNOWN, Alarm, Maybe, OptionKey, SmartConfig, Software

from .wire import is_damaged

_KEY = re.compile(r"(?P<key>[^:\"]{1,120}):(?:\s*(?P<value>.*))?")
_HEAD = re.compile(r"\*[scr]\s+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One ``key: value``. ``path`` is lower-case words from the block's name down; ``owner`` is the
    path without its last key, with the running number of the block, so that siblings share it."""

    path: tuple[str, ...]
    value: str
    owner: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.path[-1] if self.path else ""


@dataclass(frozen=True, slots=True)
class Tree:
    """The leaves of one reply. ``damaged`` counts lines that are not to be believed."""

    leaves: tuple[Leaf, ...]
    damaged: int = 0


def _words(text: str) -> tuple[str, ...]:
    words = text.casefold().replace("[", " ").replace("]", " ").split()
    return tuple(word for word in words if word != "xconfiguration")


def _unquote(value: str) -> str | None:
    """The value without its quotes; None where only one of the two is there."""
    if value.startswith('"'):
        return value[1:-1] if len(value) > 1 and value.endswith('"') else None
    return None if value.endswith('"') else value


def read_tree(lines: Iterable[str]) -> Tree:
    """Every ``key: value`` of a reply with the path that its indentation gives it."""
    return _tree(tuple(lines))


@lru_cache(maxsize=16)
def _tree(lines: tuple[str, ...]) -> Tree:
    """Some replies are read for several parts of a node; the cache holds those of one look."""
    leaves: list[Leaf] = []
    parents: list[tuple[int, tuple[str, ...], str]] = []
    damaged = 0
    for number, line in enumerate(lines):
        text = line.strip()
        if is_damaged(line):
            damaged += 1
            continue
        head = _HEAD.match(text)
        body = text[head.end() :] if head else text
        found = _KEY.fullmatch(body)
        if found is None:
            continue
        indent = 0 if head else len(line) - len(line.lstrip())
        while parents and (head or parents[-1][0] >= indent):
            parents.pop()
        above = tuple(word for _, words, _ in parents for word in words)
        owner = tuple(mark for _, _, mark in parents)
        value = (found["value"] or "").strip()
        words = _words(found["key"])
        if value in {"", "/"}:
            parents.append((indent, words, f"{number}:{' '.join(words)}"))
            continue
        plain = _unquote(value)
        if plain is None or not words:
            damaged += 1
            continue
        leaves.append(Leaf((*above, *words), plain, (*owner, *words[:-1])))
    return Tree(tuple(leaves), damaged)


def _one(values: Iterable[str]) -> Maybe[str]:
    """The value if there is exactly one, however often it stands there."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else UNKNOWN


# --- system unit ---------------------------------------------------------------------------------------

_VERSION = re.compile(r"X\d{1,2}(?:\.\d{1,2}){1,3}(?:\s*\([^()]{1,40}\)|\s*[A-Za-z]\w{0,20})?")
_PLAIN_VERSION = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}")
_BANNER = re.compile(r"Video Communication Server (X[0-9][0-9.]*(?: \([^()]*\)|[A-Za-z]\w*)?)")
_SERIAL = re.compile(r"[0-9A-Za-z]{6,16}")
_TRUTH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def _version_leaf(leaf: Leaf) -> int | None:
    """How good a place for the version this is, 0 best; None where it is none."""
    if "hardware" in leaf.path:
        return None
    if leaf.path[-2:] == ("software", "version") or leaf.key in {"softwareversion", "softwareid"}:
        return 0
    if leaf.key in {"version", "release"}:
        return 1
    return 2 if leaf.key in {"build", "name"} else None


def read_version(tree: Tree, lines: Sequence[str] = ()) -> Maybe[str]:
    """The release as ``X14.3.1``, from the best place that shows one; two that differ are UNKNOWN."""
    for rank in (0, 1, 2):
        values = [leaf.value.strip() for leaf in tree.leaves if _version_leaf(leaf) == rank]
        found = [value for value in values if _VERSION.fullmatch(value)]
        if rank == 0:
            found += ["X" + value for value in values if _PLAIN_VERSION.fullmatch(value)]
        if found:
            return _one(found)
        if tree.damaged:
            return UNKNOWN
    return _one(match[1] for line in lines if not is_damaged(line) for match in _BANNER.finditer(line))


def _product(tree: Tree) -> Maybe[str]:
    """``ExpresswaySeries: "False"`` is a VCS (Greenbone's detection of 2024); True inferred from it."""
    series = {
        _TRUTH.get(leaf.value.casefold())
        for leaf in tree.leaves
        if leaf.key in {"expresswayseries", "expressway"}
    }
    if series in ({True}, {False}):
        return "expressway" if series == {True} else "vcs"
    names = [
        leaf.value.casefold() for leaf in tree.leaves if leaf.key in {"product", "productid", "producttype"}
    ]
    return "expressway" if not series and any("expressway" in name for name in names) else UNKNOWN


def _select(tree: Tree) -> Maybe[bool]:
    texts = [leaf.value.casefold() for leaf in tree.leaves]
    return True if any("expressway select" in text for text in texts) else UNKNOWN


def read_software(lines: Sequence[str]) -> Maybe[Software]:
    """Release and product of ``xStatus SystemUnit``; UNKNOWN where no release is shown."""
    tree = read_tree(lines)
    version = read_version(tree, lines)
    if version is UNKNOWN:
        return UNKNOWN
    return Software(version, _product(tree), _select(tree))


def read_serial(lines: Sequence[str]) -> Maybe[str]:
    """The serial number, wherever the block keeps it (Hardware, Software or the top)."""
    values = [
        leaf.value.strip()
        for leaf in read_tree(lines).leaves
        if leaf.key in {"serialnumber", "serial"} or leaf.path[-2:] == ("serial", "number")
    ]
    return _one(value for value in values if _SERIAL.fullmatch(value))


# --- xConfiguration ------------------------------------------------------------------------------------


def _setting(tree: Tree, *names: str) -> Maybe[str]:
    """The one value of a setting of this name under ``License Smart``."""
    wanted = {tuple(name.split()) for name in names}
    values = []
    for leaf in tree.leaves:
        path = leaf.path[2:] if leaf.path[:2] == ("license", "smart") else leaf.path
        if path in wanted:
            values.append(leaf.value.strip())
    return _one(values)


def _chosen(value: Maybe[str], words: set[str]) -> Maybe[str]:
    return value.casefold() if value is not UNKNOWN and value.casefold() in words else UNKNOWN


def read_smart_config(lines: Sequence[str]) -> SmartConfig:
    """``xConfiguration License Smart``; a setting that is not shown is UNKNOWN, an empty URL None."""
    tree = read_tree(lines)
    url = _setting(tree, "url")
    enable = _setting(tree, "reservationenable", "reservation enable")
    return SmartConfig(
        transport=_chosen(_setting(tree, "transport"), {"direct", "satellite"}),
        url=(url or None) if url is not UNKNOWN else UNKNOWN,
        privacy=_chosen(_setting(tree, "privacy"), {"none", "all", "hostname", "version"}),
        reservation_enable=_TRUTH.get(enable.casefold(), UNKNOWN) if enable is not UNKNOWN else UNKNOWN,
        debug=_chosen(_setting(tree, "debug"), {"error", "trace", "debug", "all"}),
    )


_PART = Maybe[tuple[str, ...]]


def _listed(tree: Tree, wanted: Callable[[tuple[str, ...]], int | None]) -> _PART:
    """Non-empty values in the order of their index.

    UNKNOWN where a line is damaged, an index stands there twice, or one between others is missing.
    """
    found: dict[int, str] = {}
    for leaf in tree.leaves:
        index = wanted(leaf.path)
        if index is not None and found.setdefault(index, leaf.value.strip()) != leaf.value.strip():
            return UNKNOWN
    numbers = sorted(found)
    if tree.damaged or numbers not in ([0], list(range(1, len(numbers) + 1))):
        return UNKNOWN
    return tuple(found[number] for number in numbers if found[number])


def _indexed(*names: str) -> Callable[[tuple[str, ...]], int | None]:
    """Matches ``… <name> <index> address``; the index may be missing (older releases) and is 0 then."""

    def wanted(path: tuple[str, ...]) -> int | None:
        if path[-1] != "address":
            return None
        rest = path[:-1]
        index = (
            int(rest[-1]) if rest and rest[-1].isascii() and rest[-1].isdigit() and len(rest[-1]) < 3 else 0
        )
        rest = rest[:-1] if index else rest
        return index if rest and rest[-1] in names else None

    return wanted


def read_peers(lines: Sequence[str]) -> tuple[_PART, Maybe[int]]:
    """Peer addresses in their order, and which one is the configuration primary (1 to 6).

    No peers are read only from peer lines that are empty, or from a cluster name that is.
    """
    tree = read_tree(lines)
    primary = _one(
        leaf.value.strip()
        for leaf in tree.leaves
        if leaf.key in {"configurationprimary", "configurationmaster"}
    )
    number = int(primary) if primary is not UNKNOWN and re.fullmatch("[1-6]", primary) else UNKNOWN
    peer = _indexed("peer")
    if any(peer(leaf.path) is not None for leaf in tree.leaves):
        return _listed(tree, peer), number
    alone = any("".join(leaf.path[-2:]).endswith("clustername") and not leaf.value for leaf in tree.leaves)
    return () if alone and not tree.damaged else UNKNOWN, number


def read_servers(lines: Sequence[str]) -> _PART:
    """DNS or NTP servers; per-domain servers are not among them. UNKNOWN where no server line is shown."""
    tree = read_tree(lines)
    shown = any(leaf.key == "address" for leaf in tree.leaves)
    return _listed(tree, _indexed("server", "ntp")) if shown else UNKNOWN


def read_hostname(lines: Sequence[str]) -> Maybe[str]:
    """The system host name of ``xConfiguration DNS`` or ``IP DNS``."""
    values = [
        leaf.value.strip()
        for leaf in read_tree(lines).leaves
        if leaf.key == "hostname" or leaf.path[-2:] in {("host", "name"), ("system", "name")}
    ]
    name = _one(values)
    return name if name is not UNKNOWN and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", name) else UNKNOWN


# --- alarms and option keys ----------------------------------------------------------------------------

_ALARM_ID = re.compile(r"[1-9]\d{4}")
_ALARM_IN_TEXT = re.compile(r"(?<![\w.:-])([1-9]\d{4})(?![\w.-]|:\d)")
_TEXT_KEYS = ("detail", "details", "text", "description", "title", "reason", "name")


def _records(tree: Tree) -> dict[tuple[str, ...], dict[str, str]]:
    """Sibling leaves by their owner, in the order printed."""
    records: dict[tuple[str, ...], dict[str, str]] = {}
    for leaf in tree.leaves:
        records.setdefault(leaf.owner, {}).setdefault(leaf.key, leaf.value.strip())
    return records


def _alarm(record: dict[str, str], alarm_id: str) -> Alarm:
    text = next((record[key] for key in _TEXT_KEYS if record.get(key)), "")
    return Alarm(alarm_id, text, record.get("severity", record.get("level", "")).casefold())


def read_alarms(lines: Sequence[str]) -> Maybe[tuple[Alarm, ...]]:
    """Alarms by any five-digit id, whatever the layout; those that are lowered again are left out."""
    tree = read_tree(lines)
    if tree.damaged:
        return UNKNOWN
    found: dict[str, Alarm] = {}
    for owner, record in _records(tree).items():
        name = owner[-1].split() if owner else []
        ids = [record.get(key, "") for key in ("id", "alarmid", "number")] + name[-1:]
        alarm_id = next((text for text in ids if _ALARM_ID.fullmatch(text)), None)
        if alarm_id and record.get("status", record.get("state", "")).casefold() not in {
            "lowered",
            "cleared",
        }:
            found.setdefault(alarm_id, _alarm(record, alarm_id))
    if not found and not any(leaf.key == "id" for leaf in tree.leaves):
        for line in lines:
            for alarm_id in _ALARM_IN_TEXT.findall(line):
                found.setdefault(alarm_id, Alarm(alarm_id, line.strip()))
    return tuple(found[alarm_id] for alarm_id in sorted(found))


def read_option_keys(lines: Sequence[str]) -> Maybe[tuple[OptionKey, ...]]:
    """Installed option keys with their descriptions, from ``Options`` or ``xConfiguration Option``."""
    tree = read_tree(lines)
    if tree.damaged:
        return UNKNOWN
    keys = [
        OptionKey(record["key"], record.get("description", ""))
        for record in _records(tree).values()
        if record.get("key")
    ]
    return tuple(dict.fromkeys(keys))
