"""Fills shadows with a partition's past: folded in memory a conversation at a time, then copied.

The log is read by conversation, so what a conversation comes to is known at once and is written
once. Only a conversation that a chunk's end cuts in two is loaded and stored as in live feeding.
Sums are added up a chunk at a time. Memory depends on the size of a chunk, not on the log's.

A chunk is one transaction, with how far it went: whoever goes on after a crash goes on there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import compress

import asyncpg

from consumers.columns import columns
from consumers.errors import is_data_error
from consumers.feeding import Fed
from consumers.leased import Connection
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.pace import Pace
from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.reading import Chunk, Scope, past, read_ahead, together, whole
from consumers.rebuild.scratch import FilledPart, Scratch
from consumers.rebuild.shadow import Shadow
from consumers.row_copy import copy_rows
from events.envelope import RecordedEvent
from events.payload import NewerVersion, Unreadable
from projections.migrate import table_statement
from projections.projection import Changes, TableKind

_ODD = frozenset({NewerVersion, Unreadable})


class _Refused(Exception):
    """A chunk's rows cannot be made or written together: a reason to look at each event."""


@dataclass(frozen=True, slots=True)
class _Parted:
    """A chunk's events: those of the conversation that the last chunk began, then the others.

    `types` are those of the others, `kinds` the same, each once. `is_odd`: one of them is no event of a
    version of this build's.
    """

    begun: list[RecordedEvent]
    whole: list[RecordedEvent]
    types: list[str]
    kinds: frozenset[str]
    is_odd: bool

    def read_by(self, reads: frozenset[str]) -> list[RecordedEvent]:
        """The others of those types."""
        if self.kinds <= reads:
            return self.whole
        return list(compress(self.whole, map(reads.__contains__, self.types)))


class Filler:
    """Fills the shadows of some read models together; the log is read and decoded once."""

    def __init__(
        self,
        scratch: Scratch,
        feeds: Sequence[ShadowFeed],
        *,
        scope: Scope,
        settings: RebuildSettings,
        pace: Pace,
        chunk_done: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._scratch = scratch
        self._feeds = feeds
        self._scope = scope
        self._settings = settings
        self._pace = pace
        self._chunk_done = chunk_done
        self._types = sorted({type_ for feed in feeds for type_ in feed.shadow.reads})

    async def fill(self, parts: Sequence[FilledPart]) -> None:
        """Each partition, from where it is filled to `up_to`.

        While a chunk's rows are made and written, the next is read: the database's work and this
        process's overlap.

        Raises:
            RunLost, ProjectionBroken, EventParked: besides what asyncpg raises; what was committed
                stands, and the next call goes on behind it.
        """
        async with aclosing(read_ahead(self._chunks(parts), self._pace)) as chunks:
            async for part, found in chunks:
                if found is None:
                    await self._mark_filled(part)
                    continue
                async with self._pace.working():
                    await self._write(part, found)
                if self._chunk_done is not None:
                    await self._chunk_done()

    async def _chunks(
        self, parts: Sequence[FilledPart]
    ) -> AsyncGenerator[tuple[FilledPart, Chunk | None], None]:
        """What is to be made and written, in order; None is a partition's end."""
        for group in together(parts, self._scope):
            left = list(group)
            async with self._scratch.pool.acquire() as reader, reader.transaction(readonly=True):
                found = past(
                    reader,
                    group,
                    schema=self._scratch.schema,
                    scope=self._scope,
                    types=self._types,
                    size=self._settings.chunk_events,
                )
                async with aclosing(found):
                    last: FilledPart | None = None
                    async for part, chunk in found:
                        if last is not None and last is not part:
                            left.remove(last)
                            yield last, None
                        last = part
                        yield part, chunk
            for part in left:
                yield part, None

    async def _mark_filled(self, part: FilledPart) -> None:
        async with self._scratch.holding() as conn:
            await conn.execute(self._scratch.sql("mark filled"), part.partition)
        part.is_filled = True

    async def _write(self, part: FilledPart, chunk: Chunk) -> None:
        last = chunk.events[-1]
        try:
            outcome = await self._commit(part, _parted(chunk), careful=False)
        except _Refused:
            outcome = await self._commit_whole(part, chunk)
        for feed, fed in zip(self._feeds, outcome, strict=True):
            feed.remember(fed)
        part.company_id, part.conversation_id = last.event.company_id, last.event.conversation_id
        part.position = last.position

    async def _commit_whole(self, part: FilledPart, chunk: Chunk) -> list[Fed]:
        """With each event made in full: only then is a fold's answer told."""
        positions = [recorded.position for recorded in chunk.events]
        async with self._scratch.pool.acquire() as conn:
            events = await whole(conn, part.partition, positions)
        parted = _parted(Chunk(chunk.begun, events))
        try:
            return await self._commit(part, parted, careful=False)
        except _Refused:
            return await self._commit(part, parted, careful=True)

    async def _commit(self, part: FilledPart, chunk: _Parted, *, careful: bool) -> list[Fed]:
        outcome: list[Fed] = []
        last = (chunk.whole or chunk.begun)[-1]
        async with self._scratch.holding(waits_for_disk=False) as conn:
            for feed in self._feeds:
                outcome.append(await _fed(conn, feed, chunk, careful=careful))
            await conn.execute(
                self._scratch.sql("count into accounts"),
                part.partition,
                [feed.shadow.name for feed in self._feeds],
                [len(fed.applied) for fed in outcome],
                [len(fed.parked) for fed in outcome],
            )
            await conn.execute(
                self._scratch.sql("move partition"),
                part.partition,
                last.event.company_id,
                last.event.conversation_id,
                last.position,
                len(chunk.begun) + len(chunk.whole),
            )
        return outcome


def _parted(chunk: Chunk) -> _Parted:
    begun, events = chunk.begun, chunk.events
    whole = events[begun:] if begun else events
    types = [recorded.event.type for recorded in whole]
    is_odd = not _ODD.isdisjoint({type(recorded.event.payload) for recorded in whole})
    return _Parted(events[:begun], whole, types, frozenset(types), is_odd)


async def _fed(conn: Connection, feed: ShadowFeed, chunk: _Parted, *, careful: bool) -> Fed:
    reads = feed.shadow.reads
    begun = [r for r in chunk.begun if r.event.type in reads]
    whole = chunk.read_by(reads)
    if careful or (chunk.is_odd and any(type(r.event.payload) in _ODD for r in whole)):
        return await feed.feed(conn, [*begun, *whole])
    fed = await feed.feed(conn, begun) if begun else Fed()
    try:
        changes = feed.shadow.fold({table.name: {} for table in feed.shadow.tables}, whole)
        await asyncio.sleep(0)
        await _copy(conn, feed.shadow, changes)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if is_data_error(error) or isinstance(error, ValueError):
            raise _Refused from error
        raise
    except OSError:
        raise
    except Exception as error:
        # Whatever a fold raises is its answer to these events, as in live feeding.
        raise _Refused from error
    fed.applied.extend(whole)
    return fed


async def _copy(conn: Connection, shadow: Shadow, changes: Changes) -> None:
    """Write rows that nothing stands in the way of; sums are added to those that stand."""
    for table in shadow.tables:
        changed = changes.get(table.name, {})
        if not changed:
            continue
        if table.kind is TableKind.SUM:
            values = columns(table.values_of(changed[key]) for key in sorted(changed))
            await conn.execute(table_statement(shadow, table, "store"), *values)
        elif rows := [row for row in changed.values() if row is not None]:
            # Conversation by conversation, as they were read: their keys stand together.
            await copy_rows(conn, shadow, table, rows)
