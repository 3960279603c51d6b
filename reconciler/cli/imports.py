"""``import``: log in to hosts, look, and write the YAML that describes what is there.

Belongs here: hosts to readings to files. Does not belong here: what a reading means as YAML (`imported`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, UsageError, strongest
from reconciler.model import Address, NodeDesired, NodeObserved, Observation, Role

from .compose import load_workspace
from .files import write_whole
from .hosts import Host, logins
from .imported import Answers, Found, clusters
from .lazy import command
from .libraries import quiet_the_libraries
from .observe import exit_of
from .options import Common, common
from .progress import reporter
from .remembered import RememberedSecrets

if TYPE_CHECKING:
    from reconciler.config import Loaded


@command(
    "import",
    examples=[
        "xlicense import e1.example.com e2.example.com",
        "xlicense import 192.0.2.11 --cluster ams-core --account emea --role core",
        "xlicense import e1.example.com --dry-run        # print the YAML instead",
    ],
)
@click.argument("hosts", nargs=-1, required=True, metavar="HOST...")
@click.option("--cluster", metavar="NAME", help="The cluster's name; by default from the host names.")
@click.option("--account", metavar="NAME", help="Its account; by default from the virtual account it uses.")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]),
    help="core or edge; by default from option keys, host names or defaults.role.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the YAML on stdout; write nothing.")
@common("workspace", "remote")
def import_command(
    common: Common,
    hosts: tuple[str, ...],
    cluster: str | None,
    account: str | None,
    role: str | None,
    dry_run: bool,
) -> Exit:
    """Log in to hosts with the workspace's default login, look, and write a file for each cluster.

    Nodes are grouped by the peers that they name. Licensing that works today is written as it is, so that a
    converged cluster plans to no changes. Existing files (clusters/NAME.yaml) are never overwritten.
    """
    from reconciler.config import cluster_yaml

    loaded = load_workspace(common)
    found, observation = _look(common, _new(loaded, hosts))
    if found:
        answers = Answers(loaded.desired, cluster, account, Role(role) if role else None)
        for name, data, notes in clusters(found, answers):
            for note in notes:
                common.console.note(f"{name}: {note}")
            _put(common, name, cluster_yaml(data), dry_run)
    for reading in observation.nodes:
        for problem in reading.problems:
            common.console.say(f"{reading.address.name}: {problem.message}")
    return strongest((exit_of(observation),))


def _new(loaded: Loaded, hosts: Sequence[str]) -> list[tuple[Host, NodeDesired]]:
    """The hosts as nodes made up on the spot. Raises UsageError for one that the workspace has already."""
    known = {
        (node.host, node.ssh.port): node.address
        for cluster in loaded.desired.clusters
        for node in cluster.nodes
    }
    made = []
    for number, (host, access) in enumerate(logins(Path(loaded.desired.root), hosts), start=1):
        if (host.host, access.port) in known:
            raise UsageError(f"{host} is in the workspace already: {known[host.host, access.port]}")
        address = Address.of_node("import", f"host-{number}")
        made.append((host, NodeDesired(address, address.name, host.host, access)))
    return made


def _look(common: Common, made: Sequence[tuple[Host, NodeDesired]]) -> tuple[list[Found], Observation]:
    nodes = {node.address: node for _, node in made}
    readings = asyncio.run(_read(common, nodes))
    by_address = {reading.address: reading for reading in readings}
    found = [
        Found(host, by_address[node.address]) for host, node in made if not _lost(by_address[node.address])
    ]
    return found, Observation(readings[0].at, tuple(readings))


def _lost(reading: NodeObserved) -> bool:
    return any(problem.part == "all" for problem in reading.problems)


async def _read(common: Common, nodes: Mapping[Address, NodeDesired]) -> list[NodeObserved]:
    from providers.expressway import ExpresswayProvider
    from reconciler.config import SecretResolver
    from reconciler.execution import SystemClock

    quiet_the_libraries(common.verbosity)
    secrets = RememberedSecrets(SecretResolver(common.root, nodes))
    provider = ExpresswayProvider(nodes, secrets, SystemClock(), read_only=True)
    slots = asyncio.Semaphore(common.parallelism)
    with reporter(common.console) as story:

        async def one(address: Address) -> NodeObserved:
            async with slots:
                reading = await provider.observe(address)
            story.observed(address, not reading.problems)
            return reading

        story.observing(len(nodes))
        try:
            return list(await asyncio.gather(*(one(address) for address in nodes)))
        finally:
            await provider.close()


def _put(common: Common, name: str, text: str, dry_run: bool) -> None:
    if dry_run:
        common.console.result(text)
        return
    path = Path("clusters", f"{name}.yaml")
    if path.exists():
        raise UsageError(f"{path} exists, and is not overwritten", remedy="--cluster NAME")
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text)
    common.console.result(str(path))
    common.console.note(f"Next: {common.again('plan', '--target', f'cluster/{name}')}")
