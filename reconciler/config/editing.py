"""Changing a workspace that people write by hand: one value at a time, comments kept, files replaced whole.

Belongs here: which key in which file. Does not belong here: how YAML is written (formatting).
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.config.documents import ClusterDoc
from reconciler.config.formatting import edit_text, write_mapping
from reconciler.config.loading import WORKSPACE_FILE, parse, read_workspace
from reconciler.config.sources import Source
from reconciler.errors import ConfigError, UsageError, XlicenseError
from reconciler.model import Address, State


def cluster_yaml(data: Mapping[str, Any], *, heading: str = "") -> str:
    """The text of a new cluster file, in the order of the reference, one node a line, serials quoted.

    ``data`` has the shape of a cluster file; keys that are None are left out. Raises ConfigError where it
    would not load.
    """
    ordered = {key: data[key] for key in ClusterDoc.model_fields if data.get(key) is not None}
    ordered |= {key: value for key, value in data.items() if key not in ClusterDoc.model_fields}
    text = write_mapping(ordered, inline=("nodes",), heading=heading)
    _, complaints = parse(Source(f"clusters/{data.get('cluster')}.yaml", text.encode()), ClusterDoc)
    if complaints:
        raise ConfigError(complaints)
    return text


def set_state(root: Path, address: Address, state: State) -> Path:
    """Write ``state:`` at this cluster or node. Returns the file. Raises UsageError for any other address."""
    for source, doc in read_workspace(root).clusters:
        if Address.of_cluster(doc.cluster) != address.parent:
            continue
        names = [node.name for node in doc.nodes]
        if address.kind == "node" and address.name not in names:
            break
        index = names.index(address.name) if address.kind == "node" else None
        return _rewrite(root, source, partial(_put_state, index=index, state=state))
    raise UsageError(f"there is no {address} in this workspace", remedy="xlicense show desired")


def _put_state(tree: Any, index: int | None, state: State) -> None:
    if index is not None:
        tree["nodes"][index]["state"] = state.value
    elif "state" in tree:
        tree["state"] = state.value
    else:
        tree.insert(list(tree).index("cluster") + 1, "state", state.value)


def add_recipient(root: Path, recipient: str) -> Path:
    """Add an age public key to ``journal.recipients``; one that is there already changes nothing."""
    source = read_workspace(root).sources.get(WORKSPACE_FILE)
    if source is None:
        raise XlicenseError(f"{WORKSPACE_FILE} cannot be read")
    return _rewrite(root, source, partial(_put_recipient, recipient=recipient))


def _put_recipient(tree: Any, recipient: str) -> None:
    journal = tree.setdefault("journal", {})
    known = journal.setdefault("recipients", [])
    if recipient not in known:
        known.append(recipient)


def remove_recipient(root: Path, recipient: str) -> Path:
    """Take an age public key out of ``journal.recipients``; one that is not there changes nothing."""
    source = read_workspace(root).sources.get(WORKSPACE_FILE)
    if source is None:
        raise XlicenseError(f"{WORKSPACE_FILE} cannot be read")
    return _rewrite(root, source, partial(_drop_recipient, recipient=recipient))


def _drop_recipient(tree: Any, recipient: str) -> None:
    known = tree.get("journal", {}).get("recipients", [])
    if recipient in known:
        known.remove(recipient)


def _rewrite(root: Path, source: Source, change: Callable[[Any], None]) -> Path:
    file = (root / source.path).resolve()
    text = edit_text(source.text, source.path, change)
    if text != source.text:
        replace_file(file, text)
    return root / source.path


def replace_file(file: Path, text: str) -> None:
    """All or nothing: a reader sees the old file or the new one. Raises XlicenseError."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            Path(name).chmod(mode)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise XlicenseError(f"{file} cannot be written: {error.strerror}") from None
