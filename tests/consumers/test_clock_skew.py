"""Members' hosts tell different times: what was seen last is told by the streams, not by them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import asyncpg
import pytest
from redis.asyncio import Redis

from consumers.accounts import Accounts
from consumers.leased import Member
from consumers.leases import Leases
from consumers.lineage import Seen, StreamAccount
from consumers.outcome import keep_what_was_seen
from consumers.partition_state import PartitionState
from consumers.stream_watch import StreamWatch
from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key
from tests.consumers.members import SETTINGS, living_member, redis_clients

PARTITION = 3
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def seen(added: int, at: datetime) -> Seen:
    return Seen(added, EntryId(added, 0), ZERO, at)


def state(sight: Seen | None, *, base: int = 0, generation: int = 1) -> PartitionState:
    account = StreamAccount(base=base, seen=sight)
    return PartitionState(PARTITION, 1, EntryId(1, 0), 1, generation=generation, account=account)


async def remembered(pool: asyncpg.Pool) -> int | None:
    found: int | None = await pool.fetchval(
        "SELECT seen_added FROM runtime.checkpoints WHERE group_name = 'projections'"
        " AND partition = $1",
        PARTITION,
    )
    return found


async def owned_by(leases: Leases, sight: Seen) -> PartitionState:
    """The partition, with a settled account; what was seen of it is not written yet."""
    owned = await leases.take(PARTITION)
    assert owned is not None
    owned.account.base, owned.account.seen = 0, sight
    return owned


async def test_a_host_an_hour_behind_writes_what_it_sees_after_a_takeover(
    pool: asyncpg.Pool,
) -> None:
    for member_id, added, at in (("ahead", 10, NOW + HOUR), ("behind", 20, NOW)):
        leases = await living_member(pool, member_id)
        owned = await owned_by(leases, seen(added, at))
        await pool.execute("UPDATE runtime.checkpoints SET added_base = 0")
        accounts = Accounts(pool, member=Member("projections", member_id, SETTINGS.lease_s))
        await accounts.remember_seen([owned])
        assert await remembered(pool) == added
        await leases.release([PARTITION])
        await leases.leave()


async def test_what_was_seen_before_the_account_was_settled_is_not_written_after_it(
    pool: asyncpg.Pool,
) -> None:
    owned = await owned_by(await living_member(pool, "one"), seen(10, NOW))
    await pool.execute("UPDATE runtime.checkpoints SET added_base = -5, seen_added = 5")
    accounts = Accounts(pool, member=Member("projections", "one", SETTINGS.lease_s))
    await accounts.remember_seen([owned])
    assert await remembered(pool) == 5


@pytest.mark.parametrize("read_anew", [False, True])
async def test_what_was_told_is_told_again_when_read_anew_or_after_a_while(
    pool: asyncpg.Pool, read_anew: bool
) -> None:
    owned = await owned_by(await living_member(pool, "one"), seen(10, NOW))
    await pool.execute("UPDATE runtime.checkpoints SET added_base = 0")
    clock = [100.0]
    accounts = Accounts(
        pool, member=Member("projections", "one", SETTINGS.lease_s), now=lambda: clock[0]
    )
    await accounts.remember_seen([owned])
    await pool.execute("UPDATE runtime.checkpoints SET seen_added = 5")
    await accounts.remember_seen([owned])
    assert await remembered(pool) == 5
    if read_anew:
        owned = replace(owned)
    else:
        clock[0] += 15.0
    await accounts.remember_seen([owned])
    assert await remembered(pool) == 10
    owned.account.seen = seen(11, NOW)
    await accounts.remember_seen([owned])
    assert await remembered(pool) == 11


@pytest.mark.parametrize("known_at", [NOW - HOUR, NOW + HOUR])
def test_an_unwritten_look_outlives_the_loading_whatever_the_hosts_clocks_say(
    known_at: datetime,
) -> None:
    before, loaded = state(seen(20, NOW)), state(seen(10, known_at))
    keep_what_was_seen(before, loaded)
    assert loaded.account.seen == before.account.seen
    older, loaded = state(seen(10, NOW)), state(seen(20, known_at))
    keep_what_was_seen(older, loaded)
    assert loaded.account.seen == seen(20, known_at)


def test_a_look_of_before_another_settlement_does_not_outlive_the_loading() -> None:
    loaded = state(seen(5, NOW), base=-5)
    keep_what_was_seen(state(seen(10, NOW + HOUR)), loaded)
    assert loaded.account.seen == seen(5, NOW)


class HourBehind(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(time.time() - HOUR.total_seconds(), tz)


async def test_a_look_is_dated_by_the_streams_server(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.stream_watch.datetime", HourBehind)
    redis = Redis.from_url(redis_url)
    await redis.xadd(stream_key(PARTITION), {"event": b"{}"})
    async with redis_clients(redis_url) as clients:
        watch = StreamWatch(clients, group="projections", prefix="domain-events")
        sight = (await watch.look({PARTITION: ZERO}))[PARTITION]
    seconds, _ = await redis.time()
    await redis.aclose()
    assert abs(seconds - sight.at.timestamp()) < HOUR.total_seconds() / 2
