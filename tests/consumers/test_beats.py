"""Heart-beats of a member's groups, which go together, and the looks that come with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import asyncpg
import pytest

from consumers.accounts import Losses
from consumers.beats import Beats, Known, Look, Looks
from consumers.engine_settings import EngineSettings
from consumers.errors import TransientFault
from consumers.leases import Leases, Snapshot
from consumers.rhythm import until_next_s
from events.entry_id import ZERO, EntryId

SETTINGS = EngineSettings(partitions=2)
LONG_S = 600.0
"""A lease, by which no beat goes alone during a test."""
GROUPS = ("agent", "projections")


WAITING = """
    SELECT pid FROM pg_locks JOIN pg_stat_activity AS a USING (pid)
     WHERE NOT granted AND a.datname = current_database() ORDER BY query_start
"""


def nothing() -> Known:
    return {}


class Counted:
    """A pool that counts its statements, and holds them back until it is told to go on."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.asked = 0
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        self.asked += 1
        self.reached.set()
        await self.go_on.wait()
        return await self._pool.fetch(query, *args)


@asynccontextmanager
async def beats(
    database_url: str, *, lease_s: float = LONG_S
) -> AsyncIterator[tuple[Beats, Counted]]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        for group in GROUPS:
            await Leases(pool, group=group, member_id="ana", settings=SETTINGS).prepare(2)
        counted = Counted(pool)
        given = cast("asyncpg.Pool", counted)
        yield Beats(given, member_id="ana", lease_s=lease_s), counted


async def living(database_url: str) -> list[str]:
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch(
        "SELECT group_name FROM runtime.members"
        " WHERE member_id = 'ana' AND expires_at > clock_timestamp() ORDER BY group_name"
    )
    await conn.close()
    return [row["group_name"] for row in rows]


async def test_groups_that_beat_at_once_do_it_in_one_statement(database_url: str) -> None:
    async with beats(database_url) as (member, pool):
        looks = await asyncio.gather(*(member.beat(group, nothing) for group in GROUPS))
        assert pool.asked == 1
        await member.beat("agent", nothing)
        assert pool.asked == 2
    assert await living(database_url) == list(GROUPS)
    assert all(look.snapshot.living == {"ana"} for look in looks)


async def test_a_look_tells_of_its_own_group_alone(database_url: str) -> None:
    async with beats(database_url) as (member, _):
        conn = await asyncpg.connect(database_url)
        await conn.execute(
            "INSERT INTO runtime.losses"
            " (group_name, partition, generation, count, at_least, reason, after_entry_id)"
            " VALUES ('agent', 0, 1, 7, true, 'flushed', '0-0')"
        )
        await conn.execute(
            "UPDATE runtime.partition_owners SET owner = 'ana', epoch = 3"
            " WHERE group_name = 'agent' AND partition = 1"
        )
        await conn.execute(
            "UPDATE runtime.checkpoints SET entry_id = '5-1' WHERE group_name = 'agent'"
        )
        await conn.execute(
            "INSERT INTO runtime.requests (kind, group_name, partition, projection, company_id,"
            " conversation_id, requested_by) SELECT 'retry_parked', 'agent', p, 'inbox', 'c', 'x', 'o'"
            " FROM unnest('{0,1}'::int[]) AS p"
        )
        await conn.execute(
            "UPDATE runtime.projections SET state = 'detached', detail = 'broken'"
            " WHERE name = 'inbox'"
        )
        await conn.close()
        known = {1: (1, EntryId(4, 0))}
        agent, other = await asyncio.gather(
            member.beat("agent", lambda: known), member.beat("projections", nothing)
        )
    assert (agent.losses.count, agent.losses.at_least, agent.losses.reasons) == (7, True, "flushed")
    assert (agent.snapshot.owners, agent.snapshot.epochs) == ({0: None, 1: "ana"}, {0: 0, 1: 3})
    assert (agent.known, agent.stands[1]) == (known, (1, EntryId(5, 1)))
    assert [request["partition"] for request in agent.requests] == [1]
    assert (agent.detached, "inbox v1" in agent.fed) == ({"inbox": "broken"}, False)
    assert (other.losses, other.requests, other.detached) == (Losses(), (), {})
    assert (other.stands[1], "conversations v1" in other.fed) == ((1, ZERO), True)


async def test_one_group_that_gives_up_does_not_take_the_beat_from_the_other(
    database_url: str,
) -> None:
    async with beats(database_url) as (member, pool):
        pool.go_on.clear()
        both = [asyncio.create_task(member.beat(group, nothing)) for group in GROUPS]
        await pool.reached.wait()
        both[0].cancel()
        await asyncio.sleep(0)
        pool.go_on.set()
        look = await both[1]
        with pytest.raises(asyncio.CancelledError):
            await both[0]
    assert look.snapshot.living == {"ana"}


