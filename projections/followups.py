"""Follow-ups: what is due, was sent, or will not be. An ended one never changes again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from events.catalogue.service import Followup
from events.envelope import RecordedEvent
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched

_ENDED = frozenset({"sent", "canceled", "failed"})


@dataclass(slots=True)
class FollowupRow:
    """A row of `followups`; `status` is the last part of its last event's type."""

    company_id: str
    conversation_id: str
    followup_id: str
    rule: str
    attempt: int
    status: str
    due_at: datetime
    reason: str | None
    scheduled_at: datetime | None
    ended_at: datetime | None


class Followups:
    """The read model `followups`."""

    name = "followups"
    version = 1
    reads = frozenset(
        f"followup.{step}" for step in ("scheduled", "held", "sent", "canceled", "failed")
    )
    tables = (Table("followups", FollowupRow, key=3),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """The follow-ups named."""
        return {
            "followups": {
                (r.event.company_id, r.event.conversation_id, r.event.payload.followup_id)
                for r in events
                if isinstance(r.event.payload, Followup)
            }
        }

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Each step onto its follow-up."""
        draft: Draft[FollowupRow] = Draft(state.get("followups"))
        for recorded in events:
            if isinstance(recorded.event.payload, Followup):
                _apply(draft, recorded, recorded.event.payload)
        return {"followups": draft.changed}


def _apply(draft: Draft[FollowupRow], recorded: RecordedEvent, payload: Followup) -> None:
    event = recorded.event
    key = (event.company_id, event.conversation_id, payload.followup_id)
    status = event.type.partition(".")[2]
    row = draft.get(key)
    if row is None:
        row = draft.put(
            key,
            FollowupRow(
                *key, payload.rule, payload.attempt, status, payload.due_at, None, None, None
            ),
        )
    elif row.status in _ENDED:
        return
    row.rule, row.attempt, row.status = payload.rule, payload.attempt, status
    row.due_at, row.reason = payload.due_at, payload.reason
    if status == "scheduled" and row.scheduled_at is None:
        row.scheduled_at = event.occurred_at
    if status in _ENDED:
        row.ended_at = event.occurred_at


PROJECTION = Followups()
