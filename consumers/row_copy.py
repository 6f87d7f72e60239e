"""Writes rows of a projection's table that nothing stands in the way of.

Source: https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Protocol

from consumers.json_text import json_text
from projections.migrate import physical_name
from projections.projection import Projection, Table

WORTH_A_COPY = 201
"""Rows: fewer are sooner sent with the others than by a copy of their own, which takes two round trips
and cannot be a part of a statement."""


class Copying(Protocol):
    """What is used of an asyncpg connection."""

    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[Any]],
        columns: Sequence[str],
        schema_name: str,
    ) -> str:
        """Command tag."""


async def copy_rows(
    conn: Copying, projection: Projection, table: Table, rows: Sequence[Any]
) -> None:
    """Rows of a table, in the order in which they are given.

    Raises:
        asyncpg.UniqueViolationError: one of them stands already.
    """
    await conn.copy_records_to_table(
        physical_name(table, projection.version),
        schema_name=table.schema,
        columns=table.columns,
        records=_records(table, rows),
    )


def _records(table: Table, rows: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
    records = map(table.values_of, rows)
    if not table.json:
        return records
    places = [index for index, name in enumerate(table.columns) if name in table.json]
    # Few rows have any.
    if len(places) == 1:
        (place,) = places
        return (row if row[place] is None else _with_texts(row, places) for row in records)
    of_places, nothing = itemgetter(*places), (None,) * len(places)
    return (row if of_places(row) == nothing else _with_texts(row, places) for row in records)


def _with_texts(values: tuple[Any, ...], places: Sequence[int]) -> tuple[Any, ...]:
    """The values with those at `places` as JSON text."""
    told = list(values)
    for place in places:
        if told[place] is not None:
            told[place] = json_text(told[place])
    return tuple(told)
