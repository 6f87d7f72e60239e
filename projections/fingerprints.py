"""Fingerprints: do the rows that stand come from the code that runs?

`v2:` and a hash of what decides a projection's rows: its module, what that uses of this project, its
SQL, the event types it reads, their payloads in the current version and the steps that lift older
ones. Comments, docstrings and layout change nothing.

A value without a prefix is of the first algorithm, which hashed the bytes of the module and of its SQL
and did not see what the module uses. It is worked out for comparison with such a value alone.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from events.catalogue import CATALOGUE
from events.upcasters import UPCASTERS
from projections.projection import Projection
from projections.reached_code import Place, ReachedCode
from projections.registry import by_name
from projections.same_rows import SAME_ROWS
from projections.statements import named_statements

PREFIX = "v2:"
_CODE = ReachedCode()
_SKIPPED = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<tag>\$\w*\$).*?(?P=tag))"""
    r"""|--[^\n]*|/\*.*?\*/|\s+""",
    re.DOTALL,
)
_QUOTE = "\x00"
_LOOSE = re.compile(r" ?([(),;]) ?")


def sql_of(projection: str) -> str:
    """The text of a projection's SQL file."""
    return files("projections").joinpath(f"{projection}.sql").read_text(encoding="utf-8")


def fingerprint(
    projection: Projection, *, code: ReachedCode = _CODE, sql: Callable[[str], str] = sql_of
) -> str:
    """A hash of what decides a projection's rows.

    Raises:
        OSError, TypeError: its module or its SQL has no source.
    """
    module = inspect.getmodule(type(projection))
    starts: list[Place] = [] if module is None else [(module.__name__, None)]
    starts += _of_events(projection)
    parts = [projection.name, str(projection.version)]
    parts += [_version_of(type_) for type_ in sorted(projection.reads)]
    parts += code.texts(starts)
    parts += _plain_statements(sql(projection.name))
    return PREFIX + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def makes_same_rows(projection: Projection, recorded: str) -> bool:
    """Whether the code behind a recorded fingerprint gives the rows of a declared projection's code.

    The present fingerprint is kept: it is asked for again and again, and does not change in a process.
    """
    if recorded in SAME_ROWS.get(projection.name, {}):
        return True
    if recorded.startswith(PREFIX):
        return recorded == _present(projection.name)
    return recorded == _first_algorithm(projection.name)


@cache
def _present(name: str) -> str:
    return fingerprint(by_name(name))


@cache
def _plain_statements(text: str) -> list[str]:
    """The statements of an SQL file by their names, which every engine asks for, and rebuilds too."""
    named = sorted(named_statements(text).items())
    return [f"{name}: {plain_sql(statement)}" for name, statement in named]


def plain_sql(statement: str) -> str:
    """A statement without comments, and with one space where there was any white space."""
    quoted: list[str] = []

    def skipped(match: re.Match[str]) -> str:
        if match["kept"] is None:
            return " "
        quoted.append(match["kept"])
        return _QUOTE

    bare = re.sub(" +", " ", _SKIPPED.sub(skipped, statement)).strip()
    texts = iter(quoted)
    return re.sub(_QUOTE, lambda _: next(texts), _LOOSE.sub(r"\1", bare))


def _version_of(type_: str) -> str:
    return f"{type_} {CATALOGUE[type_].current}" if type_ in CATALOGUE else type_


def _of_events(projection: Projection) -> Iterator[Place]:
    for type_ in projection.reads & CATALOGUE.keys():
        known = CATALOGUE[type_]
        yield known.model.__module__, known.model.__name__
        for version in range(1, known.current):
            step = UPCASTERS[type_, version]
            yield step.__module__, step.__name__


@cache
def _first_algorithm(name: str) -> str:
    projection = by_name(name)
    module = inspect.getmodule(type(projection))
    code = inspect.getsource(module) if module is not None else ""
    reads = sorted(projection.reads)
    parts = [projection.name, str(projection.version), *reads, code, sql_of(projection.name)]
    return hashlib.sha256("\0".join(parts).replace("\r\n", "\n").encode()).hexdigest()
