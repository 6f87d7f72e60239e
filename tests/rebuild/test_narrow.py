"""Only what some events touch is made anew, from its whole history."""

from __future__ import annotations

import asyncpg
import pytest

from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.plan import Kind
from consumers.selection import Selection
from tests.consumers.members import member, wait_caught_up
from tests.rebuild.ground import consumed, mixed, publish, rebuilt, rows_of, schemas
from tests.rebuild.test_drift import DRIFTED, KEYS

STATES = ("conversations", "messages", "leads", "handoffs", "rag_queries", "followups")
SUMS = ("openai_usage", "company_activity", "daily_counts")
ONE = Selection(company="company-1", conversation="c-4")


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(1500))
    return database_url


async def change(database_url: str, where: str) -> None:
    """Change all rows of some conversations in every table that has conversations."""
    conn = await asyncpg.connect(database_url)
    for table, how in DRIFTED.items():
        if table not in SUMS:
            await conn.execute(f"UPDATE projections.{table}_v1 SET {how} WHERE {where}")
    await conn.close()


async def test_one_conversation_is_mended_and_others_are_left_alone(filled: str) -> None:
    before = await rows_of(filled)
    await change(filled, "company_id = 'company-2'")
    others = await rows_of(filled)
    await change(filled, "company_id = 'company-1' AND conversation_id = 'c-4'")
    reports = await rebuilt(filled, *STATES, selection=ONE)
    assert all(not report.tables[0].equal for report in reports)
    assert {one.key[1] for r in reports for t in r.tables for one in t.sample} == {"c-4"}
    assert await rows_of(filled) == others != before
    await rebuilt(filled, *STATES, selection=Selection(company="company-2"))
    assert await rows_of(filled) == before
    assert await schemas(filled) == [], "rows were replaced, no table"


async def test_rows_that_are_gone_come_back(filled: str) -> None:
    before = await rows_of(filled)
    conn = await asyncpg.connect(filled)
    await conn.execute("DELETE FROM projections.leads_v1 WHERE conversation_id = 'c-4'")
    await conn.close()
    (report,) = await rebuilt(filled, "leads", selection=ONE)
    assert (report.tables[0].only_old, report.tables[0].changed) == (0, 0)
    assert report.tables[0].only_new > 0
    assert await rows_of(filled) == before


async def test_of_sums_only_those_that_the_events_are_part_of_are_mended(filled: str) -> None:
    conn = await asyncpg.connect(filled)
    before = await rows_of(filled, *SUMS)
    await conn.execute("UPDATE projections.daily_counts_v1 SET count = count + 5")
    await conn.close()
    selected = Selection(company="company-1", types=("message.sent",))
    (report,) = await rebuilt(filled, "daily_counts", selection=selected)
    assert {(one.key[1], one.key[2]) for one in report.tables[0].sample} == {
        ("company-1", "message.sent")
    }
    after = (await rows_of(filled, "daily_counts"))["daily_counts_v1"]
    mended = set(after) & set(before["daily_counts_v1"])
    assert mended == {row for row in before["daily_counts_v1"] if "company-1,message.sent" in row}


async def test_all_sums_rebuilt_for_a_company_are_what_they_were(filled: str) -> None:
    before = await rows_of(filled, *SUMS)
    reports = await rebuilt(filled, *SUMS, selection=Selection(company="company-2"))
    assert all(report.equal for report in reports)
    assert await rows_of(filled, *SUMS) == before


async def test_a_check_may_be_narrowed_too(filled: str) -> None:
    await change(filled, "conversation_id = 'c-4'")
    drifted = await rows_of(filled)
    (report,) = await rebuilt(filled, "messages", selection=ONE, kind=Kind.CHECK)
    assert not report.equal
    (report,) = await rebuilt(
        filled, "messages", selection=Selection(company="company-2"), kind=Kind.CHECK
    )
    assert report.equal
    assert await rows_of(filled) == drifted


async def test_sums_and_others_are_not_narrowed_together(filled: str) -> None:
    with pytest.raises(CannotRebuild, match="apart"):
        await rebuilt(filled, "leads", "daily_counts", selection=ONE)


async def test_what_comes_meanwhile_is_not_lost(filled: str, redis_url: str) -> None:
    await change(filled, "company_id = 'company-1'")
    async with member(filled, redis_url):
        for start in range(1500, 2000, 100):
            await publish(redis_url, mixed(100, start=start))
            await rebuilt(filled, *STATES, selection=Selection(company="company-1"))
            await rebuilt(filled, *SUMS, selection=Selection(company="company-1"))
        await wait_caught_up(filled, redis_url)
    reports = await rebuilt(filled, kind=Kind.CHECK)
    assert [table for r in reports for table in r.tables if not table.equal] == []


def test_every_table_is_drifted_somehow() -> None:
    assert DRIFTED.keys() == KEYS.keys()
