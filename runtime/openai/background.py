"""Calls that end even when their caller has gone, so that what they cost is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Runs work apart from who waits for it. Each piece is bounded in time by itself."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T], *, name: str) -> T:
        """The work's result. Who is cancelled while waiting leaves it running."""
        return await asyncio.shield(self.begin(work, name=name))

    def begin(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Work that nobody waits for; it begins with the loop's next round."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(self, *, within_s: float) -> None:
        """Wait for what runs, at most so long; then cancel the rest and wait for its end."""
        until = asyncio.get_running_loop().time() + within_s
        # What runs may begin more.
        while self._tasks and (left_s := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left_s)
        while left := set(self._tasks):
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, so that an error nobody waits for any more is no complaint of the loop's:
            # it has been reported by the call itself.
            task.exception()
