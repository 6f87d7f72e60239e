"""RAG queries: what was looked up and found. `outcome = 'no_match'` lists the knowledge gaps.

`outcome` is `retrieved`, `no_match` or `failed`; `hits` best first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.catalogue.service import ContactErased
from events.catalogue.turns import RagFailed, RagQuery
from events.envelope import RecordedEvent
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched


@dataclass(slots=True)
class Query:
    """A row of `rag_queries`."""

    company_id: str
    conversation_id: str
    event_id: UUID
    turn_id: str
    query: str | None
    outcome: str
    mode: str
    hits: list[dict[str, Any]]
    best_score: float | None
    reason: str | None
    ms: int
    asked_at: datetime


class RagQueries:
    """The read model `rag_queries`."""

    name = "rag_queries"
    version = 1
    reads = frozenset({"rag.retrieved", "rag.no_match", "rag.failed", "contact.erased"})
    tables = (Table("rag_queries", Query, key=3, json=frozenset({"hits"})),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """All of a conversation's queries where its contact is erased, else none."""
        return {
            "rag_queries": {
                (r.event.company_id, r.event.conversation_id)
                for r in events
                if r.event.type == "contact.erased"
            }
        }

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """One row a query."""
        draft: Draft[Query] = Draft(state.get("rag_queries"))
        for recorded in events:
            event, payload = recorded.event, recorded.event.payload
            scope = (event.company_id, event.conversation_id)
            if isinstance(payload, RagQuery):
                draft.put((*scope, event.id), _row(recorded, payload))
            elif isinstance(payload, ContactErased):
                for key in draft.loaded_keys():
                    if key[:2] == scope and (row := draft.get(key)) is not None:
                        row.query = None
        return {"rag_queries": draft.changed}


def _row(recorded: RecordedEvent, payload: RagQuery) -> Query:
    event = recorded.event
    return Query(
        event.company_id,
        event.conversation_id,
        event.id,
        turn_id=payload.turn_id,
        query=payload.query,
        outcome=event.type.partition(".")[2],
        mode=payload.mode,
        hits=[hit.model_dump() for hit in payload.hits],
        best_score=max((hit.score for hit in payload.hits), default=None),
        reason=payload.reason if isinstance(payload, RagFailed) else None,
        ms=payload.duration_ms,
        asked_at=event.occurred_at,
    )


PROJECTION = RagQueries()
