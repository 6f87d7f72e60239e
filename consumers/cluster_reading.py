"""New entries of several streams in a Redis Cluster, where one XREADGROUP serves one slot only.

A blocking XREADGROUP per stream would lose: when one of them answers, the others must be given
up, and an entry handed to a read that nobody waits for stays in the pending list, unread. So two
commands share the work. XREADGROUP without BLOCK takes entries, and is always waited for. XREAD
with BLOCK only waits: it hands nothing out, so it may end unnoticed. While a stream's wait is
pending nothing was added to it, so the stream need not be asked; and the wait goes on from one
read to the next, so that an event of one stream costs the others nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.asyncio.cluster import RedisCluster

MOST_WAITS = 64
"""Connections that wait at once; with more streams all are asked again every `POLL_MS`."""
POLL_MS = 100


class ClusterReading:
    """One consumer's reads. `client` must not retry; it serves one connection a waiting stream."""

    def __init__(self, client: RedisCluster, *, group: str, consumer: str) -> None:
        self._client = client
        self._group = group
        self._consumer = consumer
        self._waits: dict[str, asyncio.Task[None]] = {}

    async def read_new(
        self, keys: Iterable[str], *, count: int, block_ms: int
    ) -> dict[str, list[Any]]:
        """Raw entries by stream, at most `count` each; empty when none came within `block_ms`.

        When it is interrupted or raises, entries may have been given to this consumer that
        nobody saw: what lies behind the checkpoint must then be read again, of every stream.

        Source: https://redis.io/docs/latest/commands/xread/, …/xreadgroup/
        """
        wanted = list(keys)
        found = await self._take(self._perhaps_filled(wanted), count)
        if found or block_ms <= 1:
            return found
        if await self._wait_filled(wanted, block_ms):
            return await self._take(self._perhaps_filled(wanted), count)
        return {}

    def give_up_waiting(self) -> None:
        """End the waits in flight; nothing is lost by it."""
        for wait in self._waits.values():
            wait.cancel()
        self._waits.clear()

    def _perhaps_filled(self, keys: list[str]) -> list[str]:
        """The streams without a pending wait. Raises what ended a wait."""
        asked = []
        for key in keys:
            wait = self._waits.get(key)
            if wait is not None and not wait.done():
                continue
            if wait is not None:
                del self._waits[key]
                wait.result()
            asked.append(key)
        return asked

    async def _take(self, keys: list[str], count: int) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}

        async def take(key: str) -> None:
            answer: Any = await self._client.xreadgroup(
                self._group, self._consumer, {key: ">"}, count=count
            )
            for _, entries in answer or ():
                found[key] = entries

        # All are waited for, also when one fails: a connection that is cut in the middle of an
        # answer costs a new one, and entries already on their way to us.
        answers = await asyncio.gather(*map(take, keys), return_exceptions=True)
        for failure in answers:
            if failure is not None:
                raise failure
        return found

    async def _wait_filled(self, keys: list[str], block_ms: int) -> bool:
        """Wait until one of the streams may hold something new; False when none does."""
        idle = [key for key in keys if key not in self._waits]
        room = max(0, MOST_WAITS - len(self._waits))
        for key in idle[:room]:
            wait = asyncio.create_task(self._wait(key, block_ms), name=f"wait-{key}")
            wait.add_done_callback(_seen)
            self._waits[key] = wait
        waits = [self._waits[key] for key in keys if key in self._waits]
        most_ms = min(block_ms, POLL_MS) if len(waits) < len(keys) else block_ms
        if not waits:
            await asyncio.sleep(most_ms / 1000)
            return True
        done, _ = await asyncio.wait(
            waits, timeout=most_ms / 1000, return_when=asyncio.FIRST_COMPLETED
        )
        return bool(done) or len(waits) < len(keys)

    async def _wait(self, key: str, block_ms: int) -> None:
        """Until something stands behind what the group was given, at most `block_ms`."""
        groups: Any = await self._client.xinfo_groups(key)
        given = next((g["last-delivered-id"] for g in groups if _name(g) == self._group), None)
        if given is not None:
            await self._client.xread({key: given}, count=1, block=block_ms)


def _name(group: Any) -> str:
    name = group["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


def _seen(wait: asyncio.Task[None]) -> None:
    """Mark an error as seen; who reads next raises it, and at the end nobody may."""
    if not wait.cancelled():
        wait.exception()
