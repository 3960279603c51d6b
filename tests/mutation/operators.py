"""Every small change that a source allows. Pure: text in, texts out; nothing is run here.

A mutant is one change at one node of the syntax tree. It is named by the file, the function it is in and
what stood there and stands there now, so that its name outlives the lines above it.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "partition": "rpartition",
    "rpartition": "partition",
    "append": "count",
    "match": "search",
    "fullmatch": "match",
}
_TIDYING = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "casefold"})
_READING = frozenset(
    {"compile", "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition"}
    | {"split", "rsplit", "find", "index", "replace", "get", "match", "search", "fullmatch", "pop", "sub"}
)
_WORDING = frozenset({"text", "reason", "hint", "title", "message", "detail", "advice", "because", "help"})
_LOGS = frozenset({"_log", "log", "_logger", "logger", "logging", "warnings"})
_CITED = re.compile(r"[SA]\d{1,3}")
"""Rows of the rule book, named for people; a test of the documents keeps them right."""

_SHOWN = 70


@dataclass(frozen=True)
class Mutant:
    """``lines``: where the changed statement begins and ends; empty where it runs when the module is read."""

    path: str
    scope: str
    change: str
    lines: tuple[int, ...]
    line: int
    number: int

    @property
    def name(self) -> tuple[str, str, str]:
        return self.path, self.scope, self.change


@dataclass(frozen=True)
class _Place:
    """A node by the way to it from the module: fields and positions, which a copy of the tree shares."""

    way: tuple[tuple[str, int | None], ...]
    scope: tuple[str, ...]
    statement: ast.stmt
    called: bool


@dataclass(frozen=True)
class _Change:
    place: _Place
    old: ast.AST
    new: ast.AST


def mutants(path: str, source: str) -> tuple[Mutant, ...]:
    """All of a file, in the order of its text."""
    return tuple(
        Mutant(
            path=path,
            scope=".".join(change.place.scope),
            change=f"{_worded(change.old)} → {_worded(change.new)}",
            lines=_header(change.place.statement) if change.place.called else (),
            line=getattr(change.old, "lineno", change.place.statement.lineno),
            number=number,
        )
        for number, change in enumerate(_changes(ast.parse(source)))
    )


def mutated(source: str, number: int) -> str:
    """The source with its change of that number made. Comments are gone, and with them the old lines."""
    tree = ast.parse(source)
    change = next(found for at, found in enumerate(_changes(tree)) if at == number)
    tree = copy.deepcopy(tree)
    _put(tree, change.place.way, change.new)
    return ast.unparse(ast.fix_missing_locations(tree))


def _put(tree: ast.AST, way: tuple[tuple[str, int | None], ...], new: ast.AST) -> None:
    *before, (field, at) = way
    node = tree
    for step, position in before:
        node = getattr(node, step) if position is None else getattr(node, step)[position]
    if at is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[at] = new


def _worded(node: ast.AST) -> str:
    words = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return (words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…").replace("|", "¦")


def _header(statement: ast.stmt) -> tuple[int, ...]:
    """The lines of a statement without those of the statements inside it."""
    last = statement.end_lineno or statement.lineno
    inner = [
        each.lineno for field in ("body", "orelse", "finalbody") for each in getattr(statement, field, ())
    ]
    inner += [handler.lineno for handler in getattr(statement, "handlers", ())]
    return tuple(range(statement.lineno, max(statement.lineno, min([last, *(at - 1 for at in inner)])) + 1))


def _changes(tree: ast.Module) -> Iterator[_Change]:
    for number, statement in enumerate(tree.body):
        yield from _visit(statement, _Place((("body", number),), (), statement, called=False), tree)


def _visit(node: ast.AST, place: _Place, parent: ast.AST) -> Iterator[_Change]:
    if _left_out(node):
        return
    for new in _instead(node, parent, place.way[-1][0]):
        yield _Change(place, node, new)
    for field, child, at in _children(node):
        yield from _visit(child, _inside(place, node, field, child, at), node)


def _inside(place: _Place, node: ast.AST, field: str, child: ast.AST, at: int | None) -> _Place:
    scope, called = place.scope, place.called
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = (*scope, node.name) if field == "body" else scope
        called = called or (field == "body" and not isinstance(node, ast.ClassDef))
    statement = child if isinstance(child, ast.stmt) else place.statement
    if not scope and isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        scope = (ast.unparse(target),)
    return _Place((*place.way, (field, at)), scope, statement, called)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST, int | None]]:
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_params", "bases", "op", "ops", "ctx"}:
            continue
        if isinstance(value, ast.AST):
            yield field, value, None
        elif isinstance(value, list):
            yield from ((field, each, at) for at, each in enumerate(value) if isinstance(each, ast.AST))


def _left_out(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Raise(exc=None) | ast.Assert():
            return True
        case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal() | ast.pattern():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")]):
            return True
        case ast.FunctionDef(name="__repr__" | "__str__"):
            return True
        case ast.ClassDef(bases=bases):
            return any("Protocol" in ast.unparse(base) for base in bases)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in _LOGS:
            return True
        case ast.Call(func=ast.Attribute(attr="kill" | "killpg")):
            return True
        case ast.Call(func=ast.Attribute(attr="fsync") | ast.Name(id="sync_folder")):
            return True  # shows only after a power cut; K1 makes those, and takes too long to judge here
        case ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.Call(func=ast.Name(id="cast" | "TypeVar" | "isinstance" | "assert_never")):
            return True
        case ast.Expr(value=value):
            return _left_out(value)
    return False


def _instead(node: ast.AST, parent: ast.AST, field: str) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                for other in _COMPARED[type(operator)]:
                    yield _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])
        case ast.BoolOp(values=values):
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=operator) if type(operator) in _COUNTED and not _is_type(node):
            yield _with(node, op=_COUNTED[type(operator)]())
        case ast.AugAssign(op=operator):
            if type(operator) in _COUNTED:
                yield _with(node, op=_COUNTED[type(operator)]())
            yield ast.Pass()
        case ast.Constant():
            yield from _other_constants(node, parent, field)
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Raise() | ast.Delete() | ast.Expr():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Slice():
            if node.lower is not None:
                yield _with(node, lower=None)
            if node.upper is not None:
                yield _with(node, upper=None)
        case ast.Call():
            yield from _other_calls(node)
    if field in {"test", "ifs"} and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node)  # type: ignore[arg-type]


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    match node.func:
        case ast.Name(id=name) if name in _CALLED:
            if name != "sorted" or len(node.args) == 1:
                kept = [] if name == "sorted" else node.keywords
                yield _with(node, func=ast.Name(_CALLED[name], ast.Load()), keywords=kept)
        case ast.Attribute(value=value, attr=name):
            if name in _CALLED:
                yield _with(node, func=ast.Attribute(value, _CALLED[name], ast.Load()))
            if name in _TIDYING and not isinstance(value, ast.Constant):
                yield value
            if name == "get" and len(node.args) == 2 and not _is_nothing(node.args[1]):
                yield _with(node, args=node.args[:1])


def _other_constants(node: ast.Constant, parent: ast.AST, field: str) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str() if node.value and not _is_wording(node, parent, field):
            yield ast.Constant(f"XX{node.value}")


def _is_wording(node: ast.Constant, parent: ast.AST, field: str) -> bool:
    """Whether people read this string and nothing else does."""
    match parent:
        case ast.Compare():
            return False
        case ast.Call(func=ast.Attribute(attr=name)) if name in _READING:
            return False
        case ast.Dict() if field == "keys":
            return False
        case ast.keyword(arg=name) if name in _WORDING:
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) if name in _WORDING:
            return True
        case ast.Call(func=ast.Name(id=name)) if name.endswith(("Error", "Exception")):
            return True
    return bool(_CITED.fullmatch(node.value)) or any(character.isspace() for character in node.value)


def _is_type(node: ast.BinOp) -> bool:
    """``int | None`` where a value may stand."""
    sides = (node.left, node.right)
    return isinstance(node.op, ast.BitOr) and any(
        _is_none(side) or (isinstance(side, ast.Name) and side.id[:1].isupper()) for side in sides
    )


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_nothing(node: ast.AST) -> bool:
    """None, and False, which is read as None is."""
    return _is_none(node) or (isinstance(node, ast.Constant) and node.value is False)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made
