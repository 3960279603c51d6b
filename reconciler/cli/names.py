"""Clusters and nodes as people type them: ``ams-edge``, ``ams-edge/e1`` or a whole address."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from reconciler.errors import UsageError
from reconciler.model import Address, Desired


def cluster_or_node(desired: Desired, text: str) -> Address:
    """The address of a cluster or node of this workspace. Raises UsageError with a guess."""
    known = {short(address): address for address in _addresses(desired)}
    wanted = text.removeprefix("cluster/").replace("/node/", "/")
    if wanted in known:
        return known[wanted]
    close = get_close_matches(wanted, known, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise UsageError(f"this workspace has no cluster or node {text!r}.{guess}")


def short(address: Address) -> str:
    """``ams-edge`` or ``ams-edge/e1``."""
    return address.removeprefix("cluster/").replace("/node/", "/")


def _addresses(desired: Desired) -> Iterable[Address]:
    for cluster in desired.clusters:
        yield cluster.address
        yield from (node.address for node in cluster.nodes)
