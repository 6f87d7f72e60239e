"""Runs projections' folds against Postgres: load what the fold needs, fold, write what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol, cast

import orjson

from consumers.columns import Column, columns
from consumers.json_text import json_text
from consumers.known_rows import Recall
from consumers.row_copy import WORTH_A_COPY, Copying, copy_rows
from events.envelope import RecordedEvent
from projections.migrate import table_statement
from projections.projection import BringsRows, Key, Projection, Table, TableKind, Touched


class Connection(Copying, Protocol):
    """What is used of an asyncpg connection."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """Rows of the query."""

    async def execute(self, query: str, *args: Any) -> str:
        """Command tag."""


async def apply(
    conn: Connection,
    projection: Projection,
    events: Sequence[RecordedEvent],
    *,
    hopeful: bool = False,
    recall: Recall | None = None,
) -> None:
    """Apply events (in stream order, all of types that the projection reads) in this transaction.

    A few statements a table, whatever the number of events. Rows are written
    in key order, tables in the projection's order, so that concurrent owners never deadlock.

    `hopeful`: rows that the events bring are not looked for; should one stand, that is an error of the
    data: come again without hope. What `recall` knows is not loaded, and it takes note of what is written.

    Raises:
        asyncpg.UniqueViolationError: such a row stands.
    """
    brings = _bringing(projection) if hopeful else None
    touched = brings.touch_known(events) if brings else projection.touch(events)
    state = {
        table.name: await _load(conn, projection, table, touched, recall)
        for table in projection.tables
        if table.kind is TableKind.STATE
    }
    changes = projection.fold(state, events)
    for table in projection.tables:
        changed = changes.get(table.name, {})
        if recall is not None:
            recall.note(table, changed)
        if table.looks_first:
            least = 1 if brings else WORTH_A_COPY
            changed = await _add(conn, projection, table, changed, state[table.name], least=least)
        await _store(conn, projection, table, changed)


def _bringing(projection: Projection) -> BringsRows | None:
    """The projection, if rows come with its events: to ask the protocol takes as long as a small fold."""
    return cast("BringsRows", projection) if hasattr(projection, "touch_known") else None


async def _load(
    conn: Connection,
    projection: Projection,
    table: Table,
    touched: Touched,
    recall: Recall | None,
) -> dict[Key, Any]:
    wanted = set(touched.get(table.name, ()))
    found = recall.rows(table, wanted) if recall is not None else {}
    if missing := sorted(wanted - found.keys()):
        records = await conn.fetch(table_statement(projection, table, "load"), *columns(missing))
        for record in records:
            row = _row(table, record)
            found[table.key_of(row)] = row
    return found


def _row(table: Table, record: Any) -> Any:
    if not table.json:
        return table.row(*record)
    return table.row(
        *(
            orjson.loads(value) if name in table.json and value is not None else value
            for name, value in zip(table.columns, record, strict=True)
        )
    )


async def _add(
    conn: Connection,
    projection: Projection,
    table: Table,
    changed: Mapping[Key, Any],
    stands: Mapping[Key, Any],
    *,
    least: int,
) -> Mapping[Key, Any]:
    """Add rows that are new, where there are `least` of them; returns what is left to store."""
    fresh = changed.keys() - stands.keys() if stands else changed
    new = sorted(key for key in fresh if changed[key] is not None)
    if len(new) < least:
        return changed
    rows = [changed[key] for key in new]
    if len(rows) < WORTH_A_COPY:
        await _write(conn, projection, table, rows, verb="add")
    else:
        await copy_rows(conn, projection, table, rows)
    return {key: changed[key] for key in changed.keys() & stands.keys()}


async def _store(
    conn: Connection, projection: Projection, table: Table, changed: Mapping[Key, Any]
) -> None:
    kept = [changed[key] for key in sorted(changed) if changed[key] is not None]
    gone = sorted(key for key, row in changed.items() if row is None)
    if gone:
        await conn.execute(table_statement(projection, table, "delete"), *columns(gone))
    if kept:
        await _write(conn, projection, table, kept, verb="store")


async def _write(
    conn: Connection, projection: Projection, table: Table, rows: Sequence[Any], *, verb: str
) -> None:
    values = columns(map(table.values_of, rows))
    for index, name in enumerate(table.columns):
        if name in table.json:
            values[index] = Column(_texts(map(attrgetter(name), rows)))
    await conn.execute(table_statement(projection, table, verb), *values)


def _texts(values: Iterable[Any]) -> Iterator[str | None]:
    """JSON values as they are written."""
    return (None if value is None else json_text(value) for value in values)
