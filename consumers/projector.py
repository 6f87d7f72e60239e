"""Runs projections' folds against Postgres: load what the fold needs, fold, write what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from events.envelope import RecordedEvent
from projections.projection import Key, Projection, Table, TableKind, Touched
from projections.statements import for_table, statements

SCHEMA = "projections"


class Connection(Protocol):
    """What is used of an asyncpg connection."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """Rows of the query."""

    async def execute(self, query: str, *args: Any) -> str:
        """Command tag."""


def physical_name(table: Table, version: int) -> str:
    """The versioned table behind the public view: `conversations` → `conversations_v1`."""
    return f"{table.name}_v{version}"


def statement(projection: Projection, table: Table, verb: str) -> str:
    """A table's statement (`create`, `load`, `store`, `delete`, `view`) with its name filled in."""
    sql = statements("projections", f"{projection.name}.sql")[f"{verb} {table.name}"]
    return for_table(sql, schema=SCHEMA, table=physical_name(table, projection.version))


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
        statement(projection, table, "load"), *map(list, zip(*wanted, strict=True))
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
            statement(projection, table, "delete"), *map(list, zip(*gone, strict=True))
        )
    if not kept:
        return
    columns = [list(column) for column in zip(*map(table.values_of, kept), strict=True)]
    for index, name in enumerate(table.columns):
        if name in table.json:
            columns[index] = [
                None if value is None else orjson.dumps(value).decode() for value in columns[index]
            ]
    await conn.execute(statement(projection, table, "store"), *columns)
