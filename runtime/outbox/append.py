"""Writes events in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Sequence

from events.codec import encode
from events.envelope import Event
from events.partitioning import partition_of
from events.publisher import publishable
from projections.migrate import Database
from projections.statements import statements

_SQL = statements("runtime.outbox", "outbox.sql")


async def append(conn: Database, events: Sequence[Event], *, partitions: int) -> None:
    """Number the events of each conversation and keep them until the log holds them.

    Must be called inside the transaction that changes what the events tell, if there is one. Until it
    ends, nobody else appends to the same conversations, so ids commit in order.

    Raises:
        InvalidEvent: an event is not one that may be published; nothing was written.
    """
    if not events:
        return
    bodies = [encode(event) for event in events]
    for body in bodies:
        publishable(body)
    await conn.execute(
        _SQL["append"],
        [partition_of(e.company_id, e.conversation_id, partitions) for e in events],
        [event.company_id for event in events],
        [event.conversation_id for event in events],
        [event.id for event in events],
        [body.decode() for body in bodies],
    )
