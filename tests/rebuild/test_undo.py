"""What a replay replaced is kept, and can take its place again, caught up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from consumers.observer import SilentObserver
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.kept import drop_expired, kept
from consumers.rebuild.plan import Kind
from projections.drift import drifts
from projections.fingerprints import PREFIX
from tests.consumers.members import SETTINGS as MEMBERS
from tests.consumers.members import member, wait_caught_up
from tests.projections.test_drift import record
from tests.rebuild.ground import consumed, mixed, pool_of, publish, rebuilt, rows_of, schemas
from tests.runtime.operators import Operator


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(600))
    return database_url


async def forge(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute("UPDATE projections.conversations_v1 SET received_count = 1000")
    await conn.close()


async def test_undone_rows_are_caught_up_before_they_stand_again(
    filled: str, redis_url: str
) -> None:
    await forge(filled)
    await rebuilt(filled, "conversations")
    await publish(redis_url, mixed(300, start=600))
    async with member(filled, redis_url):
        await wait_caught_up(filled, redis_url)
        caught_up = await rows_of(filled, "conversations")
        (report,) = await rebuilt(filled, "conversations", kind=Kind.UNDO)
        assert report.tables[0].changed > 0, "it tells what comes back"
    undone = await rows_of(filled, "conversations")
    assert undone != caught_up
    assert len(undone["conversations_v1"]) == len(caught_up["conversations_v1"])
    await rebuilt(filled, "conversations", kind=Kind.UNDO)
    assert await rows_of(filled, "conversations") == caught_up, "an undo can be undone"
    assert await schemas(filled) == ["replaced_conversations"]


async def test_rows_of_earlier_code_that_are_put_back_are_told_as_such(filled: str) -> None:
    conn = await asyncpg.connect(filled)
    await record(conn, "leads", PREFIX + "0" * 64)
    await rebuilt(filled, "leads")
    assert await drifts(conn) == []
    await rebuilt(filled, "leads", kind=Kind.UNDO)
    assert [drift.projection for drift in await drifts(conn)] == ["leads"]
    await rebuilt(filled, "leads", kind=Kind.UNDO)
    assert await drifts(conn) == []
    await conn.close()


async def test_without_anything_kept_there_is_nothing_to_undo(filled: str) -> None:
    await rebuilt(filled, "leads", keep_old_s=0)
    assert await schemas(filled) == []
    with pytest.raises(CannotRebuild, match="nothing is kept of leads"):
        await rebuilt(filled, "leads", kind=Kind.UNDO)
    assert await schemas(filled) == []


async def test_what_was_kept_long_enough_is_dropped(filled: str) -> None:
    await rebuilt(filled, "leads", "handoffs")
    conn = await asyncpg.connect(filled)
    await conn.execute("UPDATE replaced_leads.standing SET keep_until = now() - interval '1 s'")
    await conn.close()
    async with pool_of(filled) as pool:
        assert [one.name for one in await kept(pool)] == ["handoffs", "leads"]
        assert await drop_expired(pool) == ["leads"]
    assert await schemas(filled) == ["replaced_handoffs"]


class Told(SilentObserver):
    def __init__(self) -> None:
        self.dropped: list[tuple[str, str]] = []

    def replaced_dropped(self, group: str, projection: str) -> None:
        self.dropped.append((group, projection))


async def test_the_running_service_drops_what_was_kept_long_enough_one_member_of_it(
    filled: str, redis_url: str
) -> None:
    await rebuilt(filled, "handoffs")
    await rebuilt(filled, "leads", keep_old_s=0.001)
    told, quickly = Told(), replace(MEMBERS, trim_every_s=0.05)
    async with (
        member(filled, redis_url, observer=told, settings=quickly),
        member(filled, redis_url, member_id="member-2", observer=told, settings=quickly),
        asyncio.timeout(60),
    ):
        while await schemas(filled) != ["replaced_handoffs"]:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    assert told.dropped == [("projections", "leads")]


async def test_what_is_kept_is_listed_until_when_and_a_later_replay_replaces_it(
    filled: str, redis_url: str, tmp_path: Path
) -> None:
    operator = Operator(filled, redis_url, tmp_path)
    await forge(filled)
    await rebuilt(filled, "conversations")
    first = await listed(operator)
    assert (first["version"], first["replaced_by"]) == (1, "ana")
    table = await operator.run("projections", "list")
    assert "kept for agent-runtime replay --projection NAME --undo" in table.out
    await rebuilt(filled, "conversations")
    second = await listed(operator)
    assert second["replaced_at"] > first["replaced_at"]
    (report,) = await rebuilt(filled, "conversations", kind=Kind.UNDO)
    assert report.equal, "the forged rows are gone: only the last ones are kept"
    await rebuilt(filled, "conversations", keep_old_s=0)
    assert await listed(operator) is None


async def listed(operator: Operator) -> Any:
    rows = (await operator.run("projections", "list", "--json")).rows()
    return next(row["kept"] for row in rows if row["name"] == "conversations")
