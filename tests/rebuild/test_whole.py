"""Whole read models built anew beside the live ones."""

from __future__ import annotations

import pytest

from consumers.rebuild.plan import Kind
from tests.rebuild.ground import NAMES, consumed, mixed, rebuilt, rows_of, schemas


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
