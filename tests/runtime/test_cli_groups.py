"""What groups tell: pace, members, groups nobody runs, losses, and that everything adds up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from consumers.groups import AGENT
from events.partitioning import partition_of, stream_key
from runtime.queries.standings import Pace, Standing, pace
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_dead_letters import CASES, PARTITION
from tests.runtime.operators import POISON, Operator, Switch, refusing_group, send

AUDIT = "SELECT action, affected FROM runtime.audit_log ORDER BY id"


@pytest.fixture
async def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    operator = Operator(database_url, redis_url, tmp_path)
    await operator.begin()
    return operator


async def execute(operator: Operator, *sql: str) -> None:
    conn = await asyncpg.connect(operator.database_url)
    for one in sql:
        await conn.execute(one)
    await conn.close()


@asynccontextmanager
async def connected(operator: Operator) -> AsyncIterator[Redis]:
    redis = Redis.from_url(operator.redis_url)
    try:
        yield redis
    finally:
        await redis.aclose()


async def consume(operator: Operator, **given: Any) -> None:
    async with member(operator.database_url, operator.redis_url, **given):
        await wait_caught_up(operator.database_url, operator.redis_url)


@pytest.fixture
async def consumed(operator: Operator) -> Operator:
    """Applied, duplicate, dead, filtered and parked events; nobody runs any more."""
    async with connected(operator) as redis:
        for number in range(40):
            await send(redis, number + 1, f"c{number % 20}", "oi")
        await send(redis, 1, "c0", "oi")
        for number, text in enumerate(["oi", POISON, "alô?"]):
            await send(redis, 100 + number, "poisoned", text)
        for _, fields in CASES:
            await redis.xadd(stream_key(PARTITION), fields)  # type: ignore[arg-type]
    await consume(operator, group=refusing_group(Switch()))
    return operator


STANDING = Standing(
    group="projections",
    partition=0,
    generation=1,
    owner="m",
    alive=True,
    epoch=1,
    position=0,
    cursor="0-0",
    read=100,
    duplicate=0,
    parked=0,
    dead=0,
    lost=0,
    lost_at_least=False,
    lag=50,
    lag_s=1.0,
    added=150,
)


def test_the_pace_tells_when_a_group_has_caught_up() -> None:
    draining = pace(STANDING, replace(STANDING, read=140, added=170), 2.0)
    assert draining == Pace(rate=20.0, arrival_rate=10.0)
    assert draining.catch_up(30) == ("draining", 3.0)
    assert draining.catch_up(0) == ("caught_up", 0.0)
    assert draining.catch_up(None) == ("unknown", None)
    growing = pace(STANDING, replace(STANDING, read=110, added=190), 2.0)
    assert growing.catch_up(80) == ("never", None)


@pytest.mark.parametrize(
    "changed", [{"generation": 2}, {"added": None}, {"added": 149}], ids=lambda c: next(iter(c))
)
def test_a_pace_that_cannot_be_known_is_unknown(changed: dict[str, Any]) -> None:
    measured = pace(STANDING, replace(STANDING, **changed), 2.0)
    assert measured.arrival_rate is None
    assert measured.catch_up(50) == ("unknown", None)


async def test_status_tells_partitions_and_members_and_fits_the_terminal(
    operator: Operator,
) -> None:
    name = "agent-runtime-7d9f8b6c5d-x2x4z-12345-0a1b2c3d"
    async with member(operator.database_url, operator.redis_url, member_id=name):
        await wait_caught_up(operator.database_url, operator.redis_url)
        assert (await operator.run("groups", "status", "--wait")).code == 0
        rows = (await operator.run("groups", "status", "--json", "--sample", "0.2")).rows()
        table = await operator.run("groups", "status", "--sample", "0")
    partitions = [row for row in rows if row["kind"] == "partition"]
    assert [row["partition"] for row in partitions] == list(range(16))
    assert {row["owner"] for row in partitions} == {name}
    assert {row["rate"] for row in partitions} == {0.0}
    assert {row["catch_up"] for row in partitions} == {"caught_up"}
    members = [row for row in rows if row["kind"] == "member"]
    assert [(row["member"], row["alive"], row["partitions"]) for row in members] == [
        (name, True, 16)
    ]
    assert max(map(len, table.out.splitlines())) <= 100
    assert "unknown" in table.out, "a rate that was not measured"
    assert name in "".join(table.out.split())


async def test_a_group_that_nobody_runs_is_named_with_what_it_holds_back(
    consumed: Operator,
) -> None:
    async with connected(consumed) as redis:
        for number in range(3):
            await send(redis, 500 + number, "late", "oi")
    shown = await consumed.run("groups", "status", "--sample", "0")
    assert "group projections has no living member: 3 entries unread" in shown.out
    assert "not caught up" in shown.out
    rows = (await consumed.run("groups", "status", "--sample", "0", "--json")).rows()
    dead = [row for row in rows if row["kind"] == "dead_group"]
    assert [(row["group"], row["lag"]) for row in dead] == [("projections", 3)]
    assert dead[0]["oldest_s"] > 0


async def test_everything_adds_up_while_events_flow(operator: Operator) -> None:
    stop = asyncio.Event()

    async def flow() -> None:
        async with connected(operator) as redis:
            number = 0
            while not stop.is_set():
                number += 1
                text = POISON if number % 50 == 0 else "oi"
                await send(redis, number - (number % 7 == 0), f"c{number % 30}", text)

    group = refusing_group(Switch())
    async with member(operator.database_url, operator.redis_url, group=group):
        flowing = asyncio.create_task(flow())
        try:
            for _ in range(5):
                audited = await operator.run("groups", "status", "--audit", "--json")
                wrong = [row for row in audited.rows() if row["state"] not in ("ok", "not checked")]
                assert (audited.code, wrong) == (0, [])
        finally:
            stop.set()
            await flowing
    read = await operator.value("SELECT sum(read)::int FROM runtime.checkpoints")
    assert read > 100, "events did flow"


PLACE = partition_of("acme", "c0", 16)
P = f"partition = {PLACE}"
CORRUPTIONS = {
    "read = applied + duplicate + dead": f"UPDATE runtime.checkpoints SET duplicate = 9 WHERE {P}",
    "applied = position": f"UPDATE runtime.checkpoints SET position = position + 1 WHERE {P}",
    "applied = rows of the log": f"DELETE FROM runtime.event_log WHERE {P} AND position = 1",
    "applied = last position": (
        f"UPDATE runtime.event_log SET position = position + 1000 WHERE {P} AND position = 1"
    ),
    "dead = dead letters": "DELETE FROM runtime.dead_letters WHERE reason = 'not_json'",
    "position = applied + filtered + parked + discarded": (
        f"UPDATE runtime.projection_checkpoints SET applied = 999 WHERE {P}"
        " AND projection = 'messages'"
    ),
    "parked = parked rows": "DELETE FROM runtime.parked WHERE reason = 'follows_parked'",
    "filtered = types it does not read": (
        f"UPDATE runtime.projection_checkpoints SET filtered = filtered - 1, applied = applied + 1"
        f" WHERE {P} AND projection = 'leads'"
    ),
    "event counts = log by type": f"UPDATE runtime.event_counts SET count = count + 1 WHERE {P}",
    "added to the stream = read + lost + unread": (
        f"UPDATE runtime.checkpoints SET lost = lost + 1 WHERE {P}"
    ),
}


@pytest.mark.parametrize("check", CORRUPTIONS)
async def test_what_does_not_add_up_is_named(consumed: Operator, check: str) -> None:
    sound = await consumed.run("groups", "status", "--audit")
    assert sound.code == 0, sound.out
    assert "everything adds up" in sound.out
    await execute(consumed, CORRUPTIONS[check])
    audited = await consumed.run("groups", "status", "--audit", "--json")
    assert audited.code == 1
    wrong = [row for row in audited.rows() if row["state"] == "wrong"]
    assert check in {row["check"] for row in wrong}
    assert {row["group"] for row in wrong} == {"projections"}
    if P in CORRUPTIONS[check]:
        assert {row["partition"] for row in wrong} == {PLACE}
    told = await consumed.run("groups", "status", "--audit")
    assert "does not add up" in told.out
    assert max(map(len, told.out.splitlines())) <= 100


async def test_the_accounts_hold_after_redis_was_flushed(operator: Operator) -> None:
    async with connected(operator) as redis:
        for number in range(40):
            await send(redis, number + 1, f"c{number % 20}", "oi")
        async with member(operator.database_url, operator.redis_url):
            await wait_caught_up(operator.database_url, operator.redis_url)
            await redis.flushall()
            await operator.begin()
            for number in range(40):
                await send(redis, number + 21, f"c{number % 20}", "oi")
            logged = "SELECT count(*) FROM runtime.event_log"
            async with asyncio.timeout(60):
                while await operator.value(logged) < 60:  # noqa: ASYNC110 - a real condition
                    await asyncio.sleep(0.05)
            audited = await operator.run("groups", "status", "--audit", "--json")
    wrong = [row for row in audited.rows() if row["state"] not in ("ok", "not checked")]
    assert (audited.code, wrong) == (0, [])
    generations = "SELECT count(*) FROM runtime.checkpoints WHERE generation > 1"
    assert await operator.value(generations) > 0


async def test_an_unread_entry_that_is_gone_does_not_add_up(consumed: Operator) -> None:
    async with connected(consumed) as redis:
        await send(redis, 700, "late", "oi")
        assert (await consumed.run("groups", "status", "--audit")).code == 0
        partition = partition_of("acme", "late", 16)
        key = stream_key(partition)
        newest: Any = await redis.xrevrange(key, count=1)
        await redis.xdel(key, newest[0][0])
    audited = await consumed.run("groups", "status", "--audit", "--json")
    assert audited.code == 1
    wrong = [row for row in audited.rows() if row["state"] == "wrong"]
    assert [(row["partition"], row["expected"] - row["found"]) for row in wrong] == [(partition, 1)]


async def test_losses_are_listed_until_they_are_acknowledged(operator: Operator) -> None:
    await execute(
        operator,
        "INSERT INTO runtime.losses"
        " (group_name, partition, generation, count, at_least, reason, after_entry_id)"
        " VALUES ('projections', 3, 1, 12, true, 'stream_gone', '7-0'),"
        "        ('agent', 4, 1, 2, false, 'trimmed_unread', '8-0')",
    )
    table = await operator.run("groups", "losses")
    assert "≥ 12" in table.out
    words = ("groups", "acknowledge-losses", "--group", "projections")
    assert (await operator.run(*words, "--dry-run")).code == 0
    assert await operator.rows(AUDIT) == []
    assert len((await operator.run("groups", "losses", "--json")).rows()) == 2
    assert (await operator.run(*words, "--as", "maria")).code == 0
    left = (await operator.run("groups", "losses", "--json")).rows()
    assert [row["group"] for row in left] == ["agent"]
    known = (await operator.run("groups", "losses", "--all", "--json")).rows()
    assert sorted(str(row["acknowledged_by"])[:5] for row in known) == ["None", "maria"]
    assert await operator.rows(AUDIT) == [("groups acknowledge-losses", 1)]


READ = "SELECT sum(read) FROM runtime.checkpoints WHERE group_name = 'agent'"
REPORTS = "SELECT count(*) FROM runtime.checkpoints WHERE group_name = 'reports'"


@pytest.fixture
async def reports(consumed: Operator) -> Operator:
    """A group of its own with everything that a group can have, which nobody runs."""
    await execute(
        consumed,
        "INSERT INTO runtime.checkpoints (group_name, partition)"
        " SELECT 'reports', p FROM generate_series(0, 15) AS p",
        "INSERT INTO runtime.partition_owners (group_name, partition)"
        " SELECT 'reports', p FROM generate_series(0, 15) AS p",
        "INSERT INTO runtime.seen_events (group_name, partition, event_id, body_hash, entry_id)"
        " VALUES ('reports', 1, gen_random_uuid(), '', '1-0')",
    )
    async with connected(consumed) as redis:
        await redis.xgroup_create(stream_key(3), "reports", mkstream=True)
    return consumed


async def redis_groups(operator: Operator) -> set[str]:
    async with connected(operator) as redis:
        infos: Any = await redis.xinfo_groups(stream_key(3))
    return {info["name"].decode() for info in infos}


async def test_removing_a_group_forgets_it_everywhere(reports: Operator) -> None:
    looked = await reports.run("groups", "remove", "reports", "--dry-run")
    assert looked.code == 0
    assert "unread entries" in looked.out
    unconfirmed = await reports.run("groups", "remove", "reports")
    assert unconfirmed.code == 2
    assert await reports.value(REPORTS) == 16
    assert await reports.rows(AUDIT) == []
    assert "reports" in await redis_groups(reports)
    done = await reports.run("groups", "remove", "reports", "--yes")
    assert done.code == 0, done.err
    assert await reports.value(REPORTS) == 0
    assert await reports.value("SELECT count(*) FROM runtime.seen_events") == 0
    assert "reports" not in await redis_groups(reports)
    assert await reports.rows(AUDIT) == [("groups remove", 33)]
    gone = await reports.run("groups", "remove", "reports", "--yes")
    assert gone.code == 1
    assert "there is no group reports" in gone.err
    assert (await reports.run("groups", "status", "--audit")).code == 0


async def test_a_removed_group_that_is_started_again_begins_anew(consumed: Operator) -> None:
    dead = "SELECT count(*) FROM runtime.dead_letters WHERE group_name = 'agent'"
    async with member(consumed.database_url, consumed.redis_url, group=AGENT):
        await wait_caught_up(consumed.database_url, consumed.redis_url, group="agent")
    read = await consumed.value(READ)
    assert await consumed.value(dead) == len(CASES)
    looked = await consumed.run("groups", "remove", "agent", "--dry-run")
    assert f"{len(CASES)}  dead letters" in looked.out
    assert "This build runs agent" in looked.out
    assert (await consumed.run("groups", "remove", "agent", "--yes")).code == 0
    assert await consumed.value(dead) == 0
    audited = await consumed.run("groups", "status", "--audit")
    assert audited.code == 0, audited.out
    async with member(consumed.database_url, consumed.redis_url, group=AGENT):
        await wait_caught_up(consumed.database_url, consumed.redis_url, group="agent")
    assert await consumed.value(READ) == read
    audited = await consumed.run("groups", "status", "--audit")
    assert audited.code == 0, audited.out


async def test_a_group_that_lives_or_writes_the_log_is_not_removed(reports: Operator) -> None:
    log = await reports.run("groups", "remove", "projections", "--yes")
    assert log.code == 2
    assert "cannot be removed" in log.err
    await execute(
        reports,
        "INSERT INTO runtime.members VALUES"
        " ('reports', 'm-7', 'host-7', 7, now(), now(), now() + interval '1 hour')",
    )
    alive = await reports.run("groups", "remove", "reports", "--yes")
    assert alive.code == 1
    assert "m-7" in alive.err
    assert await reports.value(REPORTS) == 16


async def test_a_detached_projection_is_named_and_attached_again(operator: Operator) -> None:
    await execute(
        operator,
        "UPDATE runtime.projections SET state = 'detached', detached_at = now(),"
        " detail = 'column missing' WHERE name = 'leads'",
    )
    listed = await operator.run("projections", "list")
    assert "detached" in listed.out
    assert "column missing" in " ".join(listed.out.split())
    assert max(map(len, listed.out.splitlines())) <= 100
    state = "SELECT state, detail FROM runtime.projections WHERE name = 'leads'"
    assert (await operator.run("projections", "attach", "leads", "--dry-run")).code == 0
    assert await operator.rows(state) == [("detached", "column missing")]
    assert await operator.rows(AUDIT) == []
    assert (await operator.run("projections", "attach", "leads")).code == 0
    assert await operator.rows(state) == [("live", None)]
    assert await operator.rows(AUDIT) == [("projections attach", 1)]
    assert "nothing to do" in (await operator.run("projections", "attach", "leads")).out
    assert (await operator.run("projections", "attach", "nosuch")).code == 2
