"""The streams of a bench: filled at once, and watched until a group has acknowledged all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from consumers.redis_clients import RedisClient
from events.partitioning import stream_key
from runtime.settings import Settings

_FILL = """
for i = 2, #ARGV do redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[i]) end
"""
_AT_ONCE = 500
_LOOK_EVERY_S = 0.03


class Entry(NamedTuple):
    """What stands in a stream: an event's body, and the partition that it belongs to."""

    partition: int
    body: bytes


class Streams:
    """The streams of the settings' prefix."""

    def __init__(self, redis: RedisClient, settings: Settings) -> None:
        self._redis = redis
        self._keys = [stream_key(p, settings.stream_prefix) for p in range(settings.partitions)]

    async def fill(
        self, entries: Sequence[Entry], *, field: str, filled: Callable[[int], None]
    ) -> None:
        """Append them as fast as Redis takes them, not validated; `filled` is told how many."""
        for start in range(0, len(entries), _AT_ONCE * len(self._keys)):
            bodies: dict[int, list[bytes]] = {}
            for entry in entries[start : start + _AT_ONCE * len(self._keys)]:
                bodies.setdefault(entry.partition, []).append(entry.body)
            for partition, several in bodies.items():
                for at in range(0, len(several), _AT_ONCE):
                    part = several[at : at + _AT_ONCE]
                    filling: Any = self._redis.eval(_FILL, 1, self._keys[partition], field, *part)
                    await filling
                    filled(len(part))

    async def wait_grouped(self, group: str, alive: Callable[[], None]) -> None:
        """Until every stream has the group. `alive` raises when nobody will make it any more."""
        while any(told is None for told in await self._told(group)):
            alive()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def acknowledged(self, group: str) -> int:
        """How many entries the group has read and acknowledged, over all streams.

        Before a group that was made at an id has read anything, Redis does not know how many.
        """
        told = [one for one in await self._told(group) if one is not None]
        return sum((one["entries-read"] or 0) - one["pending"] for one in told)

    async def wait_acknowledged(
        self, group: str, at_least: int, alive: Callable[[], None]
    ) -> tuple[int, float]:
        """Until the group has acknowledged so many; returns how many, and the loop's time then."""
        while True:
            found, now = await self.acknowledged(group), asyncio.get_running_loop().time()
            if found >= at_least:
                return found, now
            alive()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _told(self, group: str) -> list[dict[str, Any] | None]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in self._keys:
                pipe.xinfo_groups(key)
            answers = await pipe.execute(raise_on_error=False)
        return [_of_group(answer, group) for answer in answers]


def _of_group(answer: Any, group: str) -> dict[str, Any] | None:
    """What XINFO GROUPS says of it; None where there is no stream or no such group yet."""
    if isinstance(answer, ResponseError):
        return None
    if isinstance(answer, Exception):
        raise answer
    for told in answer:
        if told["name"] == group.encode():
            return dict(told)
    return None
