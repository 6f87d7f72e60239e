"""Runs projections' folds against Postgres: load what the fold needs, fold, write what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from events.envelope import RecordedEvent
from projections.migrate import table_statement
from projections.projection import Key, Projection, Table, TableKind, Touched


class Connection(Protocol):
    """What is used of an asyncpg connection."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """Rows of the query."""

    async def execute(self, query: str, *args: Any) -> str:
        """Command tag."""


async def apply(conn: Connection, projection: Projection, events: Sequence[RecordedEvent]) -> None:
    """Apply events (in stream order, all of types that the projection reads) in this transaction.

    Two statements a state table, one a sum table, whatever the number of events. Rows are written
    in key order, tables in the projection's order, so that concurrent owners never deadlock.
    """
    touched = projection.touch(events)
    state = {
        table.name: await _load(conn, projection, table, touched)
        for table in projection.tables
        if table.kind is TableKind.STATE
    }
    changes = projection.fold(state, events)
    for table in projection.tables:
        await _store(conn, projection, table, changes.get(table.name, {}))


async def _load(
    conn: Connection, projection: Projection, table: Table, touched: Touched
) -> dict[Key, Any]:
    wanted = sorted(set(touched.get(table.name, ())))
    if not wanted:
        return {}
    records = await conn.fetch(
        table_statement(projection, table, "load"), *map(list, zip(*wanted, strict=True))
    )
    rows = (_row(table, record) for record in records)
    return {table.key_of(row): row for row in rows}


def _row(table: Table, record: Any) -> Any:
    if not table.json:
        return table.row(*record)
    return table.row(
        *(
            orjson.loads(value) if name in table.json and value is not None else value
            for name, value in zip(table.columns, record, strict=True)
        )
    )


async def _store(
    conn: Connection, projection: Projection, table: Table, changed: Mapping[Key, Any]
) -> None:
    kept = [changed[key] for key in sorted(changed) if changed[key] is not None]
    gone = sorted(key for key, row in changed.items() if row is None)
    if gone:
        await conn.execute(
            table_statement(projection, table, "delete"), *map(list, zip(*gone, strict=True))
        )
    if not kept:
        return
    columns = [list(column) for column in zip(*map(table.values_of, kept), strict=True)]
    for index, name in enumerate(table.columns):
        if name in table.json:
            columns[index] = [
                None if value is None else orjson.dumps(value).decode() for value in columns[index]
            ]
    await conn.execute(table_statement(projection, table, "store"), *columns)
