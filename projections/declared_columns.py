"""The columns that the migrations' text declares: what this program needs of tables that stand.

Read from the text, so that a migration cannot add a column that `migrate --check` does not know;
a test holds it equal to what a fresh database has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Columns = dict[tuple[str, str], set[str]]
"""Column names by schema and table."""

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(
    r"CREATE TABLE(?: IF NOT EXISTS)? (?P<schema>\w+)\.(?P<table>\w+) \((?P<body>.*?)\n\s*\)[^;,]*;",
    re.DOTALL,
)
_COLUMN = re.compile(r"^\s+(?!CONSTRAINT\b)([a-z_][a-z0-9_]*) ", re.MULTILINE)
_ALTERED = re.compile(r"ALTER TABLE (?P<schema>\w+)\.(?P<table>\w+)(?P<body>[^;]*);")
_ADDED = re.compile(r"ADD COLUMN(?: IF NOT EXISTS)? ([a-z_][a-z0-9_]*) ")


def declared_columns(migrations: Iterable[str]) -> Columns:
    """What the migrations create and add, in this order; they never drop (they only expand)."""
    found: Columns = {}
    for sql in migrations:
        text = _COMMENT.sub("", sql)
        for statement, column in ((_TABLE, _COLUMN), (_ALTERED, _ADDED)):
            for match in statement.finditer(text):
                table = (match["schema"], match["table"])
                found.setdefault(table, set()).update(column.findall(match["body"]))
    return found
