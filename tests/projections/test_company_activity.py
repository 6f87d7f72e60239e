"""Company activity: messages in and out by minute."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from consumers.projector import apply
from projections.company_activity import PROJECTION
from tests.projections.spec import event, given


def test_messages_are_counted_in_the_minute_in_which_they_were_written() -> None:
    first = event("message_received.text", number=1000)
    minute = first.event.occurred_at.replace(second=0)
    following = event("message.sent", number=1060)
    given(PROJECTION, first).when(event("message.sent", number=1001), following).then(
        {
            "company_activity": {
                (first.partition, "acme", minute): {"inbound": 1, "outbound": 1},
                (first.partition, "acme", following.event.occurred_at.replace(second=0)): {
                    "inbound": 0,
                    "outbound": 1,
                },
            }
        }
    )


async def test_the_view_adds_up_partitions(database_url: str) -> None:
    received = [event("message_received.text", f"c-{n}", number=n + 1) for n in range(3)]
    assert len({message.partition for message in received}) > 1
    conn = await asyncpg.connect(database_url)
    try:
        for message in received:
            await apply(conn, PROJECTION, [message])
        row = await conn.fetchrow("SELECT minute, inbound FROM projections.company_activity")
        assert row is not None
        assert tuple(row) == (datetime(2026, 11, 2, 12, tzinfo=UTC), 3)
    finally:
        await conn.close()
