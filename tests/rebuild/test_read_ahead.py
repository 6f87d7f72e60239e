"""Chunks are read one ahead of the work, and no further."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from consumers.rebuild.pace import Pace
from consumers.rebuild.reading import read_ahead


class Source:
    """Chunks 1 to `last`; notes what was read of it, and whether it was closed."""

    def __init__(self, last: int, *, fails_at: int | None = None) -> None:
        self.read: list[int] = []
        self.is_closed = False
        self._last = last
        self._fails_at = fails_at

    async def chunks(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, self._last + 1):
                if number == self._fails_at:
                    raise OSError("the connection is gone")
                self.read.append(number)
                yield number
        finally:
            self.is_closed = True


async def settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_next_chunk_is_read_while_one_is_worked_on_and_no_further() -> None:
    source, worked_on = Source(4), list[int]()
    async with aclosing(read_ahead(source.chunks(), Pace())) as chunks:
        async for number in chunks:
            worked_on.append(number)
            await settled()
            assert source.read == [*range(1, min(number + 1, 4) + 1)]
    assert worked_on == [1, 2, 3, 4]
    assert source.is_closed


async def work(source: Source, done: list[int], *, stops_at: int | None = None) -> None:
    async with aclosing(read_ahead(source.chunks(), Pace())) as chunks:
        async for number in chunks:
            if number == stops_at:
                raise KeyError
            done.append(number)
            await settled()


async def test_who_stops_early_leaves_nothing_open() -> None:
    source = Source(9)
    with pytest.raises(KeyError):
        await work(source, [], stops_at=1)
    assert source.is_closed
    assert len(source.read) <= 2


async def test_a_failure_comes_after_the_chunks_before_it() -> None:
    source, done = Source(5, fails_at=3), list[int]()
    with pytest.raises(OSError, match="gone"):
        await work(source, done)
    assert done == [1, 2]
    assert source.is_closed


async def test_nothing_is_read_while_the_pace_is_none() -> None:
    source, pace = Source(2), Pace()
    pace.share = 0.0
    async with aclosing(read_ahead(source.chunks(), pace)) as chunks:
        first = asyncio.ensure_future(anext(chunks))
        await settled()
        assert source.read == []
        pace.share = 1.0
        assert await first == 1
