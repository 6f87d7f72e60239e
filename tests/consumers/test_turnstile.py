"""Who is let through next: never one crowd alone while somebody else waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from consumers.turnstile import Turnstile, on_behalf_of


class Visitors:
    """Come one after the other, and stay inside until they are let out."""

    def __init__(self, places: int) -> None:
        self._turnstile = Turnstile(places)
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.entered: list[str] = []

    async def come(self, *names: str) -> None:
        """Each for whom its first letter names."""
        for name in names:
            self._leave[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._visit(name), name=name)
            await _settled()

    async def leave(self, *names: str) -> None:
        for name in names:
            self._leave[name].set()
            await self._tasks[name]
            await _settled()

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait({self._tasks[name]})

    async def leave_in_turn(self) -> Sequence[str]:
        """Let out whoever is inside for the longest until nobody is; the order of the entries."""
        for name in self.entered:
            if not self._tasks[name].done():
                await self.leave(name)
        return self.entered

    async def _visit(self, name: str) -> None:
        with on_behalf_of(name[0]):
            async with passed(self._turnstile):
                self.entered.append(name)
                await self._leave[name].wait()


@asynccontextmanager
async def passed(turnstile: Turnstile) -> AsyncIterator[None]:
    who = await turnstile.enter()
    try:
        yield
    finally:
        turnstile.leave(who)


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_alone_has_all_places_and_waits_for_no_more() -> None:
    here = Visitors(places=3)
    await here.come("a1", "a2", "a3", "a4")
    assert here.entered == ["a1", "a2", "a3"]
    await here.leave("a2")
    assert here.entered == ["a1", "a2", "a3", "a4"]
    await here.leave("a1", "a3", "a4")


async def test_who_comes_behind_a_crowd_is_let_through_before_the_rest_of_it() -> None:
    here = Visitors(places=3)
    await here.come("a1", "a2", "a3", "a4", "a5", "b1", "c1")
    assert list(await here.leave_in_turn()) == ["a1", "a2", "a3", "b1", "c1", "a4", "a5"]


async def test_one_that_waits_much_takes_turns_with_one_that_waits_as_much() -> None:
    here = Visitors(places=1)
    await here.come("a1", "a2", "a3", "b1", "b2", "b3")
    assert list(await here.leave_in_turn()) == ["a1", "a2", "b1", "a3", "b2", "b3"]


async def test_a_place_that_somebody_gave_up_waiting_for_goes_to_the_next() -> None:
    here = Visitors(places=1)
    await here.come("a1", "b1", "c1")
    await here.give_up("b1")
    await here.leave("a1")
    assert here.entered == ["a1", "c1"]
    await here.leave("c1")
    await here.come("d1")
    assert here.entered == ["a1", "c1", "d1"]
    await here.leave("d1")


async def test_a_place_given_to_one_who_is_cancelled_at_that_moment_is_not_lost() -> None:
    turnstile = Turnstile(1)
    inside = passed(turnstile)
    await inside.__aenter__()

    async def pass_through() -> None:
        async with passed(turnstile):
            pass

    cancelled = asyncio.create_task(pass_through(), name="cancelled")
    next_one = asyncio.create_task(pass_through(), name="next")
    await _settled()
    await inside.__aexit__(None, None, None)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    async with asyncio.timeout(60):
        await next_one
        await pass_through()


async def test_a_place_is_free_again_after_an_error_inside() -> None:
    turnstile = Turnstile(1)

    async def fail() -> None:
        async with passed(turnstile):
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with asyncio.timeout(60), passed(turnstile):
        pass
