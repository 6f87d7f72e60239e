"""Named SQL statements, read from `.sql` files.

A file is a list of statements, each introduced by a line `-- name: <words>`; the comment lines that
follow give each parameter's type. `{table}` stands for the physical table, so that a rebuild can
run the same statements on a shadow table; other names in braces stand for identifiers, one or a
list of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from importlib.resources import files

_NAME = re.compile(r"^-- name: (.+)$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PLACE = re.compile(r"\{([a-z_]+)\}")
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\d+)")


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


def joined(parts: Sequence[str], *, guard: str | None = None, least: Sequence[int] = ()) -> str:
    """One statement that writes what several do, and answers with how many rows each has written.

    Its parameters are theirs, one after the other. All see what stood before the first of them, so
    none may write what another has written. They write in their order, as the counts are worked out:
    that is how Postgres does it, not what it promises.

    With a `guard` it stands for itself, outside of a transaction. The guard comes before all of them: a
    query that must give as many rows as its last parameter says. `least` numbers those parts that must
    write as many rows as a parameter says that follows theirs. Where one does not, a division by zero
    fails the whole. It answers with the server's time at its end in another column.

    Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
    """
    told, counts, before = [], [], 0
    if guard is not None:
        told.append(f"held AS MATERIALIZED (\n{_COMMENT.sub('', guard)})")
        before = _parameters(guard)
        counts.append(_must(f"(SELECT count(*) FROM held) = ${before}"))  # noqa: S608
    for number, part in enumerate(parts):
        own = _COMMENT.sub("", part)
        if "RETURNING" not in own:
            own += "\nRETURNING 1"
        told.append(f"w{number} AS (\n{_PARAMETER.sub(partial(_moved, by=before), own)})")
        before += _parameters(own)
        count = f"(SELECT count(*) FROM w{number})"  # noqa: S608
        if number in least:
            before += 1
            count = _must(f"{count} = ${before}")
        counts.append(count)
    if guard is not None:
        counts.append("clock_timestamp()")
    return f"WITH {', '.join(told)}\nSELECT {', '.join(counts)}"


def accompanied(query: str, *, by: str) -> str:
    """A query that also writes what another statement does, by the same parameters, and sees nothing of it.

    Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
    """
    return f"WITH beside AS (\n{_COMMENT.sub('', by)}\n)\n{_COMMENT.sub('', query)}"


def _must(condition: str) -> str:
    """1, or a division by zero."""
    return f"1 / ({condition}::bigint)::integer"


def _parameters(sql: str) -> int:
    return max((int(found[1]) for found in _PARAMETER.finditer(sql)), default=0)


def _moved(parameter: re.Match[str], *, by: int) -> str:
    return f"${int(parameter[1]) + by}"


def _qualified(name: str) -> str:
    return ".".join(_plain(part) for part in name.split("."))


def _plain(name: str) -> str:
    if _IDENTIFIER.fullmatch(name) is None:
        raise ValueError(f"not an identifier: {name!r}")
    return name
