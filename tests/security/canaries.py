"""Secrets that a lab is given, or gives, and that must be nowhere afterwards.

Belongs here: planting them, and naming them for the scanner. Does not belong here: what is run and scanned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from providers.lab import Lab
from providers.lab.world import World

from .scanner import Canary

PASSWORD = 'Pä55"w/rd <canary>&7Qx#'
CLIENT_SECRET = "s3cret/+&=canary%4Lz,T0p"


def plant(world: World, *, clients: bool = True) -> None:
    """Give every node, and every client of a manager, a secret that can be told from any other text."""
    for node in world.nodes.values():
        node.password = PASSWORD
        node.dialect = replace(node.dialect, request_code="compact")
    for manager in world.managers.values() if clients else ():
        for client in manager.clients:
            client.client_secret = CLIENT_SECRET


def bearers_of(lab: Lab) -> set[str]:
    """Those that are valid now; a run with an expired bearer takes it out."""
    return {bearer for one in lab.managers.values() for bearer in one.bearers}


def codes_of(lab: Lab) -> Iterator[Canary]:
    for number, given in enumerate(lab.ledger.codes()):
        text = given.value
        yield Canary(f"{given.kind}#{number}", text, opaque=given.kind in {"token", "return"})
        if "<signature>" in text:
            yield Canary(f"authorization#{number} sign", text.split("<signature>")[1].split("<")[0])


def identity_in(path: Path) -> list[Canary]:
    if not path.exists():
        return []
    return [Canary("identity", line) for line in path.read_text().splitlines() if line.startswith("AGE-")]


def canaries_of(lab: Lab, bearers: set[str], identity: Path) -> list[Canary]:
    """All of a lab in which they were planted."""
    return [
        Canary("password", PASSWORD),
        Canary("client secret", CLIENT_SECRET),
        *(Canary(f"bearer#{number}", value) for number, value in enumerate(sorted(bearers))),
        *codes_of(lab),
        *identity_in(identity),
    ]
