"""Appends events to their streams: validated first, many in one round trip, in order."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import (
    ClusterError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from events.codec import decode, encode
from events.entry_id import EntryId
from events.envelope import Event
from events.errors import InvalidEvent, PartitionsDisagree, PublishFailed, Reason
from events.partitioning import (
    DEFAULT_PARTITIONS,
    DEFAULT_PREFIX,
    partition_of,
    stream_key,
    topology_key,
)
from events.payload import NewerVersion, UnknownType

_APPEND = """
local ids = {}
for i = 1, #ARGV do ids[i] = redis.call('XADD', KEYS[1], '*', 'event', ARGV[i]) end
return ids
"""
_APPEND_SHA = hashlib.sha1(_APPEND.encode(), usedforsecurity=False).hexdigest()
TRANSIENT = (
    *(RedisConnectionError, RedisTimeoutError, OSError),
    # While a replica takes over: nobody serves the slot, or who did is a replica now.
    *(ClusterError, RedisClusterException, TryAgainError, ReadOnlyError),
)
"""Redis may take the same again a moment later."""

_Indexed = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """How batches are made. `attempts` counts tries of one batch, waits double from 50 ms."""

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
        by_partition: dict[int, _Indexed] = {}
        for index, body in enumerate(bodies):
            try:
                event = publishable(body)
            except InvalidEvent as error:
                error.index = index
                raise
            partition = partition_of(
                event.company_id, event.conversation_id, self._settings.partitions
            )
            by_partition.setdefault(partition, []).append((index, body))
        ids: dict[int, EntryId] = {}
        failures: list[PublishFailed] = []
        async with asyncio.TaskGroup() as tasks:
            for partition, indexed in by_partition.items():
                sending = self._send(partition, indexed, ids, failures)
                tasks.create_task(sending, name=f"publish-{partition}")
        if failures:
            cause = failures[0].__cause__
            raise PublishFailed(str(cause), unconfirmed=len(bodies) - len(ids)) from cause
        return [ids[index] for index in range(len(bodies))]

    async def _send(
        self,
        partition: int,
        indexed: _Indexed,
        ids: dict[int, EntryId],
        failures: list[PublishFailed],
    ) -> None:
        """Send one partition's events in order, up to the first batch that fails.

        A failure is put down, not raised: before Python 3.13 a task that fails in a group leaves
        the caller's task marked as cancelled, and a loop that asks for the mark ends there.
        """
        key = stream_key(partition, self._settings.prefix)
        async with self._in_flight[partition]:
            for batch in self._batches(indexed):
                try:
                    async with self._slots:
                        answer = await self._append_batch(key, [body for _, body in batch])
                except PublishFailed as failure:
                    failures.append(failure)
                    return
                for (index, _), entry_id in zip(batch, answer, strict=True):
                    ids[index] = EntryId.written(entry_id)

    async def _append_batch(self, key: str, bodies: list[bytes]) -> list[bytes]:
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(TRANSIENT),
                stop=stop_after_attempt(self._settings.attempts),
                wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
                reraise=True,
            ):
                with attempt:
                    answer = await self._append(key, bodies)
        except (RedisError, RedisClusterException, OSError) as error:
            raise PublishFailed(f"Redis: {error}", unconfirmed=len(bodies)) from error
        return answer

    async def _append(self, key: str, bodies: list[bytes]) -> list[bytes]:
        """The script by its hash; in full where the stream's server does not know it yet.

        In a cluster each node has its own scripts, and only the stream's node must be up.
        """
        try:
            answer: Any = await self._redis.evalsha(_APPEND_SHA, 1, key, *bodies)
        except NoScriptError:
            answer = await self._redis.eval(_APPEND, 1, key, *bodies)
        return list(answer)

    def _batches(self, indexed: _Indexed) -> Iterator[_Indexed]:
        batch: _Indexed = []
        size = 0
        for item in indexed:
            too_many = len(batch) >= self._settings.max_batch
            if batch and (too_many or size + len(item[1]) > self._settings.max_batch_bytes):
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += len(item[1])
        if batch:
            yield batch


def publishable(body: bytes) -> Event:
    """The event, when a producer may publish it.

    Raises:
        InvalidEvent: as `decode`, and for types and versions outside the catalogue.
    """
    event = decode(body)
    if type(event.payload) is UnknownType:
        raise InvalidEvent(
            Reason.UNKNOWN_TYPE, f"{event.type} is not in the catalogue", field="type"
        )
    if type(event.payload) is NewerVersion:
        raise InvalidEvent(
            Reason.NEWER_VERSION, f"{event.version} is newer than this program", field="version"
        )
    return event
