"""Handoffs: who asked for a human, who took it, how it ended.

`status` only goes forward: `requested`, `accepted`, then one of `completed`, `expired`, `failed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from events.catalogue.service import Handoff
from events.envelope import Event, RecordedEvent
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched

_RANK = {"requested": 0, "accepted": 1, "completed": 2, "expired": 2, "failed": 2}


@dataclass(slots=True)
class HandoffRow:
    """A row of `handoffs`."""

    company_id: str
    conversation_id: str
    handoff_id: str
    status: str
    reason: str
    brief: str | None
    requested_by: str | None
    requested_at: datetime | None
    accepted_at: datetime | None
    accepted_by: str | None
    ended_at: datetime | None


class Handoffs:
    """The read model `handoffs`."""

    name = "handoffs"
    version = 1
    reads = frozenset({*(f"handoff.{step}" for step in _RANK), "contact.erased"})
    tables = (Table("handoffs", HandoffRow, key=3),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """All handoffs of the conversations."""
        return {"handoffs": {(r.event.company_id, r.event.conversation_id) for r in events}}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Each step onto its handoff."""
        draft: Draft[HandoffRow] = Draft(state.get("handoffs"))
        for recorded in events:
            if isinstance(recorded.event.payload, Handoff):
                _apply(draft, recorded, recorded.event.payload)
            else:
                _erase(draft, recorded.event)
        return {"handoffs": draft.changed}


def _erase(draft: Draft[HandoffRow], event: Event) -> None:
    for key in draft.loaded_keys():
        row = draft.get(key) if key[:2] == (event.company_id, event.conversation_id) else None
        if row is not None:
            row.brief = None


def _apply(draft: Draft[HandoffRow], recorded: RecordedEvent, payload: Handoff) -> None:
    event = recorded.event
    key = (event.company_id, event.conversation_id, payload.handoff_id)
    status = event.type.partition(".")[2]
    row = draft.get(key) or draft.put(
        key, HandoffRow(*key, status, payload.reason, None, None, None, None, None, None)
    )
    if _RANK[row.status] == 2 and row.ended_at is not None:
        return
    if _RANK[status] >= _RANK[row.status]:
        row.status = status
    if status == "requested" and row.requested_at is None:
        row.requested_at, row.requested_by = event.occurred_at, payload.by
        row.reason = payload.reason
    elif status == "accepted" and row.accepted_at is None:
        row.accepted_at, row.accepted_by = event.occurred_at, payload.by
    elif _RANK[status] == 2:
        row.ended_at = event.occurred_at
    row.brief = payload.brief or row.brief


PROJECTION = Handoffs()
