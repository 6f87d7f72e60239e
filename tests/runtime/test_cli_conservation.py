"""`groups status --audit`: everything is counted again, and what does not add up is named."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.partitioning import partition_of, stream_key
from tests.runtime.operators import POISON, Operator, Switch, refusing_group, send

READ = "SELECT sum(read)::int FROM runtime.checkpoints"


async def test_everything_adds_up_while_events_flow(operator: Operator) -> None:
    stop = asyncio.Event()

    async def flow() -> None:
        async with operator.redis() as redis:
            number = 0
            while not stop.is_set():
                number += 1
                text = POISON if number % 50 == 0 else "oi"
                await send(redis, number - (number % 7 == 0), f"c{number % 30}", text)

    group = refusing_group(Switch())
    async with operator.member(group):
        flowing = asyncio.create_task(flow())
        try:
            audits = 0
            while audits < 5 or await operator.value(READ) < 100:
                audits += 1
                audited = await operator.run("groups", "status", "--audit", "--json")
                wrong = [row for row in audited.rows() if row["state"] not in ("ok", "not checked")]
                assert (audited.code, wrong) == (0, [])
        finally:
            stop.set()
            await flowing


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
    await consumed.execute(CORRUPTIONS[check])
    audited, told = await asyncio.gather(
        consumed.run("groups", "status", "--audit", "--json"),
        consumed.run("groups", "status", "--audit"),
    )
    assert audited.code == told.code == 1
    wrong = [row for row in audited.rows() if row["state"] == "wrong"]
    assert check in {row["check"] for row in wrong}
    assert {row["group"] for row in wrong} == {"projections"}
    if P in CORRUPTIONS[check]:
        assert {row["partition"] for row in wrong} == {PLACE}
    assert "does not add up" in told.out
    assert max(map(len, told.out.splitlines())) <= 100


async def test_a_projection_that_is_behind_adds_up_to_where_it_stands(consumed: Operator) -> None:
    state = "UPDATE runtime.projections SET state = '{}' WHERE name = 'leads'"
    await consumed.execute(state.format("detached"))
    async with consumed.redis() as redis:
        for number in range(20):
            await send(redis, 800 + number, f"c{number}", "oi")
    await consumed.consume()
    await consumed.execute(state.format("live"))
    audited = await consumed.run("groups", "status", "--audit", "--json")
    assert audited.code == 0, audited.out
    behind = (
        "UPDATE runtime.projection_checkpoints SET filtered = filtered - 1, applied = applied + 1"
        f" WHERE projection = 'leads' AND {P}"
    )
    await consumed.execute(behind)
    audited = await consumed.run("groups", "status", "--audit", "--json")
    assert audited.code == 1
    wrong = [row for row in audited.rows() if row["state"] == "wrong"]
    assert [(row["projection"], row["partition"]) for row in wrong] == [("leads", PLACE)]


async def test_the_accounts_hold_after_redis_was_flushed(operator: Operator) -> None:
    async with operator.redis() as redis:
        for number in range(40):
            await send(redis, number + 1, f"c{number % 20}", "oi")
        async with operator.member():
            await operator.wait_caught_up()
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
    async with consumed.redis() as redis:
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
