"""OpenAI usage: calls, tokens and exact costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import asyncpg

from consumers.projector import apply
from projections.openai_usage import PROJECTION
from tests.projections.spec import event, given

DAY = date(2026, 11, 2)


def test_costs_are_added_exactly() -> None:
    first = event("openai.call_completed", cost="0.1")
    given(PROJECTION, first).when(
        event("openai.call_completed", cost="0.2"), event("openai.call_completed", cost=None)
    ).then(
        {
            "openai_usage": {
                (first.partition, "acme", DAY, "m", "reply"): {
                    "calls": 3,
                    "total_tokens": 45,
                    "cost": Decimal("0.3"),
                }
            }
        }
    )


def test_a_failed_call_without_a_model_is_counted_apart() -> None:
    failed = event("openai.call_failed")
    given(PROJECTION).when(failed).then(
        {
            "openai_usage": {
                (failed.partition, "acme", DAY, "", "reply"): {"failures": 1, "calls": 0}
            }
        }
    )


async def test_the_view_adds_up_partitions(database_url: str) -> None:
    calls = [event("openai.call_completed", f"c-{n}", cost="0.1") for n in range(3)]
    assert len({call.partition for call in calls}) > 1
    conn = await asyncpg.connect(database_url)
    try:
        for call in calls:
            await apply(conn, PROJECTION, [call])
        row = await conn.fetchrow("SELECT calls, cost FROM projections.openai_usage")
        assert row is not None
        assert tuple(row) == (3, Decimal("0.3"))
    finally:
        await conn.close()
