"""FastStream's way: its batch subscriber, with the batch folded and written by `unnest`.

It does less than the `projections` group: the log, the messages, the conversations' counts and last
texts, and the daily counts; no validation, no ownership of partitions, no checkpoint, no dead
letters. An event that comes again is known by the log's unique event id.

Source: https://faststream.ag2.ai/latest/redis/streams/
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from faststream.redis import RedisBroker, RedisStreamMessage, StreamSub

from events.partitioning import stream_key
from projections import conversations, daily_counts, messages
from projections.migrate import physical_name
from projections.projection import Projection
from projections.statements import for_table, statements
from runtime.settings import Settings

GROUP = "bench-faststream"
FIELD = "__data__"
"""Its own name for an entry's body; entries of others it would take for no JSON."""
_BLOCK_MS = 200
_POOL = 8

_Place = tuple[str, str]


def _sql(name: str, projection: Projection) -> str:
    table = projection.tables[0]
    name_of = physical_name(table, projection.version)
    return for_table(
        statements("runtime.bench", "ways.sql")[name], schema=table.schema, table=name_of
    )


_LOG = statements("runtime.bench", "ways.sql")["log many"]
_MESSAGES = _sql("add messages", messages.PROJECTION)
_CONVERSATIONS = _sql("add to conversations", conversations.PROJECTION)
_COUNTS = _sql("add to daily counts", daily_counts.PROJECTION)


class _Logged(NamedTuple):
    """An event with what is computed of it once."""

    event: dict[str, Any]
    event_id: UUID
    at: datetime
    position: int

    @property
    def place(self) -> _Place:
        return self.event["company_id"], self.event["conversation_id"] or ""

    @property
    def direction(self) -> str | None:
        kind = self.event["type"]
        if kind == "message.sent":
            return "out"
        # What is told of a message that came before is no message.
        told = ("transcribed", "described", "enrichment_failed")
        family, _, name = kind.partition(".")
        return "in" if family == "message_received" and name not in told else None


async def consume(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop`: a subscriber a stream, a transaction a batch."""
    async with asyncpg.create_pool(settings.database_dsn(), min_size=1, max_size=_POOL) as pool:
        broker = RedisBroker(settings.redis_dsn(), logger=logging.getLogger(__name__))
        for partition in range(settings.partitions):
            stream = StreamSub(
                stream_key(partition, settings.stream_prefix),
                group=GROUP,
                consumer=f"consumer-{os.getpid()}",
                batch=True,
                max_records=settings.batch_events,
                polling_interval=_BLOCK_MS,
            )
            broker.subscriber(stream=stream)(_Handler(pool, partition).handle)
        async with broker:
            await broker.start()
            await stop.wait()


class _Handler:
    """Of one stream. Positions are counted here: nobody else writes the log."""

    def __init__(self, pool: asyncpg.Pool, partition: int) -> None:
        self._pool = pool
        self._partition = partition
        self._position = 0

    async def handle(self, message: RedisStreamMessage) -> None:
        """A batch in one transaction; FastStream acknowledges it when this returns."""
        batch = []
        raw: Any = message.raw_message
        entry_ids = [entry_id.decode() for entry_id in raw["message_ids"]]
        events: Any = await message.decode()
        for number, event in enumerate(events, self._position + 1):
            at = datetime.fromisoformat(event["occurred_at"])
            batch.append(_Logged(event, UUID(event["id"]), at, number))
        bodies = [data[FIELD.encode()].decode() for data in raw["data"]]
        async with self._pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch(_LOG, *self._log(batch, entry_ids, bodies))
            known = {row["event_id"] for row in rows}
            fresh = [one for one in batch if one.event_id in known]
            await self._project(conn, fresh)
        self._position += len(batch)

    def _log(self, batch: Sequence[_Logged], entry_ids: list[str], bodies: list[str]) -> list[Any]:
        events = [one.event for one in batch]
        return [
            self._partition,
            [one.position for one in batch],
            [one.event_id for one in batch],
            [event["type"] for event in events],
            [event["version"] for event in events],
            *([one.place[n] for one in batch] for n in (0, 1)),
            [one.at for one in batch],
            entry_ids,
            bodies,
        ]

    async def _project(
        self, conn: asyncpg.pool.PoolConnectionProxy, fresh: Sequence[_Logged]
    ) -> None:
        texts = [(one, direction) for one in fresh if (direction := one.direction)]
        if texts:
            await conn.execute(_MESSAGES, *_columns(map(_message, texts)))
        if places := _conversations(fresh):
            await conn.execute(_CONVERSATIONS, *_columns(places))
        counted = Counter(
            (one.event["company_id"], one.event["type"], one.at.date()) for one in fresh
        )
        if counted:
            rows = sorted((*key, count) for key, count in counted.items())
            await conn.execute(_COUNTS, self._partition, *_columns(rows))


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _message(found: tuple[_Logged, str]) -> tuple[str | int | UUID | date | None, ...]:
    one, direction = found
    payload = one.event["payload"]
    kind = one.event["type"].partition(".")[2] if direction == "in" else "text"
    status = "received" if direction == "in" else "sent"
    return (
        *(*one.place, payload["message_id"], one.event_id),
        *(direction, kind, payload.get("text"), status, one.at, one.position),
    )


def _conversations(fresh: Sequence[_Logged]) -> list[tuple[Any, ...]]:
    """One row a conversation, in key order: counts added up, the last text of all."""
    found: dict[_Place, list[Any]] = {}
    for one in fresh:
        if not one.place[1]:
            continue
        row = found.setdefault(one.place, [0, 0, None, None, one.at])
        if direction := one.direction:
            row[0 if direction == "in" else 1] += 1
            row[2], row[3] = one.event["payload"].get("text"), one.at
    return [(*place, *found[place]) for place in sorted(found)]
