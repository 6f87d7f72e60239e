"""Publishes planned events with plain XADD. Shares no code with what is tested.

Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ (CRC16)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.simulator.schedule import PARTITIONS, PlannedEvent

_PREFIX = "domain-events"
_RETRY_S = 0.02


def crc16(data: bytes) -> int:
    """XMODEM: polynomial 0x1021, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def partition(event: PlannedEvent) -> int:
    """Where the event belongs."""
    return crc16(f"{event.company}/{event.conversation}".encode()) % 16384 % PARTITIONS


def stream(number: int) -> str:
    """The partition's stream."""
    return f"{_PREFIX}:{{{number}}}"


def event_id(seed: int, number: int) -> str:
    """The event's id, the same whenever it is published."""
    return f"{seed:08x}-0000-7000-8000-{number:012x}"


def body(seed: int, event: PlannedEvent) -> str:
    """The event's JSON."""
    envelope = {
        "id": event_id(seed, event.number),
        "type": event.type,
        "version": 1,
        "occurred_at": f"2026-11-{event.day + 1:02}T12:00:00Z",
        "company_id": event.company,
        "conversation_id": event.conversation or None,
        "source": "simulator",
        "correlation_id": f"s-{seed}",
        "causation_id": None,
        "payload": _payload(event),
    }
    return json.dumps(envelope)


def _payload(event: PlannedEvent) -> dict[str, Any]:
    if not event.conversation:
        return {
            "purpose": "reply",
            "model": "m",
            "credential_set_id": "c",
            "tokens": {"prompt": 1, "completion": 1, "total": 2},
            "cost": "0.01",
            "ms": 1,
        }
    return {
        "message_id": f"m-{event.number}",
        "channel": "whatsapp",
        "contact": {"id": event.conversation},
        "text": event.text,
    }


class Producer:
    """Appends in order, one batch at a time, each again until Redis has confirmed it."""

    def __init__(self, redis_url: str, seed: int, events: Sequence[PlannedEvent]) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._seed = seed
        self._events = events
        self._batches: asyncio.Queue[tuple[int, ...] | None] = asyncio.Queue()

    def publish(self, numbers: tuple[int, ...]) -> None:
        """Queue a batch."""
        self._batches.put_nowait(numbers)

    def close(self) -> None:
        """No more batches: `run` returns when the last one is confirmed."""
        self._batches.put_nowait(None)

    async def run(self) -> None:
        """Publish until closed."""
        try:
            while (numbers := await self._batches.get()) is not None:
                while not await self._append(numbers):  # noqa: ASYNC110 - a server
                    await asyncio.sleep(_RETRY_S)
        finally:
            await self._redis.aclose()

    async def _append(self, numbers: tuple[int, ...]) -> bool:
        """Whether all are confirmed. A batch that is not is sent again as a whole, in order."""
        pipe = self._redis.pipeline(transaction=len(numbers) % 2 == 0)
        for number in numbers:
            event = self._events[number]
            pipe.xadd(stream(partition(event)), {"event": body(self._seed, event)})
        try:
            await pipe.execute()
        except (RedisError, OSError):
            return False
        return True
