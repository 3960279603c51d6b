"""``hostkeys learn|check``: which SSH host keys are trusted, decided once, by a person.

Belongs here: comparing what hosts offer with known_hosts, asking, writing. Does not belong here: SSH.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.errors import Exit, ProviderError, UsageError, strongest
from reconciler.model import Desired, Jump, PlanOptions, SshAccess

from .compose import load_workspace
from .console import is_terminal
from .files import read_text, write_whole
from .hosts import logins
from .lazy import group
from .options import Common, common
from .redact import quiet_the_libraries
from .tables import columns

QUESTION = "Only 'yes' will be accepted to trust these keys."


@dataclass(frozen=True, slots=True)
class Place:
    """One SSH server, and the file that says which key it has."""

    host: str
    port: int
    known_hosts: str

    @property
    def written(self) -> bool:
        return Path(self.known_hosts).exists()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offered. ``state`` is known, unknown, changed or unreachable."""

    place: Place
    state: str
    algorithm: str = "-"
    fingerprint: str = "-"
    line: str = ""
    text: str = ""


@group("hostkeys", examples=["xlicense hostkeys learn e1.example.com", "xlicense hostkeys check"])
def hostkeys_command() -> None:
    """SSH host keys: a node whose key is not known, or has changed, is never logged in to."""


@hostkeys_command.command(
    "learn",
    examples=[
        "xlicense hostkeys learn                               # every node of the workspace",
        "xlicense hostkeys learn e1.example.com 192.0.2.7:22",
        "xlicense hostkeys learn --yes -l site=ams",
    ],
)
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("--yes", is_flag=True, help="Do not ask; compare the fingerprints elsewhere.")
@common("workspace", "scope", "remote", "input")
def learn_command(common: Common, hosts: tuple[str, ...], yes: bool) -> Exit:
    """Show the fingerprints that hosts offer, ask, and add the new ones to known_hosts.

    Compare them with what the node's own console shows. A key that differs from the known one is never
    replaced: remove its old line yourself, once you know why it changed. Exit 10 then.
    """
    offers = _offers(common, hosts)
    _print(common, offers)
    new = [offer for offer in offers if offer.state == "unknown"]
    if new and _trusted(common, yes):
        _write(common, new)
        offers = [offer for offer in offers if offer.state != "unknown"]
    return _exit(offers)


@hostkeys_command.command(
    "check", examples=["xlicense hostkeys check", "xlicense hostkeys check -l site=ams"]
)
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@common("workspace", "scope", "remote")
def check_command(common: Common, hosts: tuple[str, ...]) -> Exit:
    """Compare the keys that hosts offer now with known_hosts. Nothing is written.

    Exit 10 when one is unknown or has changed, 11 when a host could not be asked.
    """
    offers = _offers(common, hosts)
    _print(common, offers)
    return _exit(offers)


def _offers(common: Common, hosts: Sequence[str]) -> list[Offer]:
    quiet_the_libraries(common.verbosity)
    places = _named(common.root, hosts) if hosts else _of_workspace(common)
    if not places:
        raise UsageError("there is no node to ask", remedy="name hosts, or widen the scope")
    return asyncio.run(_ask_all(places, common.parallelism))


def _named(root: Path, hosts: Sequence[str]) -> list[Place]:
    return [_place(host.host, access) for host, access in logins(root, hosts)]


def _of_workspace(common: Common) -> list[Place]:
    """Jump hosts and the nodes that are reached directly; each server once."""
    desired = load_workspace(common).desired
    nodes = _chosen(common, desired)
    direct = [_place(host, access) for host, access in nodes if access.jump is None]
    jumps = [_jump(access.jump, access) for _, access in nodes if access.jump is not None]
    hidden = len(nodes) - len(direct)
    if hidden:
        common.console.note(f"{hidden} nodes are behind a jump host: run ssh-keyscan there.")
    return list(dict.fromkeys([*jumps, *direct]))


def _chosen(common: Common, desired: Desired) -> list[tuple[str, SshAccess]]:
    from reconciler.planning import in_scope

    wanted = in_scope(PlanOptions(common.targets, common.excludes, common.selector), desired)
    nodes = (node for cluster in desired.clusters for node in cluster.nodes)
    return [(node.host, node.ssh) for node in nodes if wanted(node.address)]


def _place(host: str, access: SshAccess) -> Place:
    return Place(host, access.port, access.known_hosts)


def _jump(jump: Jump, access: SshAccess) -> Place:
    return Place(jump.host, jump.port, access.known_hosts)


async def _ask_all(places: Iterable[Place], parallelism: int) -> list[Offer]:
    slots = asyncio.Semaphore(parallelism)

    async def one(place: Place) -> Offer:
        async with slots:
            return await _ask(place)

    return list(await asyncio.gather(*(one(place) for place in places)))


async def _ask(place: Place) -> Offer:
    from providers.expressway import check_host_key, fetch_host_key

    try:
        key = await fetch_host_key(place.host, place.port)
    except ProviderError as error:
        return Offer(place, "unreachable", text=error.message)
    state = check_host_key(place.known_hosts, place.host, place.port, key) if place.written else "unknown"
    return Offer(place, state, key.algorithm, key.fingerprint, key.line)


def _print(common: Common, offers: Sequence[Offer]) -> None:
    rows = (
        (
            f"{offer.place.host}:{offer.place.port}",
            offer.state,
            offer.algorithm,
            offer.text or offer.fingerprint,
        )
        for offer in offers
    )
    common.console.result(columns(("HOST", "KEY IS", "TYPE", "FINGERPRINT"), rows, ""))
    for offer in offers:
        if offer.state == "changed":
            common.console.say(
                f"Warning: {offer.place.host} offers another key than {offer.place.known_hosts} names. "
                "Either the node was reinstalled, or somebody stands in between. Find out which."
            )


def _trusted(common: Common, yes: bool) -> bool:
    if yes:
        return True
    if common.no_input or not is_terminal(sys.stdin):
        raise UsageError("learning a key asks first", remedy="--yes, once you have compared fingerprints")
    common.console.say(QUESTION)
    sys.stderr.write("  Enter a value: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _write(common: Common, offers: Sequence[Offer]) -> None:
    for known_hosts in dict.fromkeys(offer.place.known_hosts for offer in offers):
        path = Path(known_hosts)
        before = read_text(path, "known_hosts") if path.exists() else ""
        if before and not before.endswith("\n"):
            before += "\n"
        lines = [offer.line for offer in offers if offer.place.known_hosts == known_hosts]
        write_whole(path, before + "".join(f"{line}\n" for line in lines))
        common.console.note(f"{len(lines)} added to {path}")


def _exit(offers: Iterable[Offer]) -> Exit:
    states = {offer.state for offer in offers}
    codes = {Exit.TRUST} if states & {"unknown", "changed"} else set()
    return strongest(codes | ({Exit.UNREAD} if "unreachable" in states else set()))
