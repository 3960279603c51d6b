"""``hostkeys learn|check``: which SSH host keys are trusted, decided once, by a person.

Belongs here: comparing what hosts offer with known_hosts, asking, writing. Does not belong here: SSH.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, ProviderError, Untrusted, UsageError, strongest
from reconciler.model import Address, Desired, NodeDesired, PlanOptions, SshAccess

from .compose import load_workspace
from .console import is_terminal
from .files import read_text, write_whole
from .hosts import logins
from .lazy import group
from .libraries import quiet_the_libraries
from .options import Common, common
from .remembered import RememberedSecrets

if TYPE_CHECKING:
    from providers.expressway import ExpresswayProvider

QUESTION = "Only 'yes' will be accepted to trust these keys."


@dataclass(frozen=True, slots=True)
class Place:
    """One SSH server, the way to it, and the file that says which key it has.

    The way holds the login of a jump host and never one of the server itself: nobody logs in there.
    """

    host: str
    way: SshAccess

    @classmethod
    def of(cls, host: str, access: SshAccess) -> Place:
        return cls(host, replace(access, username="", password=None, key=None))

    @property
    def written(self) -> bool:
        return Path(self.way.known_hosts).exists()

    @property
    def jump(self) -> Place | None:
        """The jump host, as a place of its own."""
        jump = self.way.jump
        return Place.of(jump.host, replace(self.way, port=jump.port, jump=None)) if jump else None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offered. ``state`` is known, unknown, changed, unreachable, or untrusted for a server
    whose jump host is not let through."""

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
    replaced: remove its old line yourself, once you know why it changed. Exit 10 then. Nodes behind a jump
    host are asked through it, once its own key is known.
    """
    left: list[Offer] = []
    for places in _rounds(common, hosts):
        offers = _offers(common, places)
        _print(common, offers)
        new = [offer for offer in offers if offer.state == "unknown"]
        if new and _trusted(common, yes):
            _write(common, new)
            offers = [offer for offer in offers if offer.state != "unknown"]
        left += offers
    return _exit(left)


@hostkeys_command.command(
    "check", examples=["xlicense hostkeys check", "xlicense hostkeys check -l site=ams"]
)
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@common("workspace", "scope", "remote")
def check_command(common: Common, hosts: tuple[str, ...]) -> Exit:
    """Compare the keys that hosts offer now with known_hosts. Nothing is written.

    Exit 10 when one is unknown or has changed, 11 when a host could not be asked.
    """
    offers = [offer for places in _rounds(common, hosts) for offer in _offers(common, places)]
    _print(common, offers)
    return _exit(offers)


def _rounds(common: Common, hosts: Sequence[str]) -> list[list[Place]]:
    """Jump hosts and what is reached directly, then what is behind jump hosts; each server once."""
    quiet_the_libraries(common.verbosity)
    places = [Place.of(host, access) for host, access in _named(common, hosts)]
    if not places:
        raise UsageError("there is no node to ask", remedy="name hosts, or widen the scope")
    first = [place.jump or place for place in places]
    behind = [place for place in places if place.jump]
    return [list(dict.fromkeys(part)) for part in (first, behind) if part]


def _named(common: Common, hosts: Sequence[str]) -> list[tuple[str, SshAccess]]:
    if hosts:
        return [(host.host, access) for host, access in logins(common.root, hosts)]
    return _chosen(common, load_workspace(common).desired)


def _chosen(common: Common, desired: Desired) -> list[tuple[str, SshAccess]]:
    from reconciler.planning import in_scope

    wanted = in_scope(PlanOptions(common.targets, common.excludes, common.selector), desired)
    nodes = (node for cluster in desired.clusters for node in cluster.nodes)
    return [(node.host, node.ssh) for node in nodes if wanted(node.address)]


def _offers(common: Common, places: Sequence[Place]) -> list[Offer]:
    return asyncio.run(_ask_all(common, places))


async def _ask_all(common: Common, places: Sequence[Place]) -> list[Offer]:
    from providers.expressway import ExpresswayProvider
    from reconciler.config import SecretResolver
    from reconciler.execution import SystemClock

    asked = {Address.of_node("hostkeys", f"host-{number}"): place for number, place in enumerate(places)}
    nodes = {
        address: NodeDesired(address, place.host, place.host, place.way) for address, place in asked.items()
    }
    secrets = RememberedSecrets(SecretResolver(common.root, nodes))
    provider = ExpresswayProvider(nodes, secrets, SystemClock(), read_only=True)
    slots = asyncio.Semaphore(common.parallelism)

    async def one(address: Address, place: Place) -> Offer:
        async with slots:
            return await _ask(provider, address, place)

    try:
        return list(await asyncio.gather(*(one(address, place) for address, place in asked.items())))
    finally:
        await provider.close()


async def _ask(provider: ExpresswayProvider, address: Address, place: Place) -> Offer:
    from providers.expressway import check_host_key

    try:
        key = await provider.host_key(address)
    except Untrusted as error:
        return Offer(place, "untrusted", text=error.message)
    except ProviderError as error:
        return Offer(place, "unreachable", text=error.message)
    way = place.way
    state = check_host_key(way.known_hosts, place.host, way.port, key) if place.written else "unknown"
    return Offer(place, state, key.algorithm, key.fingerprint, key.line)


def _print(common: Common, offers: Sequence[Offer]) -> None:
    from reconciler.reporting import list_text

    rows = (
        (
            f"{offer.place.host}:{offer.place.way.port}",
            offer.state,
            offer.algorithm,
            offer.text or offer.fingerprint,
        )
        for offer in offers
    )
    console = common.console
    header = ("host", "key is", "type", "fingerprint")
    console.result(list_text(header, rows, nothing="", width=console.width, color=console.colour))
    for offer in offers:
        if offer.state == "changed":
            common.console.say(
                f"Warning: {offer.place.host} offers another key than {offer.place.way.known_hosts} names. "
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
    for known_hosts in dict.fromkeys(offer.place.way.known_hosts for offer in offers):
        path = Path(known_hosts)
        before = read_text(path, "known_hosts") if path.exists() else ""
        if before and not before.endswith("\n"):
            before += "\n"
        lines = [offer.line for offer in offers if offer.place.way.known_hosts == known_hosts]
        write_whole(path, before + "".join(f"{line}\n" for line in lines))
        common.console.note(f"{len(lines)} added to {path}")


def _exit(offers: Iterable[Offer]) -> Exit:
    states = {offer.state for offer in offers}
    codes = {Exit.TRUST} if states & {"unknown", "changed", "untrusted"} else set()
    return strongest(codes | ({Exit.UNREAD} if "unreachable" in states else set()))
