"""The log as a rebuild reads it: a partition's past by conversation, what comes later by position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, takewhile
from typing import Any, TypeVar

import asyncpg

from consumers.feeding import are_plain
from consumers.leased import Connection
from consumers.logged_events import all_from_log, briefly
from consumers.rebuild.pace import Pace
from consumers.rebuild.scratch import FilledPart
from events.envelope import RecordedEvent
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "reading.sql")
T = TypeVar("T")
_POSITION, _PLACE = 0, 5
"""Columns of the past: the latter is the number that conversations are sorted by."""
_BITS, _SHIFT = 15, 59
"""Which bits of a partition's number are told by that number, and by how many others they are followed."""
_TOGETHER = 4
"""So many partitions are read by one scan: each takes the disk's room for its sort."""
_AT_ONCE = 250
"""So many events are decoded before others in this process have their turn."""


class Scope(StrEnum):
    """Whose events are read."""

    ALL = "all"
    CONVERSATIONS = "conversations"
    """Those of the conversations that a selection touches."""
    COMPANIES = "companies"
    """Those of their companies: a sum's row is made by more conversations than one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a partition's past; the first `begun` events are of what the last chunk began.

    The others may be of those that `briefly` gives, unless one of them is not of a version of this build's.
    """

    begun: int
    events: list[RecordedEvent]


async def past(
    conn: Connection,
    parts: Sequence[FilledPart],
    *,
    schema: str,
    scope: Scope,
    types: Sequence[str],
    size: int,
) -> AsyncGenerator[tuple[FilledPart, Chunk], None]:
    """What partitions that are `together` have behind where they are filled, one partition after the other.

    Each conversation by conversation, and these by position. Chunks of about `size`, which end where a
    conversation does: what a chunk has of the last one waits for the next, unless that is half of it.
    Within a transaction of `conn`'s, which nobody else uses meanwhile.
    """
    await conn.execute(_SQL["prepare to sort"])
    place, cursor = await _cursor(conn, parts, schema=schema, scope=scope, types=types)
    by_bits = {part.partition & _BITS: part for part in parts}
    held: list[asyncpg.Record] = []

    async def chunk(rows: list[asyncpg.Record]) -> tuple[FilledPart, Chunk]:
        nonlocal place
        part, before, place = by_bits[_bits(rows[0])], place, rows[-1][_PLACE]
        return part, await _chunk(conn, part.partition, rows, before)

    while fetched := await cursor.fetch(size):
        *ended, rows = _by_partition(held + fetched)
        for rest in ended:
            yield await chunk(rest)
        end = len(rows) - _at_end(rows, rows[-1][_PLACE])
        if end <= len(rows) // 2 and len(rows) > size // 2:
            end = len(rows)
        held = rows[end:]
        if end:
            yield await chunk(rows[:end])
    if held:
        yield await chunk(held)


def together(parts: Sequence[FilledPart], scope: Scope) -> list[list[FilledPart]]:
    """The same, in groups that one scan of the log reads; whose past is begun, or narrowed, is read alone."""
    alone = [[part] for part in parts if part.position or scope is not Scope.ALL]
    groups: list[dict[int, FilledPart]] = []
    for part in parts:
        if [part] not in alone:
            bits = part.partition & _BITS
            fit = (group for group in groups if bits not in group and len(group) < _TOGETHER)
            group = next(fit, None)
            if group is None:
                groups.append(group := {})
            group[bits] = part
    return [*alone, *(list(group.values()) for group in groups)]


async def _cursor(
    conn: Connection,
    parts: Sequence[FilledPart],
    *,
    schema: str,
    scope: Scope,
    types: Sequence[str],
) -> tuple[int | None, Any]:
    """Where the first of them is filled to, if it is the only one, and a cursor to what comes behind it."""
    if len(parts) > 1:
        up_to = [0] * (max(part.partition for part in parts) + 1)
        for part in parts:
            up_to[part.partition] = part.up_to
        partitions = [part.partition for part in parts]
        return None, await conn.cursor(
            _SQL["fill several from all"], partitions, up_to, list(types)
        )
    (part,) = parts
    place: int | None = None
    if part.position:
        named = (part.partition, part.company_id, part.conversation_id)
        place = await conn.fetchval(_SQL["place of"], *named)
    sql = filled(_SQL[f"fill from {scope}"], scratch=schema)
    behind = (place or 0, part.position)
    return place, await conn.cursor(sql, part.partition, part.up_to, list(types), *behind)


def _by_partition(rows: list[asyncpg.Record]) -> list[list[asyncpg.Record]]:
    """Rows in order as those of each partition; nearly always there is one."""
    if _bits(rows[0]) == _bits(rows[-1]):
        return [rows]
    return [list(of_one) for _, of_one in groupby(rows, _bits)]


def _bits(row: asyncpg.Record) -> int:
    """The last bits of its partition's number."""
    place: int = row[_PLACE]
    return place >> _SHIFT


async def _chunk(
    conn: Connection, partition: int, rows: list[asyncpg.Record], place: int | None
) -> Chunk:
    begun = sum(1 for _ in takewhile(lambda row: row[_PLACE] == place, rows))
    found: list[RecordedEvent | None] = [None] * begun
    for start in range(begun, len(rows), _AT_ONCE):
        found.extend(briefly(rows[start : start + _AT_ONCE], partition))
        await asyncio.sleep(0)
    lacking = [row[_POSITION] for row, event in zip(rows, found, strict=True) if event is None]
    made = iter(await whole(conn, partition, lacking) if lacking else ())
    events = [next(made) if event is None else event for event in found]
    if not are_plain(events):
        # What follows such a one waits as well.
        events = await whole(conn, partition, [row[_POSITION] for row in rows])
    return Chunk(begun, events)


async def whole(conn: Connection, partition: int, positions: Sequence[int]) -> list[RecordedEvent]:
    """The events that stand there, in that order; others in this process have their turn meanwhile."""
    rows = await conn.fetch(_SQL["whole"], partition, sorted(positions))
    by_position = {event.position: event for event in await decoded(rows, partition)}
    return [by_position[position] for position in positions]


def _at_end(rows: list[asyncpg.Record], place: int) -> int:
    """How many rows at the end stand there."""
    return sum(1 for _ in takewhile(lambda row: row[_PLACE] == place, reversed(rows)))


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
