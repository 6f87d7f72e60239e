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
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def aclose(self, *, within_s: float) -> None:
        """Wait for what runs, at most so long; then cancel the rest and wait for its end."""
        if not self._tasks:
            return
        _, left = await asyncio.wait(set(self._tasks), timeout=within_s)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, so that an error nobody waits for any more is no complaint of the loop's:
            # it has been reported by the call itself.
            task.exception()
