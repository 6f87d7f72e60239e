"""What events led to.

Bodies name causes, not effects, and no index has them: so in an event's own conversation all is
looked at, in the company's others what was recorded near in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from consumers.logged_events import from_log
from events.envelope import RecordedEvent
from projections.migrate import Database
from projections.statements import statements
from runtime.queries.events import CLOCK_MAY_GO_BACK, places, places_at

_SQL = statements("runtime.history", "history.sql")

NEAR = timedelta(days=1)
"""How much later than the last of some events their effects in other conversations are looked for."""

Scope = tuple[str, str]
"""(company_id, conversation_id)."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What effects name: ids of causes, or correlation_ids."""

    causes: frozenset[UUID]
    correlations: frozenset[str] = frozenset()

    def hold(self, row: Any, recorded: RecordedEvent) -> bool:
        """Whether a row of the log that was found names one of them."""
        event = recorded.event
        return (
            row["is_read"]
            or event.causation_id in self.causes
            or event.correlation_id in self.correlations
        )


def ties_of(events: Iterable[RecordedEvent], *, by_correlation: bool) -> Ties:
    """What names these events."""
    named = [r.event for r in events]
    correlations = {e.correlation_id for e in named if e.correlation_id and by_correlation}
    return Ties(frozenset(e.id for e in named), frozenset(correlations))


async def effects_of(
    db: Database, scope: Scope, recorded: RecordedEvent, *, limit: int
) -> list[RecordedEvent]:
    """What the event (of the conversation `scope`) caused itself, oldest first.

    At most `limit` from its own conversation, all of which is looked at, and as many from the
    company's other conversations, from an hour before it to a day after it.
    """
    ties = ties_of([recorded], by_correlation=False)
    rows = await db.fetch(
        _SQL["effects in a conversation"], *scope, list(map(str, ties.causes)), limit
    )
    there = await led_to(db, scope, [recorded], ties, limit=limit)
    return sorted(_read(rows, ties) + there, key=in_time)


async def led_to(
    db: Database, scope: Scope, events: Sequence[RecordedEvent], ties: Ties, *, limit: int
) -> list[RecordedEvent]:
    """What names `ties` in the company's conversations but `scope`, oldest first, at most `limit`.

    It was recorded from an hour before the first of `events` (of which there is one) to a day after
    the last.
    """
    since = min(r.recorded_at for r in events) - CLOCK_MAY_GO_BACK
    until = max(r.recorded_at for r in events) + NEAR
    last = await places(db)
    after = await places_at(db, since, last)
    # Above these nothing is of `until` or before, as far as the clock was not put back by more.
    up_to = await places_at(db, until + 2 * CLOCK_MAY_GO_BACK, last)
    spans = (list(last), [after.get(p, 0) for p in last], [up_to.get(p, last[p]) for p in last])
    named = (sorted(map(str, ties.causes)), sorted(ties.correlations))
    rows = await db.fetch(_SQL["led to"], *scope, *named, since, until, *spans, limit)
    return _read(rows, ties)


def in_time(recorded: RecordedEvent) -> tuple[datetime, int, int]:
    """The order in which events of several partitions are told."""
    return recorded.recorded_at, recorded.partition, recorded.position


def _read(rows: Iterable[Any], ties: Ties) -> list[RecordedEvent]:
    read = ((row, from_log(row, row["partition"])) for row in rows)
    return [recorded for row, recorded in read if ties.hold(row, recorded)]
