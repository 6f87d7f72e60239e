"""Company activity: inbound and outbound messages a UTC minute; who went silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from events.envelope import RecordedEvent
from projections.conversations import MESSAGES_IN
from projections.projection import Changes, Key, State, Table, TableKind, Touched


@dataclass(slots=True)
class MinuteOfActivity:
    """A row of `company_activity`, as an increment."""

    partition: int
    company_id: str
    minute: datetime
    inbound: int
    outbound: int


class CompanyActivity:
    """The read model `company_activity`."""

    name = "company_activity"
    version = 1
    reads = MESSAGES_IN | {"message.sent"}
    tables = (Table("company_activity", MinuteOfActivity, key=3, kind=TableKind.SUM),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Nothing: counts are added to what stands."""
        return {}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Messages in and out by minute."""
        minutes: dict[Key, MinuteOfActivity] = {}
        for r in events:
            minute = r.event.occurred_at.replace(second=0, microsecond=0)
            key = (r.partition, r.event.company_id, minute)
            row = minutes.get(key)
            if row is None:
                row = minutes[key] = MinuteOfActivity(*key, 0, 0)
            if r.event.type == "message.sent":
                row.outbound += 1
            else:
                row.inbound += 1
        return {"company_activity": minutes}


PROJECTION = CompanyActivity()
