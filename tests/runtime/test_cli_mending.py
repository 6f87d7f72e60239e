"""Losses, groups that are forgotten, projections that are attached again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from consumers.groups import AGENT
from events.partitioning import stream_key
from tests.consumers.test_dead_letters import CASES
from tests.runtime.operators import Operator, send

AUDIT = "SELECT action, affected FROM runtime.audit_log ORDER BY id"


async def test_losses_are_listed_until_they_are_acknowledged(operator: Operator) -> None:
    await operator.execute(
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
    await consumed.execute(
        "INSERT INTO runtime.checkpoints (group_name, partition)"
        " SELECT 'reports', p FROM generate_series(0, 15) AS p",
        "INSERT INTO runtime.partition_owners (group_name, partition)"
        " SELECT 'reports', p FROM generate_series(0, 15) AS p",
        "INSERT INTO runtime.seen_events (group_name, partition, event_id, body_hash, entry_id)"
        " VALUES ('reports', 1, gen_random_uuid(), '', '1-0')",
    )
    async with consumed.redis() as redis:
        await redis.xgroup_create(stream_key(3), "reports", mkstream=True)
    return consumed


async def redis_groups(operator: Operator) -> set[str]:
    async with operator.redis() as redis:
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
    async with consumed.member(AGENT):
        await consumed.wait_caught_up("agent")
    read = await consumed.value(READ)
    assert await consumed.value(dead) == len(CASES)
    looked = await consumed.run("groups", "remove", "agent", "--dry-run")
    assert f"{len(CASES)}  dead letters" in looked.out
    assert "This build runs agent" in looked.out
    assert (await consumed.run("groups", "remove", "agent", "--yes")).code == 0
    assert await consumed.value(dead) == 0
    audited = await consumed.run("groups", "status", "--audit")
    assert audited.code == 0, audited.out
    async with consumed.member(AGENT):
        await consumed.wait_caught_up("agent")
    assert await consumed.value(READ) == read
    audited = await consumed.run("groups", "status", "--audit")
    assert audited.code == 0, audited.out


async def test_a_group_that_lives_or_writes_the_log_is_not_removed(reports: Operator) -> None:
    log = await reports.run("groups", "remove", "projections", "--yes")
    assert log.code == 2
    assert "cannot be removed" in log.err
    await reports.execute(
        "INSERT INTO runtime.members VALUES"
        " ('reports', 'm-7', 'host-7', 7, now(), now(), now() + interval '1 hour')",
    )
    alive = await reports.run("groups", "remove", "reports", "--yes")
    assert alive.code == 1
    assert "m-7" in alive.err
    assert await reports.value(REPORTS) == 16


async def test_a_detached_projection_is_named_and_attached_again(operator: Operator) -> None:
    await operator.execute(
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


async def test_an_attached_projection_is_fed_from_where_it_stopped(operator: Operator) -> None:
    async def behind() -> int:
        rows = (await operator.run("projections", "list", "--json")).rows()
        found: int = next(row["behind"] for row in rows if row["name"] == "messages")
        return found

    messages = "SELECT count(*) FROM projections.messages"
    async with (
        operator.redis() as redis,
        operator.member(),
    ):
        await send(redis, 1, "c1", "oi")
        await operator.wait_caught_up()
        await operator.execute(
            "UPDATE runtime.projections SET state = 'detached' WHERE name = 'messages'"
        )
        async with asyncio.timeout(100):
            number = 1
            while await behind() == 0:
                number += 1
                await send(redis, number, "c1", "alô?")
                await operator.wait_caught_up()
            assert await operator.value(messages) < number
            assert (await operator.run("projections", "attach", "messages")).code == 0
            while await behind() > 0:
                pass
    assert await operator.value(messages) == number
