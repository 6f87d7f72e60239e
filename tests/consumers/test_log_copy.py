"""The log's rows, encoded by hand or added by a statement, are those that asyncpg copies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from consumers.columns import columns
from consumers.log_copy import copy_log
from consumers.log_rows import COLUMNS, log_row
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.payload import UnknownType
from projections.statements import statements

SQL = statements("consumers", "batch_writes.sql")
_TIMES = [
    datetime(2026, 11, 2, 12, 0, 0, 123456, UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    # The very first and last moments asyncpg writes as infinite.
    datetime(1, 1, 1, 0, 0, 0, 1, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999998, UTC),
]
_TEXTS = ["a", "açaí 🙂", "x" * 200, "{}", "\u2028"]


def rows() -> list[tuple[RecordedEvent, bytes]]:
    found = []
    for number in range(40):
        at = _TIMES[number % len(_TIMES)]
        event = Event(
            UUID(int=2**128 - 1 - number),
            f"invoice.paid_{number % 3}",
            2**31 - 1 - number % 2,
            at,
            _TEXTS[number % len(_TEXTS)][:64],
            "" if number % 7 == 0 else _TEXTS[number % 4],
            "source",
            "correlation",
            None,
            UnknownType(raw={}),
        )
        place = EntryId(2**63 + number, 2**64 - 1)
        raw = '{"a": "\\u0000 ünï"}'.encode() + b" " * number
        recorded_at = at if at.year > 2000 else at + timedelta(days=1)
        found.append((RecordedEvent(event, number % 16, 2**62 + number, place, recorded_at), raw))
    return found


async def test_the_rows_are_the_same(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    query = "SELECT l.*, body::text AS text FROM runtime.event_log AS l ORDER BY position"
    async with pool.acquire() as conn:
        await copy_log(conn, rows())
        by_hand = [tuple(row) for row in await conn.fetch(query)]
        await conn.execute("TRUNCATE runtime.event_log")
        await conn.execute(SQL["append to the log"], *columns(log_row(*row) for row in rows()))
        assert by_hand == [tuple(row) for row in await conn.fetch(query)]
        await conn.execute("TRUNCATE runtime.event_log")
        await conn.copy_records_to_table(
            "event_log",
            schema_name="runtime",
            columns=COLUMNS,
            records=[log_row(*row) for row in rows()],
        )
        assert by_hand == [tuple(row) for row in await conn.fetch(query)]
        assert len(by_hand) == len(rows())
    await pool.close()


async def test_what_postgres_refuses_is_its_own_error(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    async with pool.acquire() as conn:
        await copy_log(conn, rows()[:1])
        with pytest.raises(asyncpg.UniqueViolationError):
            await copy_log(conn, rows()[:2])
        assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 1
    await pool.close()
