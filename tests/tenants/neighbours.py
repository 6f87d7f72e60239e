"""Two tenants at home in a loop of their own, so that tests that are no coroutines can watch them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.tenants.house import House, house

T = TypeVar("T")


@dataclass(frozen=True)
class Neighbours:
    """A house whose loop runs in a thread of its own, beside Hypothesis'."""

    house: House
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(100)


@contextmanager
def neighbours(database_url: str, redis_url: str, folder: Path) -> Iterator[Neighbours]:
    """At home until the block ends."""
    ready: Future[Neighbours] = Future()
    over = asyncio.Event()

    async def live() -> None:
        try:
            async with house(database_url, redis_url, folder) as here:
                ready.set_result(Neighbours(here, asyncio.get_running_loop()))
                await over.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="house")
    thread.start()
    try:
        made = ready.result(60)
        yield made
    finally:
        if ready.done() and ready.exception() is None:
            ready.result().loop.call_soon_threadsafe(over.set)
        thread.join(60)
