"""Publishes events: validated first, many in one round trip, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster

from events.acceptance import place_of, publishable
from events.appending import TRANSIENT, Appender
from events.codec import encode
from events.entry_id import EntryId
from events.envelope import Event
from events.errors import InvalidEvent, PartitionsDisagree, PublishFailed
from events.partitioning import (
    DEFAULT_PARTITIONS,
    DEFAULT_PREFIX,
    partition_of,
    stream_key,
    topology_key,
)

__all__ = ["TRANSIENT", "Publisher", "PublisherSettings", "publishable"]


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """How batches are made, of which each goes to one partition.

    One round trip takes a batch to each partition, in a cluster to one. `max_batch` counts the
    events of a batch, `max_batch_bytes` the bytes of a round trip, `parallel_batches` round trips at
    once, each over a connection of its own. `attempts` counts tries of one batch, waits double
    from 50 ms.
    """

    partitions: int = DEFAULT_PARTITIONS
    prefix: str = DEFAULT_PREFIX
    max_batch: int = 500
    max_batch_bytes: int = 4 * 1024 * 1024
    parallel_batches: int = 8
    attempts: int = 5


class Publisher:
    """Publishes events with one batch in flight a partition, so that order holds.

    The client stays the caller's; it may be a cluster's. Publishing again after a failure is
    harmless: an event's id is its idempotency key. Redis replicates behind its answers, so what it
    confirmed just before a failover may be lost with the old primary: publish that again too.
    """

    def __init__(
        self, redis: Redis | RedisCluster, *, settings: PublisherSettings | None = None
    ) -> None:
        self._redis = redis
        self._settings = settings or PublisherSettings()
        self._in_flight = [asyncio.Lock() for _ in range(self._settings.partitions)]
        self._slots = asyncio.Semaphore(self._settings.parallel_batches)
        self._appender = Appender(redis, attempts=self._settings.attempts)

    async def verify_topology(self) -> None:
        """Hold our number of partitions against the one recorded in Redis.

        Raises:
            PartitionsDisagree: another number is recorded, or none: run `agent-runtime migrate`.
        """
        key = topology_key(self._settings.prefix)
        recorded = await self._redis.hget(key, "partitions")
        if recorded is None or int(recorded) != self._settings.partitions:
            raise PartitionsDisagree(
                ours=self._settings.partitions,
                recorded=None if recorded is None else int(recorded),
                where=f"Redis ({key})",
            )

    async def publish(self, events: Sequence[Event]) -> list[EntryId]:
        """Append events; entry ids in the order of `events`.

        Events of one conversation keep their order. Nothing is sent when one is refused.

        Raises:
            InvalidEvent: an event is too large or of a type or version outside the catalogue.
            PublishFailed: Redis did not confirm a batch; others may have been sent.
        """
        return await self.publish_raw([encode(event) for event in events])

    async def publish_raw(self, bodies: Sequence[bytes]) -> list[EntryId]:
        """Append bodies verbatim after validating each; otherwise as `publish`."""
        by_partition = self._by_partition(bodies)
        ids: list[EntryId | None] = [None] * len(bodies)
        failures: list[Exception] = []
        if self._appender.one_server:
            await self._send(by_partition, bodies, ids, failures)
        else:
            async with asyncio.TaskGroup() as tasks:
                for partition, of in by_partition.items():
                    sending = self._send({partition: of}, bodies, ids, failures)
                    tasks.create_task(sending, name=f"publish-{partition}")
        if failures:
            unconfirmed = ids.count(None)
            raise PublishFailed(str(failures[0]), unconfirmed=unconfirmed) from failures[0]
        return cast("list[EntryId]", ids)

    def _by_partition(self, bodies: Sequence[bytes]) -> dict[int, list[int]]:
        """Indexes of the bodies by partition, in order."""
        partitions = self._settings.partitions
        found: list[list[int]] = [[] for _ in range(partitions)]
        index = 0
        try:
            for index, body in enumerate(bodies):
                company_id, conversation_id = place_of(body)
                found[partition_of(company_id, conversation_id, partitions)].append(index)
        except InvalidEvent as error:
            error.index = index
            raise
        return {partition: indexes for partition, indexes in enumerate(found) if indexes}

    async def _send(
        self,
        share: Mapping[int, list[int]],
        bodies: Sequence[bytes],
        ids: list[EntryId | None],
        failures: list[Exception],
    ) -> None:
        """Send each partition's events in order, up to the partition's first batch that fails.

        A failure is put down, not raised: before Python 3.13 a task that fails in a group leaves
        the caller's task marked as cancelled, and a loop that asks for the mark ends there.
        """
        async with self._alone_in(share):
            most = self._settings.max_batch_bytes // max(len(share), 1)
            waiting = {
                stream_key(partition, self._settings.prefix): self._batches(indexes, bodies, most)
                for partition, indexes in share.items()
            }
            while batches := {
                key: batch for key, of in waiting.items() if (batch := next(of, None))
            }:
                async with self._slots:
                    outcomes = await self._appender.append(
                        {key: [bodies[index] for index in batch] for key, batch in batches.items()}
                    )
                for key, outcome in outcomes.items():
                    if isinstance(outcome, Exception):
                        failures.append(outcome)
                        del waiting[key]
                    else:
                        for index, entry_id in zip(batches[key], outcome, strict=True):
                            ids[index] = entry_id

    @asynccontextmanager
    async def _alone_in(self, partitions: Iterable[int]) -> AsyncIterator[None]:
        """Nobody else has a batch in flight in them meanwhile."""
        held: list[asyncio.Lock] = []
        try:
            # In one order everywhere, so that no two calls wait for each other.
            for partition in sorted(partitions):
                lock = self._in_flight[partition]
                await lock.acquire()
                held.append(lock)
            yield
        finally:
            for lock in held:
                lock.release()

    def _batches(
        self, indexes: list[int], bodies: Sequence[bytes], most_bytes: int
    ) -> Iterator[list[int]]:
        most = self._settings.max_batch
        for start in range(0, len(indexes), most):
            batch = indexes[start : start + most]
            sizes = [len(bodies[index]) for index in batch]
            if sum(sizes) <= most_bytes:
                yield batch
            else:
                yield from _split(batch, sizes, most_bytes)


def _split(batch: list[int], sizes: list[int], most_bytes: int) -> Iterator[list[int]]:
    """A batch that is too large, in pieces that are not, or hold a single body."""
    first, size = 0, 0
    for at, length in enumerate(sizes):
        if at > first and size + length > most_bytes:
            yield batch[first:at]
            first, size = at, 0
        size += length
    yield batch[first:]
