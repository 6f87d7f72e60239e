"""Daily counts: events by type and day."""

from __future__ import annotations

from datetime import date

import asyncpg

from consumers.projector import apply
from projections.daily_counts import PROJECTION
from tests.projections.spec import event, given

DAY = date(2026, 11, 2)


def test_types_are_counted_apart() -> None:
    first = event("message_received.text")
    given(PROJECTION, first).when(event("message_received.text"), event("message.sent")).then(
        {
            "daily_counts": {
                (first.partition, "acme", "message_received.text", DAY): {"count": 2},
                (first.partition, "acme", "message.sent", DAY): {"count": 1},
            }
        }
    )


async def test_the_view_adds_up_partitions(database_url: str) -> None:
    received = [event("message_received.text", f"c-{n}") for n in range(3)]
    assert len({message.partition for message in received}) > 1
    conn = await asyncpg.connect(database_url)
    try:
        for message in received:
            await apply(conn, PROJECTION, [message])
        row = await conn.fetchrow("SELECT day, count FROM projections.daily_counts")
        assert row is not None
        assert tuple(row) == (DAY, 3)
    finally:
        await conn.close()
