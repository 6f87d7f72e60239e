"""The log as a rebuild reads it: a partition's past by conversation, what comes later by position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from enum import StrEnum
from typing import TypeVar

import asyncpg

from consumers.leased import Connection
from consumers.logged_events import all_from_log
from consumers.rebuild.pace import Pace
from consumers.rebuild.scratch import FilledPart
from events.envelope import RecordedEvent
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "reading.sql")
T = TypeVar("T")
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
) -> AsyncGenerator[list[asyncpg.Record], None]:
    """A partition's rows behind where it is filled, by company, conversation and position.

    Chunks of at most `size`, for `decoded`. Within a transaction of `conn`'s, which nobody else uses meanwhile.
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
        yield rows


async def read_ahead(chunks: AsyncGenerator[T, None], pace: Pace) -> AsyncGenerator[T, None]:
    """The same chunks, each read while the one before it is worked on: two are held at a time.

    To be closed by who does not come to its end.
    """
    coming = asyncio.ensure_future(_next(chunks, pace))
    try:
        while (chunk := await coming) is not None:
            coming = asyncio.ensure_future(_next(chunks, pace))
            yield chunk
    finally:
        coming.cancel()
        await asyncio.wait({coming})
        if not coming.cancelled():
            coming.exception()  # is nobody's any more: the one that is under way goes on
        await chunks.aclose()


async def _next(chunks: AsyncGenerator[T, None], pace: Pace) -> T | None:
    async with pace.working():
        return await anext(chunks, None)


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
    return await decoded(rows, partition)


async def decoded(rows: Sequence[asyncpg.Record], partition: int) -> list[RecordedEvent]:
    """Their events; others in this process have their turn meanwhile."""
    found: list[RecordedEvent] = []
    for start in range(0, len(rows), _AT_ONCE):
        found.extend(all_from_log(rows[start : start + _AT_ONCE], partition))
        await asyncio.sleep(0)
    return found
