"""The code that a piece of code reaches, without what decides nothing: comments, docstrings, layout.

From a module or a name in it, the definitions it uses are followed through this project's packages,
name by name: who imports one constant of a module does not depend on the rest of it.

A definition's text is its syntax tree without docstrings, annotations of functions and empty fields, so
that neither a formatter nor another version of Python changes it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

_OURS = frozenset({"events", "projections"})
_DECIDES_NOTHING = frozenset(
    {
        *((ast.Constant, "kind"), (ast.arg, "annotation"), (ast.arg, "type_comment")),
        *((kind, "returns") for kind in (ast.FunctionDef, ast.AsyncFunctionDef)),
    }
)

Place = tuple[str, str | None]
"""A module, and a name bound at its top; None means all of it."""


def source_of(module: str) -> str:
    """A module's source.

    Raises:
        OSError, TypeError: it has none.
    """
    return inspect.getsource(import_module(module))


@dataclass(slots=True)
class _Module:
    """A module's statements by the names they bind; what binds none belongs to every name."""

    bound: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, Place] = field(default_factory=dict)
    always: list[ast.stmt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    uses: frozenset[Place]


class ReachedCode:
    """Follows and keeps what it has read; `source` gives a module's text by its name."""

    def __init__(self, source: Callable[[str], str] = source_of) -> None:
        self._source = source
        self._modules: dict[str, _Module] = {}
        self._pieces: dict[Place, _Piece] = {}

    def texts(self, starts: Iterable[Place]) -> list[str]:
        """The text of everything that the places reach, each once, in the order of their names.

        Raises:
            OSError, TypeError: a module has no source.
        """
        todo, seen = list(starts), set[Place]()
        while todo:
            place = todo.pop()
            if place not in seen:
                seen.add(place)
                todo.extend(self._piece(place).uses)
        return [self._pieces[p].text for p in sorted(seen, key=lambda p: (p[0], p[1] or ""))]

    def _piece(self, place: Place) -> _Piece:
        known = self._pieces.get(place)
        if known is None:
            known = self._pieces[place] = self._read(*place)
        return known

    def _read(self, name: str, member: str | None) -> _Piece:
        module = self._module(name)
        if member is None:
            uses = {(name, bound) for bound in module.bound} | {*module.imported.values()}
            return _Piece(name, frozenset(uses))
        if member in module.imported:
            return _Piece(f"{name}.{member}", frozenset({module.imported[member]}))
        found = [*module.bound.get(member, ()), *module.always]
        names = {n for statement in found for n in _names(statement)} - {member}
        uses = {(name, n) for n in names & module.bound.keys()}
        uses |= {module.imported[n] for n in names & module.imported.keys()}
        return _Piece(f"{name}.{member}={_text(found)}", frozenset(uses))

    def _module(self, name: str) -> _Module:
        known = self._modules.get(name)
        if known is None:
            known = self._modules[name] = _parsed(self._source(name))
        return known


def _parsed(source: str) -> _Module:
    module = _Module()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom):
            module.imported.update(_members(statement))
        elif isinstance(statement, ast.Import):
            module.imported.update(
                {a.asname or a.name: (a.name, None) for a in statement.names if _is_ours(a.name)}
            )
        elif names := set(_bound(statement)):
            for name in names:
                module.bound.setdefault(name, []).append(statement)
        elif not _is_idle(statement):
            module.always.append(statement)
    return module


def _members(statement: ast.ImportFrom) -> Iterator[tuple[str, Place]]:
    package = statement.module or ""
    if statement.level or not _is_ours(package):
        return
    for alias in statement.names:
        submodule = f"{package}.{alias.name}"
        place = (submodule, None) if _is_module(submodule) else (package, alias.name)
        yield alias.asname or alias.name, place


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds at the module's top."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a definition uses, in what decides something."""
    if isinstance(node, ast.Name):
        yield node.id
    for _, value in _fields(node):
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from _names(inner)


def _text(value: object) -> str:
    if isinstance(value, ast.AST):
        inner = ",".join(f"{name}={_text(of)}" for name, of in _fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, list):
        return f"[{','.join(_text(item) for item in value if not _is_idle(item))}]"
    return repr(value)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if value not in (None, []) and (type(node), name) not in _DECIDES_NOTHING:
            yield name, value


def _is_idle(statement: object) -> bool:
    """Whether it is a docstring or `pass`."""
    if isinstance(statement, ast.Pass):
        return True
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
