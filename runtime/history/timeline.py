"""Gathers a conversation's events, their causes and what they led to elsewhere in the company."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from consumers.logged_events import from_log
from events.envelope import RecordedEvent
from projections.migrate import Database
from projections.statements import statements
from runtime.history.elsewhere import Scope, in_time, led_to, ties_of
from runtime.history.forest import Node, forest

_SQL = statements("runtime.history", "history.sql")
_STEPS = 20
"""How many causes above one another, or effects below, are followed out of what is shown."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The trees of a conversation, parents first, each event once; `cut` says what is left out."""

    nodes: list[Node]
    cut: list[str]


@dataclass(slots=True)
class _Gathered:
    events: dict[Place, RecordedEvent] = field(default_factory=dict)
    elsewhere: set[UUID] = field(default_factory=set)
    cut: list[str] = field(default_factory=list)

    def add(self, found: Iterable[RecordedEvent], *, limit: int) -> list[RecordedEvent]:
        """Those that were not here before, oldest first, as long as there is room."""
        new = {(r.partition, r.position): r for r in found}
        fresh = sorted((r for at, r in new.items() if at not in self.events), key=in_time)
        room = max(0, limit - len(self.events))
        if len(fresh) > room:
            self.cut.append(f"more than {limit} events belong to it: raise --limit")
        self.events |= {(r.partition, r.position): r for r in fresh[:room]}
        return fresh[:room]


async def timeline(
    db: Database,
    scope: Scope,
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    alone: bool,
) -> Timeline:
    """The newest events of the conversation recorded in `[since, until]`, with what ties to them.

    At most `limit` of its own events, and with those from elsewhere twice as many. `alone` leaves
    the company's other conversations unread: of them, only causes are there.
    """
    rows = await db.fetch(_SQL["newest of a conversation"], *scope, since, until, limit + 1)
    own = [from_log(row, row["partition"]) for row in reversed(rows)]
    gathered = _Gathered()
    if len(own) > limit:
        gathered.cut.append(f"older events are left out: --limit {limit}, or give --until")
        own = own[1:]
    gathered.add(own, limit=limit)
    if not alone:
        await _effects(db, scope, gathered, own, limit=2 * limit)
    await _causes(db, scope, gathered, limit=2 * limit)
    nodes = forest(list(gathered.events.values()), frozenset(gathered.elsewhere))
    return Timeline(nodes, list(dict.fromkeys(gathered.cut)))


async def _effects(
    db: Database, scope: Scope, gathered: _Gathered, own: list[RecordedEvent], *, limit: int
) -> None:
    """What the events led to in other conversations, and what that led to, and so on."""
    new = own
    for step in range(_STEPS):
        if not new:
            return
        # What is elsewhere is followed by causes alone: a correlation that half the company
        # shares would lead everywhere.
        ties = ties_of(new, by_correlation=step == 0)
        new = gathered.add(await led_to(db, scope, new, ties, limit=limit + 1), limit=limit)
    gathered.cut.append(f"effects are followed {_STEPS} steps into other conversations")


async def _causes(db: Database, scope: Scope, gathered: _Gathered, *, limit: int) -> None:
    """Causes that are not here, up to their roots; those too far up are known to be elsewhere."""
    asked: set[UUID] = set()
    for step in range(_STEPS + 1):
        here = {r.event.id for r in gathered.events.values()}
        causes = {r.event.causation_id for r in gathered.events.values()}
        missing = {cause for cause in causes if cause is not None} - here - asked
        if not missing:
            return
        asked |= missing
        rows = await db.fetch(_SQL["by id"], sorted(missing), scope[0])
        found = [from_log(row, row["partition"]) for row in rows]
        added = gathered.add(found, limit=limit) if step < _STEPS else []
        gathered.elsewhere |= {r.event.id for r in found} - {r.event.id for r in added}
