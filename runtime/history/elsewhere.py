"""What events led to.

Bodies name causes, not effects, and no index has them: so in an event's own conversation all is
looked at, in the company's others what was recorded near in time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import orjson

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


async def led_to(
    db: Database,
    scope: Scope,
    events: Sequence[RecordedEvent],
    *,
    limit: int,
    by_correlation: bool,
) -> list[RecordedEvent]:
    """What `events` (of the company) caused, oldest first, at most `limit` of each of two kinds.

    Those in the conversation `scope` come from all of it; those in the company's other
    conversations from an hour before the first of `events` to a day after the last. With
    `by_correlation`, of the others also those that share a correlation_id.
    """
    if not events:
        return []
    caused = sorted({f'"{r.event.id}"' for r in events})
    here = await db.fetch(_SQL["effects in a conversation"], *scope, caused, limit)
    correlated = correlations(events) if by_correlation else []
    there = await others(db, scope, events, caused=caused, correlated=correlated, limit=limit)
    found = [from_log(row, row["partition"]) for row in here] + there
    return sorted(found, key=in_time)


async def others(
    db: Database,
    scope: Scope,
    events: Sequence[RecordedEvent],
    *,
    caused: list[str],
    correlated: list[str],
    limit: int,
) -> list[RecordedEvent]:
    """Of the company's other conversations, near in time: what names one of these as JSON has it."""
    since = min(r.recorded_at for r in events) - CLOCK_MAY_GO_BACK
    until = max(r.recorded_at for r in events) + NEAR
    last = await places(db)
    after = await places_at(db, since, last)
    up_to = await _places_by(db, until, last)
    rows = await db.fetch(
        _SQL["led to"],
        *scope,
        caused,
        correlated,
        since,
        until,
        list(last),
        [after.get(p, 0) for p in last],
        [up_to.get(p, last[p]) for p in last],
        limit,
    )
    return [from_log(row, row["partition"]) for row in rows]


def in_time(recorded: RecordedEvent) -> tuple[datetime, int, int]:
    """The order in which events of several partitions are told."""
    return recorded.recorded_at, recorded.partition, recorded.position


async def _places_by(db: Database, until: datetime, last: dict[int, int]) -> dict[int, int]:
    """Places above which nothing of `until` or before is, as far as the clock was not put back."""
    return await places_at(db, until + 2 * CLOCK_MAY_GO_BACK, last)


def correlations(events: Iterable[RecordedEvent]) -> list[str]:
    """As bodies may have them: with characters as they are, or all beyond ASCII escaped."""
    names = {r.event.correlation_id for r in events if r.event.correlation_id}
    return sorted({orjson.dumps(n).decode() for n in names} | {json.dumps(n) for n in names})
