"""What is read before its forerunner is committed: used where it is the next, read anew elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg
from redis.asyncio import Redis

from consumers.accounts import Accounts
from consumers.engine_settings import EngineSettings
from consumers.groups import PROJECTIONS
from consumers.leased import Member
from consumers.observer import SilentObserver
from consumers.partition_state import PartitionState
from consumers.reader import Found, Reader
from consumers.recovery import Recovery
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from events.entry_id import ZERO
from tests.consumers.members import member, redis_clients, wait_caught_up
from tests.consumers.one_stream import KEY, PARTITION, SMALL, append, logged

NEVER = float("inf")


@dataclass
class Reading:
    """A reader of one partition that is in step with its stream, and whose next look is far off."""

    reader: Reader
    state: PartitionState
    redis: Redis

    @property
    def states(self) -> dict[int, PartitionState]:
        return {PARTITION: self.state}

    async def read(self) -> Found:
        return await self.reader.read_new(self.states, hurried=True)

    def begin_ahead(self, found: Found) -> None:
        self.reader.read_ahead(self.states, found)

    async def first_of(self, entries: int) -> Found:
        """The first batch of so many entries."""
        await append(self.redis, range(entries))
        return await self.read()

    async def go_ahead(self, entries: int = 25) -> Found:
        """The first batch, committed; the next was begun to be read before."""
        first = await self.first_of(entries)
        self.begin_ahead(first)
        self.commit(first)
        return first

    def commit(self, found: Found) -> None:
        self.state.cursor = found[PARTITION][-1].id

    async def pending(self) -> int:
        return int((await self.redis.xpending(KEY, PROJECTIONS.name))["pending"])


@asynccontextmanager
async def reading(
    database_url: str, redis_url: str, settings: EngineSettings = SMALL
) -> AsyncIterator[Reading]:
    async with (
        asyncpg.create_pool(database_url, min_size=0, max_size=2) as pool,
        redis_clients(redis_url) as clients,
    ):
        name = PROJECTIONS.name
        streams = GroupStreams(clients, group=name, consumer="one", prefix="domain-events")
        await streams.ensure_group(PARTITION, ZERO)
        watch = StreamWatch(clients, group=name, prefix="domain-events")

        async def nothing() -> None:
            """No topology is restored here."""

        recovery = Recovery(
            PROJECTIONS,
            streams=streams,
            watch=watch,
            accounts=Accounts(pool, member=Member(name, "one", 10.0)),
            restore_topology=nothing,
            observer=SilentObserver(),
        )
        reader = Reader(
            PROJECTIONS,
            streams=streams,
            watch=watch,
            recovery=recovery,
            settings=settings,
            observer=SilentObserver(),
        )
        state = PartitionState(PARTITION, 1, ZERO, 0, synced=True, look_at=NEVER)
        redis = Redis.from_url(redis_url, decode_responses=True)
        try:
            yield Reading(reader, state, redis)
        finally:
            await reader.give_up()
            await redis.aclose()


def ids(found: Found) -> list[str]:
    return [str(entry.id) for entry in found.get(PARTITION, [])]


async def test_the_next_entries_are_read_before_the_first_are_committed(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        added = await append(here.redis, range(25))
        first = await here.read()
        here.begin_ahead(first)
        async with asyncio.timeout(60):
            while await here.pending() < 20:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.005)
        here.commit(first)
        second = await here.read()
        assert ids(first) + ids(second) == added[:20]
        here.commit(second)
        assert ids(await here.read()) == added[20:]
        assert here.state.synced


async def test_what_was_read_ahead_of_a_commit_that_failed_is_not_used(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        here.begin_ahead(await here.first_of(25))
        assert await here.read() == {}
        assert not here.state.synced


async def test_what_was_read_ahead_for_another_state_is_not_used(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        await here.go_ahead()
        before, here.state = here.state, replace(here.state)
        assert await here.read() == {}
        assert not before.synced


async def test_what_is_forgotten_is_unsynced_once_and_not_its_next_owner(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        await here.go_ahead()
        here.reader.forget([PARTITION])
        assert not here.state.synced
        here.state.synced = True
        assert await here.read() == {}
        assert here.state.synced


async def test_nothing_is_read_ahead_where_a_look_is_due_or_nothing_was_left(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        first = await here.first_of(25)
        here.state.look_at = 0.0
        here.begin_ahead(first)
        here.state.look_at = NEVER
        here.commit(first)
        second = await here.read()
        here.commit(second)
        here.begin_ahead(second)
        here.commit(third := await here.read())
        here.begin_ahead(third)
        added = await append(here.redis, [25])
        assert ids(await here.read()) == added


async def test_acknowledgements_go_with_the_next_read_that_is_begun_however_late_it_is(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        first = await here.go_ahead(30)
        await here.reader.acknowledge(first, at_once=False)
        second = await here.read()
        # The read is done already: nothing takes the acknowledgements along.
        here.commit(second)
        await here.reader.acknowledge(second, at_once=False)
        third = await here.read()
        here.commit(third)
        await here.reader.acknowledge(third, at_once=False)
        assert await here.read() == {}
        assert await here.pending() == 0


async def test_an_interruption_ends_the_wait_for_what_is_read_ahead(
    database_url: str, redis_url: str
) -> None:
    async with reading(database_url, redis_url) as here:
        first = await here.first_of(25)
        await here.redis.client_pause(timeout=60_000, all=False)
        here.begin_ahead(first)
        here.commit(first)
        going_on = asyncio.create_task(here.read())
        await asyncio.sleep(0)
        here.reader.interrupt()
        assert await going_on == {}
        assert not here.state.synced
        await here.redis.client_unpause()


async def test_a_stop_in_the_middle_of_a_backlog_leaves_all_of_it_to_the_next_owner(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    await append(redis, range(400))
    settings = replace(SMALL, heartbeat_s=1.0)
    async with member(database_url, redis_url, settings=settings):
        async with asyncio.timeout(60):
            while not await logged(database_url):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.005)
    some = await logged(database_url)
    async with member(database_url, redis_url, member_id="next", settings=settings):
        await wait_caught_up(database_url, redis_url)
    assert await logged(database_url) == list(range(400))
    assert some == list(range(len(some)))
    await redis.aclose()
