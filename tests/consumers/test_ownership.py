"""One owner a partition, whatever freezes, leaves or reads what is not its own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import Any, cast

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers.engine_settings import EngineSettings
from consumers.errors import LeaseLost, TransientFault
from consumers.failure_streak import FailureStreak
from consumers.groups import PROJECTIONS
from consumers.intake import Entry, take_in
from consumers.leased import Member as LeaseMember
from consumers.leases import Leases
from consumers.observer import SilentObserver
from consumers.transaction import BatchTransactions
from events.entry_id import EntryId
from events.partitioning import stream_key
from tests.consumers.members import (
    SETTINGS,
    Member,
    beat,
    living_member,
    member,
    wait_caught_up,
)
from tests.consumers.test_dead_letters import PARTITION, body


async def wait_owned(*members: Member) -> list[set[int]]:
    async with asyncio.timeout(30):
        while True:
            owned = [set(m.engine.status().partitions) for m in members]
            sizes = sorted(map(len, owned))
            if sum(sizes) == 16 == len(set.union(*owned)) and sizes[-1] - sizes[0] <= 1:
                return owned
            await asyncio.sleep(0.02)


async def assert_logged(conn: asyncpg.Connection, count: int) -> None:
    """The first so many events, each once and in their order."""
    logged = await conn.fetch(
        "SELECT event_id::text AS id FROM runtime.event_log ORDER BY position"
    )
    assert [r["id"] for r in logged] == [body(n)["id"] for n in range(count)]


@asynccontextmanager
async def who_has_consumed_one(
    database_url: str, redis_url: str, redis: Redis
) -> AsyncIterator[None]:
    """A member that owns all partitions and has committed an event of one."""
    async with member(database_url, redis_url) as running:
        await wait_owned(running)
        await redis.xadd(stream_key(PARTITION), {"event": orjson.dumps(body(0))})
        await wait_caught_up(database_url, redis_url)
        yield


async def test_members_share_fairly_and_a_clean_stop_hands_over_at_once(
    database_url: str, redis_url: str
) -> None:
    slow_lease = EngineSettings(lease_s=600, heartbeat_s=0.1, block_ms=1000)
    async with member(database_url, redis_url, member_id="stays", settings=slow_lease) as stays:
        await wait_owned(stays)
        before = dict(stays.engine.status().partitions)
        async with member(
            database_url, redis_url, member_id="leaves", settings=slow_lease
        ) as leaves:
            owned = await wait_owned(stays, leaves)
            assert sorted(map(len, owned)) == [8, 8]
            assert not owned[0] & owned[1]
        # Far below the lease time: nothing waits for it to run out.
        await wait_owned(stays)
        kept = stays.engine.status().partitions
        assert all(kept[p].epoch == before[p].epoch for p in owned[0])
        assert all(kept[p].epoch == before[p].epoch + 2 for p in owned[1])


async def test_each_beat_tells_when_postgres_answered(database_url: str, redis_url: str) -> None:
    async with member(database_url, redis_url) as running, asyncio.timeout(30):
        last = monotonic()
        for _ in range(3):
            while (told := running.engine.status().answered_at) is None or told <= last:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)
            last = told


class CountingMoves(SilentObserver):
    """Partitions in the order in which any member took them."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def partition_taken(self, group: str, partition: int, epoch: int) -> None:
        self.taken.append(partition)


async def test_a_join_and_a_leave_move_only_what_must_move(
    database_url: str, redis_url: str
) -> None:
    slow_lease = EngineSettings(lease_s=600, heartbeat_s=0.1, block_ms=1000)
    moves = CountingMoves()

    def starting(name: str) -> AbstractAsyncContextManager[Member]:
        return member(database_url, redis_url, member_id=name, observer=moves, settings=slow_lease)

    async with starting("m1") as one, starting("m2") as two, starting("m3") as three:
        before = await wait_owned(one, two, three)
        moves.taken.clear()
        async with starting("m4") as four:
            after = await wait_owned(one, two, three, four)
            assert sorted(moves.taken) == sorted(after[3])
            assert len(after[3]) == 4
            assert all(new <= old for new, old in zip(after, before, strict=False))
            moves.taken.clear()
            left = set(three.engine.status().partitions)
            await three.stop()
            # Far below the lease time: a clean stop waits for nothing.
            await wait_owned(one, two, four)
            assert sorted(moves.taken) == sorted(left)


async def test_a_stale_owner_cannot_commit(pool: asyncpg.Pool) -> None:
    stale = await living_member(pool, "stale")
    state = await stale.take(PARTITION)
    assert state is not None
    entry = Entry(EntryId(5, 0), {b"event": orjson.dumps(body(1))})
    intake = take_in(PARTITION, [entry], partitions=16, after=state.cursor)
    assert intake is not None
    await stale.leave()
    taker = await living_member(pool, "taker")
    assert await taker.take(PARTITION) is not None
    transactions = BatchTransactions(
        pool,
        group=PROJECTIONS,
        member=LeaseMember("projections", "stale", SETTINGS.lease_s),
        streaks={p.name: FailureStreak() for p in PROJECTIONS.projections},
    )
    with pytest.raises(LeaseLost):
        await transactions.commit([intake], {PARTITION: state})
    assert await pool.fetchval("SELECT count(*) FROM runtime.event_log") == 0


