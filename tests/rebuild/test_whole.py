"""Whole read models built anew beside the live ones."""

from __future__ import annotations

import asyncio

import pytest

from consumers.rebuild.plan import Kind
from consumers.rebuild.report import Report
from consumers.selection import Selection
from tests.rebuild.accounts import forge
from tests.rebuild.ground import NAMES, Watched, consumed, mixed, rebuilt, rows_of, schemas

NEVER_S = 60.0


class Comparing(Watched):
    """Knows how many read models are compared at once, and lets none go on before so many are."""

    def __init__(self, *, at_once: int) -> None:
        super().__init__()
        self.told: list[str] = []
        self.most = 0
        self._meet = asyncio.Barrier(at_once)
        self._under_way: set[str] = set()

    def phase(self, phase: str, projection: str | None) -> None:
        super().phase(phase, projection)
        if phase == "follow" and projection is not None:
            self._under_way.add(projection)
            self.most = max(self.most, len(self._under_way - set(self.told)))

    def compared(self, report: Report) -> None:
        self.told.append(report.projection)

    async def reached(self, point: str) -> None:
        await super().reached(point)
        if point == "compare":
            async with asyncio.timeout(NEVER_S):
                await self._meet.wait()


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(800))
    return database_url


async def test_all_read_models_rebuilt_together_are_what_they_were(filled: str) -> None:
    before = await rows_of(filled)
    assert sum(map(len, before.values())) > 200
    reports = await rebuilt(filled)
    assert [report.projection for report in reports] == list(NAMES)
    assert [table for r in reports for table in r.tables if not table.equal] == []
    assert await rows_of(filled) == before
    assert await schemas(filled) == [f"replaced_{name}" for name in sorted(NAMES)]


async def test_a_check_finds_nothing_and_leaves_nothing(filled: str) -> None:
    before = await rows_of(filled)
    reports = await rebuilt(filled, kind=Kind.CHECK)
    assert all(report.equal for report in reports)
    assert await rows_of(filled) == before
    assert await schemas(filled) == []


async def test_with_two_workers_two_read_models_are_compared_at_once(filled: str) -> None:
    right = await rows_of(filled)
    await forge(filled)
    names = ("conversations", "messages", "leads", "daily_counts")
    watched = Comparing(at_once=2)
    reports = await rebuilt(filled, *names, observer=watched, workers=2)
    assert not any(report.equal for report in reports)
    assert watched.told == [report.projection for report in reports] == list(names)
    assert watched.most >= 2
    found = await rows_of(filled, *names)
    assert found == {table: right[table] for table in found}


async def test_so_are_two_that_are_narrowed(filled: str) -> None:
    right = await rows_of(filled)
    await forge(filled, "company_id = 'company-1'")
    for names in (("conversations", "messages"), ("company_activity", "daily_counts")):
        watched = Comparing(at_once=2)
        chosen = Selection(company="company-1")
        reports = await rebuilt(filled, *names, selection=chosen, observer=watched, workers=2)
        assert not any(report.equal for report in reports)
        found = await rows_of(filled, *names)
        assert found == {table: right[table] for table in found}


@pytest.mark.parametrize("workers", [1, 2])
async def test_nothing_is_swapped_before_all_are_compared(filled: str, workers: int) -> None:
    watched = Watched()
    await rebuilt(filled, "conversations", "messages", "leads", observer=watched, workers=workers)
    told = [point for point in watched.points if point in ("compare", "swap", "in the swap")]
    assert told == ["compare"] * 3 + ["swap", "in the swap"] * 3


async def test_one_worker_and_who_tells_each_row_compare_one_after_the_other(filled: str) -> None:
    names = ("messages", "leads", "conversations")
    for how in (
        {"workers": 1},
        {"workers": 2, "kind": Kind.CHECK, "full": True},
    ):
        watched = Comparing(at_once=1)
        await rebuilt(filled, *names, observer=watched, **how)
        assert watched.most == 1, how
        assert watched.told == list(names)
