"""A projection that fails on everything leaves its group whole; mended, it catches up from the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest

import consumers.upkeep
from consumers.groups import AGENT
from consumers.observer import SilentObserver
from consumers.status import GroupState
from events.envelope import RecordedEvent
from events.partitioning import partition_of
from projections.migrate import table_statement
from projections.projection import Changes, State
from projections.registry import by_name
from runtime.embedded import EmbeddedServers
from tests.consumers.choosy import (
    PARKED,
    check_equal_to_a_run_without_trouble,
    choosy,
    group_with,
    message,
    messages,
    wait_parked,
)
from tests.consumers.members import SETTINGS, Member, member, wait_caught_up
from tests.consumers.test_catch_up import BEHIND
from tests.consumers.test_exactly_once import publish
from tests.consumers.test_many_kills import UNBALANCED
from tests.runtime.operators import POISON, Refusing, Switch

CONVERSATIONS = 400
STATE = "SELECT state FROM runtime.projections WHERE name = $1"
DETAIL = (
    "SELECT detail FROM runtime.projections WHERE name = $1 AND state = 'detached'"
    " AND detached_at IS NOT NULL"
)
ATTACH = (
    "UPDATE runtime.projections SET state = 'live', detached_at = NULL, detail = NULL"
    " WHERE name = $1 AND state = 'detached'"
)


class Broken(Refusing):
    """A projection whose every fold fails while its switch is on."""

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        if self.switch.on:
            raise ZeroDivisionError("division by zero")
        return self.inner.fold(state, events)


class Detachments(SilentObserver):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def detached(self, group: str, projection: str, detail: str) -> None:
        self.told.append((projection, detail))


def some_of_each(first: int = 0) -> list[bytes]:
    """A message in each of many conversations."""
    return [message(first + n, f"c{n}", f"{first} oi") for n in range(CONVERSATIONS)]


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url)
    yield conn
    assert await conn.fetch(UNBALANCED) == []
    await conn.close()


async def wait_no_projection_behind(db: asyncpg.Connection) -> None:
    async with asyncio.timeout(60):
        while await db.fetchval(BEHIND):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)


async def wait_status_tells(running: Member, names: set[str]) -> None:
    async with asyncio.timeout(60):
        while set(running.engine.status().detached) != names:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)


async def test_a_fold_that_always_fails_is_detached_and_nothing_of_the_world_is_parked(
    servers: EmbeddedServers,
    migrated_template: str,
    database_url: str,
    redis_url: str,
    db: asyncpg.Connection,
) -> None:
    switch, observer = Switch(), Detachments()
    group = group_with(Broken(by_name("conversations"), switch))
    await publish(redis_url, some_of_each())
    async with member(database_url, redis_url, group=group, observer=observer) as running:
        await wait_caught_up(database_url, redis_url)
        assert await db.fetchval(STATE, "conversations") == "detached"
        assert "division by zero" in await db.fetchval(DETAIL, "conversations")
        assert [name for name, _ in observer.told] == ["conversations"]
        await wait_status_tells(running, {"conversations"})
        assert "division by zero" in running.engine.status().detached["conversations"]
        assert await db.fetchval(PARKED) == 0
        assert await db.fetchval("SELECT count(*) FROM projections.conversations") == 0
        assert await db.fetchval("SELECT count(*) FROM projections.messages") == CONVERSATIONS
        await publish(redis_url, some_of_each(1000))
        await wait_caught_up(database_url, redis_url)
        assert await db.fetchval("SELECT count(*) FROM projections.messages") == 2 * CONVERSATIONS
        switch.on = False
        await db.execute(ATTACH, "conversations")
        await wait_no_projection_behind(db)
        await publish(redis_url, some_of_each(2000))
        await wait_caught_up(database_url, redis_url)
        await wait_status_tells(running, set())
        assert await db.fetchval(BEHIND) == 0
    await check_equal_to_a_run_without_trouble(servers, migrated_template, database_url, redis_url)


async def test_code_that_breaks_later_is_detached_and_other_code_goes_on_where_it_stood(
    servers: EmbeddedServers,
    migrated_template: str,
    database_url: str,
    redis_url: str,
    db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers.upkeep, "_SLOWLY_S", 0.05)
    switch = Switch(on=False)
    group = group_with(Broken(by_name("conversations"), switch))
    async with member(database_url, redis_url, group=group):
        await publish(redis_url, some_of_each())
        await wait_caught_up(database_url, redis_url)
        switch.on = True
        await publish(redis_url, some_of_each(1000))
        await wait_caught_up(database_url, redis_url)
    assert await db.fetchval(STATE, "conversations") == "detached"
    assert await db.fetchval(PARKED) < 100
    await db.execute(ATTACH, "conversations")
    async with member(database_url, redis_url):
        await publish(redis_url, some_of_each(2000))
        await wait_no_projection_behind(db)
        await wait_parked(db, 0)
        await wait_caught_up(database_url, redis_url)
    await check_equal_to_a_run_without_trouble(servers, migrated_template, database_url, redis_url)


async def test_a_projection_attached_unmended_is_detached_again(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    observer = Detachments()
    group = group_with(Broken(by_name("leads"), Switch()))
    group = group_with(Broken(by_name("conversations"), Switch()), group)
    await publish(redis_url, some_of_each())
    async with member(database_url, redis_url, group=group, observer=observer):
        await wait_caught_up(database_url, redis_url)
        await db.execute(ATTACH, "conversations")
        async with asyncio.timeout(60):
            while len(observer.told) < 2:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
    assert await db.fetchval(STATE, "conversations") == "detached"
    assert await db.fetchval(STATE, "leads") == "live"  # it had nothing to fail on
    assert await db.fetchval(PARKED) == 0


async def test_a_dropped_table_detaches_its_projection_until_it_is_there_again(
    servers: EmbeddedServers,
    migrated_template: str,
    database_url: str,
    redis_url: str,
    db: asyncpg.Connection,
) -> None:
    projection, observer = by_name("conversations"), Detachments()
    await db.execute("DROP TABLE projections.conversations_v1 CASCADE")
    await publish(redis_url, some_of_each())
    async with (
        member(database_url, redis_url, member_id="one", observer=observer),
        member(database_url, redis_url, member_id="two", observer=observer),
    ):
        await wait_caught_up(database_url, redis_url)
        assert "UndefinedTable" in await db.fetchval(DETAIL, "conversations")
        assert [name for name, _ in observer.told] == ["conversations"]
        assert await db.fetchval(PARKED) == 0
        for verb in ("create", "view"):
            await db.execute(table_statement(projection, projection.tables[0], verb))
        await db.execute(ATTACH, "conversations")
        await publish(redis_url, some_of_each(1000))
        await wait_caught_up(database_url, redis_url)
        await wait_no_projection_behind(db)
    await check_equal_to_a_run_without_trouble(servers, migrated_template, database_url, redis_url)


async def test_a_projection_that_is_detached_and_attached_between_two_looks_catches_up(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    switch, observer = Switch(), Detachments()
    group = group_with(Broken(by_name("conversations"), switch))
    slow_beats = replace(SETTINGS, lease_s=30.0, heartbeat_s=2.0)
    await publish(redis_url, some_of_each())
    async with member(
        database_url, redis_url, group=group, observer=observer, settings=slow_beats
    ) as running:
        while not observer.told:  # noqa: ASYNC110 - the next look is a beat away
            await asyncio.sleep(0.001)
        switch.on = False
        while loads_the_detached(running):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await db.execute(ATTACH, "conversations")
        await wait_caught_up(database_url, redis_url)
        await wait_no_projection_behind(db)
    rows = await db.fetchval("SELECT count(*) FROM projections.conversations")
    assert rows == CONVERSATIONS


def loads_the_detached(running: Member) -> bool:
    """Whether a partition still counts on being fed what was detached."""
    return any(
        "conversations" in state.projections
        for lane in running.engine._lanes
        for state in lane.states.values()
    )


async def test_one_poisoned_conversation_never_detaches_however_often_it_is_refused(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    poisoned = group_with(choosy())
    for start in range(3):
        async with member(database_url, redis_url, group=poisoned):
            sick = messages("sick", *[POISON] * 50, first=100_000 + 1000 * start)
            await publish(redis_url, [*sick, *some_of_each(1000 * start), *sick])
            await wait_caught_up(database_url, redis_url)
    assert await db.fetchval(STATE, "conversations") == "live"
    assert await db.fetchval(PARKED) == 150
    complete = "SELECT count(*) FROM projections.conversations WHERE received_count = 3"
    assert await db.fetchval(complete) == CONVERSATIONS


INBOX = "SELECT count(*) FROM agent.inbox"


async def wait_stalled(running: Member) -> str:
    """What it says while it cannot go on."""
    async with asyncio.timeout(60):
        while running.engine.status().state is not GroupState.RETRYING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return running.engine.status().last_error or ""


async def test_the_agents_group_waits_for_a_broken_projection_and_goes_on_when_it_is_mended(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    switch = Switch()
    group = group_with(Broken(by_name("inbox"), switch), AGENT)
    await publish(redis_url, some_of_each())
    async with member(database_url, redis_url, group=group) as running:
        assert "inbox is broken: ZeroDivisionError" in await wait_stalled(running)
        assert await db.fetchval(INBOX) == 0
        assert await db.fetchval(PARKED) == 0
        assert await db.fetchval(STATE, "inbox") == "live"
        switch.on = False
        await wait_caught_up(database_url, redis_url, group="agent")
        await wait_running(running)
    assert await db.fetchval(INBOX) == CONVERSATIONS
    assert await db.fetchval(PARKED) == 0


async def wait_running(running: Member) -> None:
    async with asyncio.timeout(60):
        while running.engine.status().state is not GroupState.RUNNING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_the_agents_group_waits_for_a_table_that_is_away(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    await db.execute("ALTER TABLE agent.inbox_v1 RENAME TO elsewhere")
    await publish(redis_url, some_of_each())
    async with member(database_url, redis_url, group=AGENT) as running:
        assert "inbox is broken: UndefinedTable" in await wait_stalled(running)
        assert await db.fetchval("SELECT count(*) FROM agent.conversation_control") == 0
        await db.execute("ALTER TABLE agent.elsewhere RENAME TO inbox_v1")
        await wait_caught_up(database_url, redis_url, group="agent")
    assert await db.fetchval(INBOX) == CONVERSATIONS
    assert await db.fetchval(PARKED) == 0


async def test_a_poisoned_event_met_first_after_the_mend_does_not_detach_again(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    sick, observer = choosy(), Detachments()
    sick.refused.add("peste")
    # In one partition, so that nothing of another one goes through before it.
    first, *others = [f"c{n}" for n in range(400) if partition_of("acme", f"c{n}", 16) == 3]
    await publish(redis_url, [message(0, first, "peste")])
    await publish(redis_url, [message(n, name, POISON) for n, name in enumerate(others, start=1)])
    async with member(
        database_url, redis_url, group=group_with(sick), observer=observer
    ) as running:
        await wait_caught_up(database_url, redis_url)
        await wait_status_tells(running, {"conversations"})
        sick.refused.discard(POISON)
        await db.execute(ATTACH, "conversations")
        await wait_no_projection_behind(db)
        await wait_parked(db, 1)
    assert await db.fetchval(STATE, "conversations") == "live"
    assert [name for name, _ in observer.told] == ["conversations"]


async def test_what_was_refused_before_the_mend_does_not_count_after_it(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    sick = choosy()
    await publish(redis_url, [message(n, f"c{n}", POISON) for n in range(40)])
    async with member(database_url, redis_url, group=group_with(sick)) as running:
        await wait_caught_up(database_url, redis_url)
        await wait_status_tells(running, {"conversations"})
        sick.refused.clear()
        await db.execute(ATTACH, "conversations")
        await wait_no_projection_behind(db)
        await wait_status_tells(running, set())
        sick.refused.add("peste")
        await publish(redis_url, [message(100, "c0", "peste")])
        await wait_caught_up(database_url, redis_url)
        await wait_parked(db, 1)
        assert await db.fetchval(STATE, "conversations") == "live"
