"""Writes events in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from events.codec import encode
from events.envelope import Event
from events.partitioning import partition_of
from events.publisher import publishable
from projections.migrate import Database
from projections.statements import statements

_SQL = statements("runtime.outbox", "outbox.sql")

Telling = tuple[int, list[UUID], list[str]]
"""The last parameters of a statement that calls `runtime.tell`: partition, event ids, bodies."""


def telling(events: Sequence[Event], *, partitions: int) -> Telling:
    """For a statement that tells events of one conversation with what it does itself.

    Raises:
        InvalidEvent: an event is not one that may be published.
        ValueError: they are of several conversations.
    """
    places = {(event.company_id, event.conversation_id) for event in events}
    if len(places) > 1:
        raise ValueError(f"events of {len(places)} conversations cannot be told as of one")
    partition = partition_of(*places.pop(), partitions) if places else 0
    bodies = [encode(event) for event in events]
    for body in bodies:
        publishable(body)
    return partition, [event.id for event in events], [body.decode() for body in bodies]


async def append(conn: Database, events: Sequence[Event], *, partitions: int) -> None:
    """Keep events of one conversation, in order, until the log holds them.

    Must be called inside the transaction that changes what the events tell, if there is one. Until it
    ends, nobody else appends to the same conversation, so ids commit in order.

    Raises:
        InvalidEvent, ValueError: as `telling` does; nothing was written.
    """
    if not events:
        return
    partition, ids, bodies = telling(events, partitions=partitions)
    first = events[0]
    await conn.execute(
        _SQL["append"], partition, first.company_id, first.conversation_id, ids, bodies
    )
