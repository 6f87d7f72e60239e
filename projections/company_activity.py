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
            event = r.event
            at = event.occurred_at
            # A time with a zone takes ten times as long to hash as the parts of its minute.
            place = (r.partition, event.company_id, at.toordinal(), at.hour, at.minute)
            row = minutes.get(place)
            if row is None:
                minute = at.replace(second=0, microsecond=0)
                row = minutes[place] = MinuteOfActivity(*place[:2], minute, 0, 0)
            if event.type == "message.sent":
                row.outbound += 1
            else:
                row.inbound += 1
        changed = {(row.partition, row.company_id, row.minute): row for row in minutes.values()}
        return {"company_activity": changed}


PROJECTION = CompanyActivity()
