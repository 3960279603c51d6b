"""Where an address, and a field of it, is written. For the findings of the rule book.

Fields are the keys of the YAML (``registration.export_controlled``), or the words that changes and findings
use for them (``url``). What is not written at the node is looked for at its cluster, then in the defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.config.events import YamlPath
from reconciler.config.sources import Source
from reconciler.model import Address, Desired

_WORDS: Mapping[str, YamlPath] = {
    "export_controlled": ("registration", "export_controlled"),
    "expires_after_days": ("registration", "token", "expires_after_days"),
    "mode": ("registration", "mode"),
    "proxy": ("transport", "host"),
    "url": ("transport", "mode"),
    "virtual_account": ("account",),
}


def place_of(
    desired: Desired, sources: Mapping[str, Source], address: Address, field: str | None
) -> tuple[str, int, int]:
    """Path, line, column. The nearest thing around it that is written; line 1 where nothing is."""
    keys = _keys(address, field)
    candidates = [(path, spot) for path, spot in _homes(desired, address) if path in sources]
    for path, home in candidates:
        for end in range(len(keys), 0, -1):
            if (*home, *keys[:end]) in sources[path].spots:
                return (path, *sources[path].value_at((*home, *keys[:end])))
    path, home = candidates[0]
    return (path, *sources[path].value_at(home))


def _keys(address: Address, field: str | None) -> YamlPath:
    if field is None:
        return ()
    if address.kind in {"cluster", "node"} and field in _WORDS:
        return _WORDS[field]
    return tuple(field.split("."))


def _homes(desired: Desired, address: Address) -> Iterator[tuple[str, YamlPath]]:
    """The places that speak for this address, nearest first."""
    if address.kind in {"cluster", "node"}:
        yield from _cluster_homes(desired, address)
        yield "xlicense.yaml", ("defaults",)
    elif address.kind in {"account", "instance"}:
        yield "xlicense.yaml", ("accounts", address.parent.name)
    yield "xlicense.yaml", ()


def _cluster_homes(desired: Desired, address: Address) -> Iterator[tuple[str, YamlPath]]:
    cluster = next((item for item in desired.clusters if item.address == address.parent), None)
    if cluster is None:
        return
    for index, node in enumerate(cluster.nodes):
        if node.address == address:
            yield cluster.path, ("nodes", index)
    yield cluster.path, ("cluster",)
    yield cluster.path, ()
