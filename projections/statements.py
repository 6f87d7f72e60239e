"""Named SQL statements, read from `.sql` files.

A file is a list of statements, each introduced by a line `-- name: <words>`; the comment lines that
follow give each parameter's type. `{table}` stands for the physical table, so that a rebuild can
run the same statements on a shadow table; other names in braces stand for identifiers, one or a
list of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (.+)$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PLACE = re.compile(r"\{([a-z_]+)\}")


@cache
def statements(package: str, file: str) -> dict[str, str]:
    """The statements of `<package>/<file>` by name.

    Raises:
        ValueError: two statements have the same name.
    """
    try:
        return named_statements(files(package).joinpath(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{package}/{file}: {error}") from None


def named_statements(text: str) -> dict[str, str]:
    """The statements of a file's text by name.

    Raises:
        ValueError: two statements have the same name.
    """
    parts = _NAME.split(text)
    named: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name.strip() in named:
            raise ValueError(f"two statements are named {name!r}")
        named[name.strip()] = body.strip()
    return named


def for_table(sql: str, *, schema: str, table: str) -> str:
    """The statement with `{table}` replaced by `schema.table`.

    Raises:
        ValueError: a name is not a plain lower-case identifier.
    """
    return sql.replace("{table}", f"{_plain(schema)}.{_plain(table)}")


def filled(sql: str, **names: str | Sequence[str]) -> str:
    """The statement with each `{name}` replaced by an identifier, or a list of them.

    An identifier may be qualified: `schema.table`, `alias.column`.

    Raises:
        ValueError: a name is not made of plain lower-case identifiers.
        KeyError: the statement has a place that nothing is given for.
    """
    told = {
        place: ", ".join(map(_qualified, [given] if isinstance(given, str) else given))
        for place, given in names.items()
    }
    return _PLACE.sub(lambda found: told[found[1]], sql)


def _qualified(name: str) -> str:
    return ".".join(_plain(part) for part in name.split("."))


def _plain(name: str) -> str:
    if _IDENTIFIER.fullmatch(name) is None:
        raise ValueError(f"not an identifier: {name!r}")
    return name
