"""Writing YAML: format, edit, generate; comments kept. The one home of ruamel.

Belongs here: everything that turns data into YAML text. Does not belong here: what may be written (documents)
and reading for its meaning (events). ruamel is told that every scalar is a text, as the loader sees it:
otherwise ``52E01234`` would come back as infinity and ``0E123456`` as nought.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, ScalarString
from ruamel.yaml.tag import Tag

from reconciler.config import events
from reconciler.config.complaining import yaml_complaints
from reconciler.config.sources import Source
from reconciler.errors import Complaint, ConfigError

QUOTED_KEYS = frozenset({"serial", "replaces"})
_NO_WRAP = 1_000_000
_ROUNDS = 4
_TEXT = Tag(suffix="tag:yaml.org,2002:str")
_NEEDS_QUOTES = frozenset({"", "~", "null", "Null", "NULL"})


class _TextResolver(VersionedResolver):
    """Every scalar that is not quoted is a text too."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return _TEXT
        return super().resolve(kind, value, implicit)


def _writer() -> YAML:
    yaml = YAML()
    yaml.Resolver = _TextResolver
    yaml.preserve_quotes = True
    yaml.width = _NO_WRAP
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def format_text(text: str, path: str) -> str:
    """The text in the one form: same tree, same comments, serials in double quotes; formatting it again
    changes nothing. Raises ConfigError where it is not YAML, or cannot be formatted without loss."""
    text = _line_ends(text)
    before = _tree(text, path)
    for _ in range(_ROUNDS):
        once = _round_trip(text, path, _quote_serials)
        if once == text:
            break
        text, lost = once, _comments(once) != _comments(text)
        if lost or _tree(once, path) != before:
            raise _cannot_format(path)
    else:
        raise _cannot_format(path)
    return text


def edit_text(text: str, path: str, change: Callable[[CommentedMap], None]) -> str:
    """The text after ``change`` was made to its mapping; comments kept. Raises ConfigError as above."""
    text = _line_ends(text)
    _tree(text, path)
    changed = _round_trip(text, path, change)
    if not set(_comments(text)) <= set(_comments(changed)):
        raise _cannot_format(path)
    _tree(changed, path)
    return changed


def write_mapping(data: Mapping[str, Any], *, inline: Sequence[str] = (), heading: str = "") -> str:
    """New YAML text. Items of the lists named ``inline`` take one line each; serials are quoted."""
    tree = _commented(data, inline)
    if heading:
        tree.yaml_set_start_comment(heading)
    _quote_serials(tree)
    return _dump(_writer(), tree)


def read_tree(text: str) -> Any:
    """The plain data as ruamel sees it; a test holds it against `events.read`."""
    return _plain(_writer().load(text))


def _line_ends(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _tree(text: str, path: str) -> Any:
    source = Source(path, text.encode("utf-8", errors="surrogatepass"))
    if source.data is None or source.remarks:
        raise ConfigError(yaml_complaints(source))
    return source.data


def _round_trip(text: str, path: str, change: Callable[[Any], None]) -> str:
    yaml = _writer()
    yaml.explicit_start = re.search(r"^---", text, re.MULTILINE) is not None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            tree = yaml.load(text)
        change(tree)
        return _dump(yaml, tree)
    except YAMLError:
        raise _cannot_format(path) from None


def _dump(yaml: YAML, tree: Any) -> str:
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue().rstrip("\n") + "\n"


def _cannot_format(path: str) -> ConfigError:
    message = "this cannot be rewritten without losing a comment or a value; change it by hand"
    return ConfigError([Complaint(path, 0, 0, message, "cannot-rewrite")])


def _comments(text: str) -> list[str]:
    """Every comment, and every text that looks like one: the same before and after."""
    return sorted(found.strip() for found in re.findall(r"(?:^|(?<=\s))#.*$", text, re.MULTILINE))


def _quote_serials(tree: Any) -> None:
    """In place, everywhere; the stack is explicit because a file may be deep."""
    todo = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, CommentedMap):
            for key, value in item.items():
                if key in QUOTED_KEYS and isinstance(value, str):
                    item[key] = _double_quoted(value)
            todo += item.values()
        elif isinstance(item, CommentedSeq):
            todo += item


def _double_quoted(value: str) -> str:
    """A text with an anchor stays as it is: it may belong to another key."""
    if isinstance(value, ScalarString) and value.yaml_anchor() is not None:
        return value
    quoted: str = DoubleQuotedScalarString(value)
    return quoted


def _commented(value: Any, inline: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        tree = CommentedMap()
        for key, item in value.items():
            tree[key] = _commented(item, inline)
            if key in inline:
                for row in tree[key]:
                    row.fa.set_flow_style()
            elif isinstance(item, Mapping) and not any(_is_nested(part) for part in item.values()):
                tree[key].fa.set_flow_style()
        return tree
    if isinstance(value, list | tuple):
        return CommentedSeq(_commented(item, inline) for item in value)
    return _scalar(value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _scalar(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return DoubleQuotedScalarString(text) if text in _NEEDS_QUOTES else text


def _plain(value: Any) -> events.Tree:
    if isinstance(value, CommentedMap):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(item) for item in value]
    return str(value)
