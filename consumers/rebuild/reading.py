"""The log as a rebuild reads it: a partition's past by conversation, what comes later by position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum

import asyncpg

from consumers.leased import Connection
from consumers.logged_events import from_log
from consumers.rebuild.scratch import FilledPart
from events.envelope import RecordedEvent
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "reading.sql")
_AT_ONCE = 250
"""So many events are decoded before others in this process have their turn."""


class Scope(StrEnum):
    """Whose events are read."""

    ALL = "all"
    CONVERSATIONS = "conversations"
    """Those of the conversations that a selection touches."""
    COMPANIES = "companies"
    """Those of their companies: a sum's row is made by more conversations than one."""


async def past(
    conn: Connection,
    part: FilledPart,
    *,
    schema: str,
    scope: Scope,
    types: Sequence[str],
    size: int,
) -> AsyncIterator[list[RecordedEvent]]:
    """A partition's events behind where it is filled, by company, conversation and position.

    Chunks of at most `size`. Within a transaction of `conn`'s, which nobody else uses meanwhile.
    """
    await conn.execute(_SQL["prepare to sort"])
    cursor = await conn.cursor(
        filled(_SQL[f"fill from {scope}"], scratch=schema),
        part.partition,
        part.up_to,
        list(types),
        part.company_id,
        part.conversation_id,
        part.position,
    )
    while rows := await cursor.fetch(size):
        yield await _decoded(rows, part.partition)


async def later(
    conn: Connection,
    partition: int,
    *,
    after: int,
    up_to: int,
    schema: str,
    scope: Scope,
    types: Sequence[str],
) -> list[RecordedEvent]:
    """A partition's events in `(after, up_to]`, by position."""
    rows = await conn.fetch(
        filled(_SQL[f"follow {scope}"], scratch=schema), partition, after, up_to, list(types)
    )
    return await _decoded(rows, partition)


async def _decoded(rows: Sequence[asyncpg.Record], partition: int) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    for start in range(0, len(rows), _AT_ONCE):
        found.extend(from_log(row, partition) for row in rows[start : start + _AT_ONCE])
        await asyncio.sleep(0)
    return found
