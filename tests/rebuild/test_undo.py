"""What a replay replaced is kept, and can take its place again, caught up."""

from __future__ import annotations

import asyncpg
import pytest

from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.kept import drop_expired, kept
from consumers.rebuild.plan import Kind
from projections.drift import drifts
from projections.fingerprints import PREFIX
from tests.consumers.members import member, wait_caught_up
from tests.projections.test_drift import record
from tests.rebuild.ground import consumed, mixed, pool_of, publish, rebuilt, rows_of, schemas


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
