"""Daily counts: events by company, type and UTC day of `occurred_at`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from events.catalogue import CATALOGUE
from events.envelope import RecordedEvent
from projections.projection import Changes, Key, State, Table, TableKind, Touched


@dataclass(slots=True)
class DailyCount:
    """A row of `daily_counts`, as an increment."""

    partition: int
    company_id: str
    type: str
    day: date
    count: int


class DailyCounts:
    """The read model `daily_counts`."""

    name = "daily_counts"
    version = 1
    reads = frozenset(CATALOGUE)
    tables = (Table("daily_counts", DailyCount, key=4, kind=TableKind.SUM),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Nothing: counts are added to what stands."""
        return {}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """How many of each there are."""
        counts: dict[Key, DailyCount] = {}
        for r in events:
            event = r.event
            key = (r.partition, event.company_id, event.type, event.occurred_at.date())
            row = counts.get(key)
            if row is None:
                row = counts[key] = DailyCount(*key, 0)
            row.count += 1
        return {"daily_counts": counts}


PROJECTION = DailyCounts()
