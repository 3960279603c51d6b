"""A workspace folder -> `Loaded`: every file read, every complaint of the run together.

Belongs here: the order of the steps, and where an address is written. Does not belong here: reading one file
(sources), the shape of a file (documents), what holds by default (resolving), what must agree (checking).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from reconciler.config import checking, checking_workspace, resolving
from reconciler.config.complaining import document_complaints, yaml_complaints
from reconciler.config.documents import ClusterDoc, WorkspaceDoc
from reconciler.config.places import place_of
from reconciler.config.secret_documents import Document
from reconciler.config.sources import Source, read_file
from reconciler.errors import Complaint, ConfigError
from reconciler.model import Address, Desired

WORKSPACE_FILE = "xlicense.yaml"
CLUSTERS = "clusters"

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid workspace. ``files`` are the files that were read, absolute, in order."""

    desired: Desired
    warnings: tuple[Complaint, ...]
    files: tuple[Path, ...]
    sources: Mapping[str, Source] = field(repr=False, compare=False)

    def where(self, address: Address, field: str | None = None) -> tuple[str, int, int]:
        """Path, line and column of this address, or of the nearest thing around it that is written."""
        return place_of(self.desired, self.sources, address, field)


@dataclass(slots=True)
class Reading:
    """What the files of a workspace say, before anything is compared with anything."""

    sources: dict[str, Source] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    workspace: WorkspaceDoc | None = None
    clusters: list[tuple[Source, ClusterDoc]] = field(default_factory=list)


def load(root: Path) -> Loaded:
    """Read and check the workspace in this folder. Raises ConfigError with every complaint of the run."""
    with _collector_off():
        reading = read_workspace(root)
        desired, complaints = _resolve(root.absolute(), reading)
    complaints = reading.complaints + complaints
    if desired is None or any(item.level == "error" for item in complaints):
        raise ConfigError(complaints)
    files = tuple(root.absolute() / path for path in reading.sources)
    return Loaded(desired, tuple(sorted(complaints)), files, reading.sources)


def read_workspace(root: Path) -> Reading:
    """Every file of the workspace, each on its own. Raises ConfigError where there is no workspace."""
    if not (root / WORKSPACE_FILE).exists():
        what = f"there is no {WORKSPACE_FILE} in {root}" if root.is_dir() else f"there is no folder {root}"
        message = f"{what}; `xlicense init` makes a workspace"
        raise ConfigError([Complaint(WORKSPACE_FILE, 0, 0, message, "no-workspace")])
    reading = Reading()
    reading.workspace = _read(reading, root, WORKSPACE_FILE, WorkspaceDoc)
    for path in _cluster_files(reading, root):
        doc = _read(reading, root, path, ClusterDoc)
        if doc is not None:
            reading.clusters.append((reading.sources[path], doc))
    return reading


def _read(reading: Reading, root: Path, path: str, model: type[D]) -> D | None:
    source = read_file(root, path)
    if isinstance(source, Complaint):
        reading.complaints.append(source)
        return None
    reading.sources[path] = source
    doc, complaints = parse(source, model)
    reading.complaints += complaints
    return doc


def parse(source: Source, model: type[D]) -> tuple[D | None, list[Complaint]]:
    """The document, or what is wrong with it."""
    complaints = yaml_complaints(source)
    if source.data is None:
        return None, complaints
    try:
        doc = model.model_validate(source.data)
    except ValidationError as error:
        said = {(item.line, item.column) for item in complaints}
        more = document_complaints(source, error, model)
        return None, complaints + [item for item in more if (item.line, item.column) not in said]
    return (None if complaints else doc), complaints


def _cluster_files(reading: Reading, root: Path) -> list[str]:
    folder = root / CLUSTERS
    try:
        names = sorted(item.name for item in folder.iterdir())
    except FileNotFoundError:
        reading.complaints.append(_no_clusters(f"there is no folder {CLUSTERS}"))
        return []
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        reading.complaints.append(Complaint(CLUSTERS, 0, 0, message, "unreadable"))
        return []
    found = [name for name in names if name.endswith(".yaml") and not name.startswith(".")]
    reading.complaints += [_not_read(name) for name in names if name.endswith(".yml")]
    if not found:
        reading.complaints.append(_no_clusters(f"no cluster is written in {CLUSTERS}"))
    return [f"{CLUSTERS}/{name}" for name in found]


def _no_clusters(message: str) -> Complaint:
    return Complaint(CLUSTERS, 0, 0, message, "no-clusters", "warning")


def _not_read(name: str) -> Complaint:
    message = f"this file is not read; rename it to {name.removesuffix('.yml')}.yaml"
    return Complaint(f"{CLUSTERS}/{name}", 0, 0, message, "file-name", "warning")


def _resolve(root: Path, reading: Reading) -> tuple[Desired | None, list[Complaint]]:
    """Without a readable xlicense.yaml only what the cluster files say among themselves is checked."""
    doc = reading.workspace or WorkspaceDoc.model_validate({"version": "1", "workspace": "unread"})
    resolver = resolving.Resolver(root, doc)
    entries = [
        checking.Entry(source, cluster, resolver.cluster(cluster, source.path, source.keys["cluster"][0]))
        for source, cluster in reading.clusters
    ]
    complaints = list(checking.across(entries))
    if reading.workspace is None:
        return None, complaints
    known = resolving.entitlements(doc)
    source = reading.sources[WORKSPACE_FILE]
    complaints += checking_workspace.workspace_complaints(source, doc, known)
    complaints += checking_workspace.default_login(source, doc, entries)
    for entry in entries:
        complaints += checking.within(entry, doc, known)
    return _desired(root, doc, entries), complaints


def _desired(root: Path, doc: WorkspaceDoc, entries: list[checking.Entry]) -> Desired:
    return Desired(
        workspace=doc.workspace,
        root=str(root),
        accounts=tuple(resolving.account(root, name, doc.accounts[name]) for name in sorted(doc.accounts)),
        clusters=tuple(sorted((entry.desired for entry in entries), key=lambda item: item.address)),
        entitlements=resolving.entitlements(doc),
        policy=resolving.policy(doc.policy),
        journal=resolving.journal(root, doc.journal),
    )


@contextmanager
def _collector_off() -> Iterator[None]:
    """The cyclic collector makes loading super-linear: everything that is built here stays alive."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
