"""A conversation as the event log, the inbox and the read models have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from consumers.logged_events import from_log
from events.envelope import RecordedEvent
from projections.migrate import Database
from projections.statements import statements
from runtime.explaining.values import InboxState

_SQL = statements("runtime.queries", "conversations.sql")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the read models know: `state` is None where they know nothing (yet).

    `transcript` has the newest messages, in stream order.
    """

    state: Row | None
    leads: list[Row]
    handoffs: list[Row]
    transcript: list[Row]


async def companies_of(db: Database, conversation_id: str) -> list[str]:
    """The companies in whose log a conversation of that id is."""
    rows = await db.fetch(_SQL["companies"], conversation_id)
    return [row["company_id"] for row in rows]


async def logged_events(db: Database, company_id: str, conversation_id: str) -> list[RecordedEvent]:
    """All events of a conversation, in stream order."""
    rows = await db.fetch(_SQL["events"], company_id, conversation_id)
    return [from_log(row, row["partition"]) for row in rows]


async def inbox_states(
    db: Database, company_id: str, conversation_id: str
) -> dict[UUID, InboxState]:
    """What the inbox says of a conversation's messages, by the inbound event's id."""
    rows = await db.fetch(_SQL["inbox"], company_id, conversation_id)
    return {
        row["event_id"]: InboxState(row["closed_at"], row["closed_reason"], row["turn_id"])
        for row in rows
    }


async def conversation(
    db: Database, company_id: str, conversation_id: str, *, messages: int
) -> Conversation:
    """The read models' rows, at most so many messages."""
    scope = (company_id, conversation_id)
    state = await db.fetch(_SQL["state"], *scope)
    leads = [dict(row) for row in await db.fetch(_SQL["leads"], *scope)]
    for lead in leads:
        lead |= {name: orjson.loads(lead[name]) for name in ("facts", "criteria")}
    transcript = [dict(row) for row in await db.fetch(_SQL["transcript"], *scope, messages)]
    for message in transcript:
        del message["position"]
    handoffs = [dict(row) for row in await db.fetch(_SQL["handoffs"], *scope)]
    return Conversation(dict(state[0]) if state else None, leads, handoffs, transcript)
