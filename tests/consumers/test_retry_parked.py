"""Parked events are tried again in order, once, by the owner; whoever asked is told what came of it."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from itertools import count

import asyncpg
import pytest

import consumers.parking
import consumers.upkeep
from consumers.groups import AGENT
from consumers.observer import SilentObserver
from events.partitioning import partition_of
from tests.consumers.armed_worker import kill, start_armed_worker, wait_frozen
from tests.consumers.choosy import (
    PARKED,
    RECEIVED,
    SICK,
    account,
    answer,
    ask,
    choosy,
    group_with,
    leave_to_requests,
    messages,
    park,
    wait_parked,
)
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.consumers.test_exactly_once import publish
from tests.consumers.test_many_kills import UNBALANCED
from tests.forked_process import ForkedProcess
from tests.runtime.operators import POISON


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url)
    yield conn
    assert await conn.fetch(UNBALANCED) == []
    await conn.close()


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers.upkeep, "_SLOWLY_S", 0.05)


async def test_a_drain_stops_at_what_is_still_refused_and_goes_on_once_that_is_mended(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    sick = choosy()
    sick.refused.add("peste")
    await publish(redis_url, messages(SICK, "oi", POISON, "a", "peste", "b"))
    async with member(database_url, redis_url, group=group_with(sick)):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(db)
        for attempts in (1, 2):
            outcome, moved = await answer(db, await ask(db))
            assert (outcome, moved) == (f"still_refused: KeyError: '{POISON}'", 0)
            tried = await db.fetch("SELECT attempts, reason FROM runtime.parked ORDER BY position")
            assert tuple(tried[0]) == (attempts, "projection_refused")
            assert [tuple(row) for row in tried[1:]] == [(0, "follows_parked")] * 3
        sick.refused.discard(POISON)
        assert await answer(db, await ask(db)) == ("still_refused: KeyError: 'peste'", 2)
        assert await account(db) == (3, 2, 0)
        assert await db.fetchval(RECEIVED, SICK) == 3
        assert await db.fetch(UNBALANCED) == []
        sick.refused.clear()
        assert await answer(db, await ask(db)) == ("drained", 2)
        assert await answer(db, await ask(db)) == ("nothing_parked", 0)
    assert await account(db) == (5, 0, 0)
    assert await db.fetchval(RECEIVED, SICK) == 5
    assert sick.folded == [1, 2, 3, 4, 5]


async def test_what_is_not_live_is_left_alone(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await park(db, database_url, redis_url, "a")
    await db.execute(
        "UPDATE runtime.projections SET state = 'detached' WHERE name = 'conversations'"
    )
    asked = [
        await ask(db),
        await ask(db, kind="discard_parked"),
        await ask(db, projection="nosuch"),
    ]
    async with member(database_url, redis_url):
        assert [await answer(db, request) for request in asked] == [("not_live", 0)] * 3
    assert await db.fetchval(PARKED) == 2


async def test_what_is_discarded_leaves_the_account_as_discarded_and_the_conversation_flows(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await publish(redis_url, messages(SICK, "oi", POISON, "a"))
    async with member(database_url, redis_url, group=group_with(choosy())):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(db)
        assert await answer(db, await ask(db, kind="discard_parked")) == ("discarded", 2)
        await publish(redis_url, messages(SICK, "ainda aqui", first=10))
        await wait_caught_up(database_url, redis_url)
        assert await answer(db, await ask(db, kind="discard_parked")) == ("nothing_parked", 0)
    assert await account(db) == (2, 0, 2)
    assert await db.fetchval(RECEIVED, SICK) == 2
    assert await db.fetchval(PARKED) == 0


async def test_live_events_never_overtake_a_drain_of_more_than_one_page(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    sick, numbers, drained = choosy(), count(5000), asyncio.Event()
    await publish(redis_url, messages(SICK, "oi", POISON, *["mais"] * 1198))

    async def keep_writing() -> None:
        while not drained.is_set():
            await publish(redis_url, messages(SICK, "ao vivo", first=next(numbers)))

    async with member(database_url, redis_url, group=group_with(sick)):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(db)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_writing(), name="customer")
            await wait_parked(db, 1250, 10**6)
            sick.refused.clear()
            outcome, moved = await answer(db, await ask(db))
            drained.set()
        await publish(redis_url, messages(SICK, "fim", first=next(numbers)))
        await wait_caught_up(database_url, redis_url)
    sent = 1200 + next(numbers) - 5000
    assert (outcome, moved >= 1250) == ("drained", True)
    assert sick.folded == list(range(1, sent + 1))
    assert await db.fetchval(RECEIVED, SICK) == sent
    assert await db.fetchval(PARKED) == 0


@pytest.mark.usefixtures("looks_at_once")
async def test_other_code_is_tried_without_being_asked(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await park(db, database_url, redis_url, *["mais"] * 600)
    async with member(database_url, redis_url):
        await wait_parked(db, 0)
    assert await db.fetchval(RECEIVED, SICK) == 602


@pytest.mark.usefixtures("looks_at_once")
async def test_the_same_code_is_not_tried_at_every_look(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await park(db, database_url, redis_url)
    await leave_to_requests(db)
    async with member(database_url, redis_url, group=group_with(choosy())):
        for _ in range(3):
            await answer(db, await ask(db, "somebody-else"))
    assert await db.fetchval("SELECT attempts FROM runtime.parked") == 0


@pytest.mark.usefixtures("looks_at_once")
async def test_conversations_that_cannot_be_tried_do_not_stand_before_others_for_ever(
    db: asyncpg.Connection, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers.parking, "AT_ONCE", 1)
    async with member(database_url, redis_url, group=group_with(choosy())):
        for number, name in enumerate((SICK, "another")):
            await publish(redis_url, messages(name, "oi", POISON, "a", first=10 * number))
            await wait_parked(db, 2 * (number + 1))
    await db.execute(
        "UPDATE runtime.parked SET entry_id = 'no entry id' WHERE conversation_id = $1", SICK
    )
    async with member(database_url, redis_url):
        await wait_parked(db, 2)
    assert await db.fetchval(RECEIVED, "another") == 3
    tried = await db.fetch(
        "SELECT attempts, reason, tried_at IS NULL FROM runtime.parked ORDER BY position"
    )
    assert [tuple(row) for row in tried] == [
        (1, "projection_refused", False),
        (0, "follows_parked", True),
    ]


async def killed(worker: ForkedProcess | Process, db: asyncpg.Connection) -> None:
    """Nobody waits for its lease to end, which is as long as its drains may take here."""
    await kill(worker)
    await db.execute("DELETE FROM runtime.members")


@pytest.mark.parametrize("point", ["in_drain", "after_drain"])
async def test_a_kill_in_a_drain_that_was_asked_for_changes_nothing_twice(
    db: asyncpg.Connection, database_url: str, redis_url: str, point: str
) -> None:
    await park(db, database_url, redis_url, *["mais"] * 600)
    await leave_to_requests(db)
    request = await ask(db)
    worker = await start_armed_worker(
        database_url, redis_url, point, 2, 500, lease_s=SETTINGS.lease_s
    )
    assert await wait_frozen(worker) == point
    await killed(worker, db)
    async with member(database_url, redis_url):
        outcome, moved = await answer(db, request)
        await wait_parked(db, 0)
    assert await db.fetchval(RECEIVED, SICK) == 602
    assert await account(db) == (602, 0, 0)
    assert (outcome, moved) == ("drained", 601)


@pytest.mark.usefixtures("looks_at_once")
async def test_an_interrupted_drain_that_nobody_asked_for_goes_on(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await park(db, database_url, redis_url, *["mais"] * 600)
    worker = await start_armed_worker(
        database_url, redis_url, "in_drain", 2, 500, lease_s=SETTINGS.lease_s
    )
    await wait_frozen(worker)
    await killed(worker, db)
    assert await db.fetchval(PARKED) == 101
    async with member(database_url, redis_url):
        await wait_parked(db, 0)
    assert await db.fetchval(RECEIVED, SICK) == 602


async def test_a_kill_after_a_discard_does_not_discard_what_is_parked_later(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    await park(db, database_url, redis_url, "a")
    await leave_to_requests(db)
    request = await ask(db, kind="discard_parked")
    worker = await start_armed_worker(
        database_url, redis_url, "after_drain", 1, 500, lease_s=SETTINGS.lease_s
    )
    await wait_frozen(worker)
    await killed(worker, db)
    await publish(redis_url, messages(SICK, POISON, first=10))
    async with member(database_url, redis_url, group=group_with(choosy())):
        await wait_caught_up(database_url, redis_url)
        assert await answer(db, await ask(db, "somebody-else")) == ("nothing_parked", 0)
        assert await answer(db, request) == ("discarded", 2)
    assert await account(db) == (1, 1, 2)


class Drains(SilentObserver):
    def __init__(self) -> None:
        self.told: list[tuple[int, int, str]] = []

    def drained(
        self, group: str, projection: str, partition: int, moved: int, outcome: str
    ) -> None:
        self.told.append((partition, moved, outcome))


async def test_only_the_owner_carries_a_request_out(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    sick, drains = choosy(), (Drains(), Drains())
    names = [f"sick-{n}" for n in range(24)]
    await publish(
        redis_url,
        [m for n, name in enumerate(names) for m in messages(name, "oi", POISON, first=10 * n)],
    )
    group = group_with(sick)
    async with (
        member(database_url, redis_url, member_id="a", observer=drains[0], group=group) as one,
        member(database_url, redis_url, member_id="b", observer=drains[1], group=group) as two,
    ):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(db)
        async with asyncio.timeout(60):
            while any(len(m.engine.status().partitions) != 8 for m in (one, two)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        owned = [set(m.engine.status().partitions) for m in (one, two)]
        sick.refused.clear()
        for request in [await ask(db, name) for name in names]:
            assert await answer(db, request) == ("drained", 1)
    for told, partitions in zip(drains, owned, strict=True):
        moved = [partition for partition, moved, _ in told.told if moved]
        assert sorted(moved) == sorted(
            p for name in names if (p := partition_of("acme", name, 16)) in partitions
        )


async def test_the_agents_inbox_is_drained_from_the_bodies_that_it_kept(
    db: asyncpg.Connection, database_url: str, redis_url: str
) -> None:
    sick = choosy("inbox")
    sent = [*messages(SICK, "oi", POISON, *["mais"] * 550), *messages("sound", "oi", first=900)]
    await publish(redis_url, sent)
    inbox = "SELECT count(*) FROM agent.inbox WHERE conversation_id = $1"
    async with member(database_url, redis_url, group=group_with(sick, AGENT)):
        await wait_caught_up(database_url, redis_url, group="agent")
        await leave_to_requests(db)
        assert (await db.fetchval(inbox, SICK), await db.fetchval(inbox, "sound")) == (1, 1)
        sick.refused.clear()
        request = await ask(db, projection="inbox", group="agent")
        assert await answer(db, request) == ("drained", 551)
    rows = await db.fetch(
        "SELECT message_id, position FROM agent.inbox WHERE conversation_id = $1 ORDER BY position",
        SICK,
    )
    assert [row["message_id"] for row in rows] == [f"m-{n}" for n in range(552)]
    assert sick.folded == [row["position"] for row in rows]
    assert await db.fetchval("SELECT count(*) FROM runtime.event_log") == 0