async def test_of_members_that_race_for_a_partition_one_gets_it(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=8, max_size=16)
    # A beat bounds how long who loses waits for the winner, which may be slow here.
    patient = replace(SETTINGS, lease_s=30.0, heartbeat_s=5.0)
    racing = [
        Leases(pool, group="projections", member_id=f"m{n}", settings=patient) for n in range(8)
    ]
    await racing[0].prepare(16)
    for epoch in range(1, 21):
        await asyncio.gather(*(beat(pool, f"m{n}", lease_s=patient.lease_s) for n in range(8)))
        states = await asyncio.gather(*(leases.take(PARTITION) for leases in racing))
        (winner,) = [n for n, state in enumerate(states) if state is not None]
        snapshot = await racing[0].snapshot()
        assert snapshot.owners[PARTITION] == f"m{winner}"
        assert snapshot.epochs[PARTITION] == epoch
        await racing[winner].release([PARTITION])
    await pool.close()


async def test_a_member_that_is_long_dead_is_forgotten(database_url: str, redis_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute(
        "INSERT INTO runtime.members SELECT 'projections', name, 'host', 1, at, at, at"
        "  FROM (VALUES ('long', now() - interval '2 hours'), ('lately', now())) AS m (name, at)"
    )
    members = "SELECT array_agg(member_id ORDER BY member_id) FROM runtime.members"
    async with asyncio.timeout(60), member(database_url, redis_url, member_id="living"):
        while await conn.fetchval(members) != ["lately", "living"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await conn.close()


async def test_a_member_whose_row_was_deleted_comes_back_and_nothing_is_lost(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    conn = await asyncpg.connect(database_url)
    async with (
        member(database_url, redis_url, member_id="one") as one,
        member(database_url, redis_url, member_id="two") as two,
    ):
        await wait_owned(one, two)
        for number in range(20):
            await redis.xadd(stream_key(PARTITION), {"event": orjson.dumps(body(number))})
            if number % 4 == 0:
                await conn.execute("DELETE FROM runtime.members WHERE member_id = 'one'")
                async with asyncio.timeout(30):
                    while await conn.fetchval("SELECT count(*) FROM runtime.members") < 2:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
        await wait_caught_up(database_url, redis_url)
        await wait_owned(one, two)
    await assert_logged(conn, 20)
    await conn.close()
    await redis.aclose()


async def test_a_take_that_waits_for_a_migration_does_not_end_it(pool: asyncpg.Pool) -> None:
    taker = await living_member(pool, "taker")
    async with pool.acquire() as migrating, migrating.transaction():
        await migrating.execute("LOCK TABLE runtime.partition_owners")
        with pytest.raises(TransientFault, match="55P03"):
            await taker.take(PARTITION)
        assert await migrating.fetchval("SELECT 1") == 1
    assert await taker.take(PARTITION) is not None


class OnlyTransactions:
    """A pool whose connections break when a statement alone is cancelled."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.acquire = pool.acquire

    async def execute(self, *_: Any) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise asyncpg.InternalClientError("got result for unknown protocol state 3") from None
        return ""


async def test_a_take_whose_blockers_cannot_be_ended_says_that_it_waited(
    pool: asyncpg.Pool,
) -> None:
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    await living_member(pool, "taker")
    broken = cast("asyncpg.Pool", OnlyTransactions(pool))
    taker = Leases(broken, group="projections", member_id="taker", settings=SETTINGS)
    async with pool.acquire() as blocking, blocking.transaction():
        await blocking.execute("SELECT FROM runtime.partition_owners FOR SHARE")
        with pytest.raises(TransientFault, match="55P03"):
            await taker.take(PARTITION)
    gc.collect()
    assert unhandled == []


async def test_entries_that_a_stale_owner_took_are_read_again(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    key = stream_key(PARTITION)
    async with who_has_consumed_one(database_url, redis_url, redis):
        # One step on the server: no member can read between the two commands.
        await redis.eval(
            "redis.call('XADD', KEYS[1], '*', 'event', ARGV[1])"
            " return redis.call('XREADGROUP', 'GROUP', 'projections', 'stale', 'STREAMS',"
            " KEYS[1], '>')",
            1,
            key,
            orjson.dumps(body(1)),
        )
        await redis.xadd(key, {"event": orjson.dumps(body(2))})
        await wait_caught_up(database_url, redis_url)
        # It is forgotten at the read behind the one that gave what it held.
        async with asyncio.timeout(30):
            while "stale" in await consumers_of(redis, key):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    await assert_logged(conn, 3)
    await conn.close()


async def consumers_of(redis: Redis, key: str) -> set[str]:
    """Of the group `projections`."""
    return {info["name"].decode() for info in await redis.xinfo_consumers(key, "projections")}


async def test_a_lost_consumer_group_is_recreated_at_the_checkpoint(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    key = stream_key(PARTITION)
    async with who_has_consumed_one(database_url, redis_url, redis):
        await redis.xgroup_destroy(key, "projections")
        await redis.xadd(key, {"event": orjson.dumps(body(1))})
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    counts = await conn.fetchrow(
        "SELECT sum(read)::int, sum(applied)::int, sum(duplicate)::int FROM runtime.checkpoints"
    )
    await conn.close()
    assert counts is not None
    assert tuple(counts) == (2, 2, 0)


async def test_cut_connections_lose_nothing(database_url: str, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    conn = await asyncpg.connect(database_url)
    async with member(database_url, redis_url):
        for number in range(30):
            await redis.xadd(stream_key(PARTITION), {"event": orjson.dumps(body(number))})
            if number % 5 == 1:
                await redis.client_kill_filter(_type="normal", skipme=True)
            if number % 5 == 3:
                await conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        await wait_caught_up(database_url, redis_url)
    await assert_logged(conn, 30)
    received = await conn.fetchval("SELECT received_count FROM projections.conversations")
    await conn.close()
    await redis.aclose()
    assert received == 30