async def test_who_gives_up_alone_leaves_no_beat_behind(database_url: str) -> None:
    async with beats(database_url) as (member, pool):
        pool.go_on.clear()
        alone = asyncio.create_task(member.beat("agent", nothing))
        await pool.reached.wait()
        alone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await alone
        pool.go_on.set()
        assert await living(database_url) == []
        await member.beat("agent", nothing)
    assert await living(database_url) == ["agent"]


async def test_all_who_beat_together_are_told_that_postgres_is_away(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=0, max_size=1)
    await pool.close()
    member = Beats(pool, member_id="ana", lease_s=10.0)
    told = await asyncio.gather(
        *(member.beat(group, nothing) for group in GROUPS), return_exceptions=True
    )
    assert [type(fault) for fault in told] == [TransientFault, TransientFault]


@asynccontextmanager
async def locked(database_url: str, table: str) -> AsyncIterator[asyncpg.Connection]:
    """As a migration does that changes the table."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield conn
    finally:
        await conn.close()


async def wait_beaten(conn: asyncpg.Connection, count: int) -> None:
    """Until both groups have been beaten for so often again."""
    beat = "SELECT min(heartbeat_at) FROM runtime.members"
    async with asyncio.timeout(60):
        for _ in range(count):
            last = await conn.fetchval(beat)
            while await conn.fetchval(beat) in (last, None):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "table",
    ["partition_owners", "checkpoints", "losses", "projections", "requests"],
)
async def test_beats_go_on_while_a_table_of_the_look_is_locked(
    database_url: str, table: str
) -> None:
    async with beats(database_url, lease_s=2.0) as (member, _):
        async with locked(database_url, f"runtime.{table}") as migrating:
            looking = [asyncio.create_task(member.beat(group, nothing)) for group in GROUPS]
            await wait_beaten(migrating, 3)
            assert not any(look.done() for look in looking)
        looks = await asyncio.gather(*looking)
    assert [look.snapshot.owners for look in looks] == [{0: None, 1: None}] * 2


async def test_who_gives_up_while_a_table_is_locked_leaves_no_beat_behind(
    database_url: str,
) -> None:
    async with beats(database_url, lease_s=2.0) as (member, pool):
        async with locked(database_url, "runtime.losses") as migrating:
            looking = [asyncio.create_task(member.beat(group, nothing)) for group in GROUPS]
            await wait_beaten(migrating, 1)
            for look in looking:
                look.cancel()
            await asyncio.wait(looking)
            under_way = await migrating.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                " AND backend_type = 'client backend' AND datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            asked = pool.asked
        assert (under_way, pool.asked) == (0, asked)


async def test_who_cannot_beat_alone_either_is_told_so(database_url: str) -> None:
    operator = await asyncpg.connect(database_url)
    async with (
        beats(database_url, lease_s=2.0) as (member, _),
        locked(database_url, "runtime.members"),
    ):
        looking = asyncio.create_task(member.beat("agent", nothing))
        async with asyncio.timeout(60):
            while len(pids := await operator.fetch(WAITING)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await operator.execute("SELECT pg_terminate_backend($1)", pids[-1]["pid"])
        with pytest.raises(TransientFault):
            await looking
    await operator.close()


def a_look() -> Look:
    at = datetime.fromisoformat("2026-11-02T12:00:00+00:00")
    snapshot = Snapshot(frozenset(), 0, {}, {})
    return Look(snapshot, {}, {}, frozenset(), {}, Losses(), (), at)


async def test_nobody_acts_on_a_look_that_began_before_he_asked() -> None:
    looks, old, new = Looks(), a_look(), a_look()
    number = looks.begin()
    asked = asyncio.create_task(looks.next())
    await asyncio.sleep(0)
    looks.arrive(number, old)
    await asyncio.sleep(0)
    assert not asked.done()
    looks.arrive(looks.begin(), new)
    assert await asked is new


async def test_who_waits_for_a_look_is_told_when_none_is_to_come() -> None:
    looks = Looks()
    asked = asyncio.create_task(looks.next())
    await asyncio.sleep(0)
    looks.close()
    assert await asked is None
    assert await looks.next() is None


@pytest.mark.parametrize(
    ("now_s", "wait_s"), [(10.0, 1.0), (10.25, 0.75), (10.5, 0.5), (10.875, 1.125), (10.75, 1.25)]
)
def test_what_comes_each_second_comes_with_the_others_and_never_twice(
    now_s: float, wait_s: float
) -> None:
    assert until_next_s(1.0, now_s) == wait_s
