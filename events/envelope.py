"""An event before and after it is recorded.

Named tuples: one of each is made for every event that is read, in a quarter of the time that a frozen
dataclass takes.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from events.entry_id import EntryId
from events.payload import Payload


class Event(NamedTuple):
    """A domain event as a producer means it, validated and lifted to the current version.

    `version` is the version that arrived; `payload` always has the catalogue's current shape.
    `occurred_at` is aware and in UTC. `conversation_id` is `""` for company-wide events.
    """

    id: UUID
    type: str
    version: int
    occurred_at: datetime
    company_id: str
    conversation_id: str
    source: str
    correlation_id: str
    causation_id: UUID | None
    payload: Payload


class RecordedEvent(NamedTuple):
    """An event with its place in the log.

    `position` counts from 1 without gaps in its partition, in commit order: it is what "stream
    order", replay and as-of mean. `entry_id` is where it stood in Redis. `recorded_at` is the
    database's clock in the transaction that logged it, aware and in UTC.
    """

    event: Event
    partition: int
    position: int
    entry_id: EntryId
    recorded_at: datetime
