"""Simulated Expressways, CSSM and On-Prem servers: real SSH and HTTPS over one in-memory truth.

Part of the product, for anyone to try it on and for its tests. Written from documents, with no code shared
with the providers that talk to it. ``Lab`` runs it inside a program, ``xlicense lab up`` as a process.
Needs the extra ``lab`` (aiohttp, trustme).

::

    nouns, reserved, dialect         what there is, and the forms that documents leave open
    world, agent, manager, by_hand   what happens: the truth, a node's agent, a manager, an admin
    reservation, slr, codes          a reservation on a node and in CSSM, and the codes between them
    shell, texts/                    a node's command line, and what it prints
    surfaces, slr_calls, calls, views   a manager's API, and its JSON
    door, expressway, cssm, faults, ledger   real servers, what goes wrong, what was asked
    snapshots, reservation_by_hand, portal   a virtual machine, and people at nodes and at the portal
    books                            an audit: every licence accounted for, every code's use counted
    worldfile, world_nodes, start_states   a world from YAML
    lab, process, control            the servers together, the process
"""

from .clock import LabClock
from .lab import Lab
from .reading import WorldFileError
from .world import Settings, World
from .worldfile import build_world, load_world

__all__ = ["Lab", "LabClock", "Settings", "World", "WorldFileError", "build_world", "load_world"]
