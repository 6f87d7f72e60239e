"""The newest events of the log, and those that come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from events.partitioning import partition_of
from projections.migrate import Database
from projections.statements import statements

_SQL = statements("runtime.queries", "events.sql")

CLOCK_MAY_GO_BACK = timedelta(hours=1)
"""What the database's clock may have been put back by without hiding an event from a search."""
_EARLIEST = datetime.min.replace(tzinfo=UTC) + CLOCK_MAY_GO_BACK
_PAGE_PLACES = 5000

Places = Mapping[int, int]
"""Partition → position."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; None wants all. `after` is exclusive and means `recorded_at`."""

    type: str | None = None
    company_id: str | None = None
    conversation_id: str | None = None
    after: datetime | None = None


async def places(db: Database) -> dict[int, int]:
    """Each partition's last position in the log."""
    return {row["partition"]: row["position"] for row in await db.fetch(_SQL["places"])}


async def places_at(db: Database, at: datetime, up_to: Places) -> dict[int, int]:
    """Positions, at most `up_to`, at or below which nothing was recorded after `at`.

    It holds as long as the clock was put back by no more than `CLOCK_MAY_GO_BACK`.
    """
    before = max(at, _EARLIEST) - CLOCK_MAY_GO_BACK
    rows = await db.fetch(_SQL["places at"], before, list(up_to), list(up_to.values()))
    return {row["partition"]: row["position"] for row in rows}


async def newest(db: Database, wanted: Wanted, up_to: Places, *, limit: int) -> list[Any]:
    """The newest events at or below places, newest first."""
    after = {} if wanted.after is None else await places_at(db, wanted.after, up_to)
    if wanted.company_id is not None and wanted.conversation_id is not None:
        its = partition_of(wanted.company_id, wanted.conversation_id, len(up_to))
        up_to = {its: up_to[its]}
    return await db.fetch(
        _SQL["newest"],
        wanted.type,
        wanted.company_id,
        wanted.conversation_id,
        wanted.after,
        list(up_to),
        [after.get(partition, 0) for partition in up_to],
        list(up_to.values()),
        limit,
    )


async def next_after(db: Database, wanted: Wanted, seen: Places) -> tuple[list[Any], Places]:
    """The next events above the places `seen`, oldest first, and the places seen then.

    A long way is gone in steps: come again until the places stay.
    """
    last = await places(db)
    # A place never falls: where Postgres was put back, what was shown is not shown again.
    up_to = {p: max(at, min(last.get(p, at), at + _PAGE_PLACES)) for p, at in seen.items()}
    spans = (list(seen), list(seen.values()), [up_to[p] for p in seen])
    scope = (wanted.type, wanted.company_id, wanted.conversation_id)
    return await db.fetch(_SQL["events between"], *scope, *spans), up_to
