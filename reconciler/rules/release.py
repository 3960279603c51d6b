"""Release numbers: ``X14.0.11`` as something that can be compared.

Belongs here: reading them and what is known of each train. Does not belong here: what follows from it
(versions).
"""

from __future__ import annotations

import re
from functools import lru_cache

from reconciler.model import UNKNOWN, NodeObserved

Release = tuple[int, int, int]

_FORM = re.compile(r"\s*[xX]?(\d+)\.(\d+)(?:\.(\d+))?(?![\d])")

FIRST_SMART: Release = (12, 6, 0)
SMART_ONLY: Release = (14, 1, 0)
FIRST_RESERVATION: Release = (14, 2, 0)

_KNOWN_TRAINS = {(12, 6), (12, 7), (14, 0), (14, 1), (14, 2), (14, 3)}
_KNOWN_MAJOR = 15


@lru_cache(maxsize=1024)
def parse(text: str) -> Release | None:
    """``X14.3.1 (Test SW)`` -> (14, 3, 1); a missing maintenance part is 0; None for anything else."""
    found = _FORM.match(text)
    if found is None:
        return None
    major, minor, maintenance = found.groups()
    return int(major), int(minor), int(maintenance or 0)


def release_of(node: NodeObserved | None) -> Release | None:
    """What a node says it runs; None where it does not say or it cannot be understood."""
    if node is None or node.software is UNKNOWN:
        return None
    return parse(node.software.version)


def known(release: Release) -> bool:
    """Whether this train is one that the sources describe; older than X12.6 is known to be too old."""
    return release < FIRST_SMART or release[:2] in _KNOWN_TRAINS or release[0] == _KNOWN_MAJOR


def has_new_root(release: Release) -> bool:
    """Whether the release trusts the root certificate that Cisco uses since January 2023 (CSCwe09378).

    By branch, not by order: X14.0.11 has the fix and X14.2.1 does not; no X14.1 release is named.
    """
    train = release[:2]
    if train == (14, 0):
        return release >= (14, 0, 11)
    if train == (14, 2):
        return release >= (14, 2, 5)
    return release >= (14, 3, 0)


def spoken(release: Release) -> str:
    """``X14.3.1``; the maintenance part is left out when it is 0, as Cisco does."""
    major, minor, maintenance = release
    return f"X{major}.{minor}" + (f".{maintenance}" if maintenance else "")
