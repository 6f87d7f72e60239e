"""What is known of a conversation when a turn is thought about: its lines and its facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from consumers.errors import faults_translated
from projections.statements import statements
from runtime.agent.context import Fact, Line
from runtime.agent.qualification import Scoring
from runtime.turns.thought import Told

_SQL = statements("runtime.turns", "recalling.sql")
MOST_LINES = 30
"""How many earlier lines a turn is given."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a conversation has come to.

    `lines` are those of what is closed, oldest first, at most `MOST_LINES`; `facts` by name, a human's
    word before a model's or a rule's; `told` is what was last told of the lead.
    """

    lines: tuple[Line, ...]
    facts: dict[str, Fact]
    told: Told | None
    handoff_is_open: bool
    """A human was asked for and is to come."""


async def recall(pool: asyncpg.Pool, company_id: str, conversation_id: str) -> Recalled:
    """Read for one turn; nothing is locked. Raises `TransientFault` when Postgres does not answer."""
    with faults_translated():
        [row] = await pool.fetch(_SQL["recall"], company_id, conversation_id, MOST_LINES)
    columns = row["directions"], row["sent_by"], row["texts"], row["occurred_at"]
    lines = () if columns[0] is None else tuple(map(_line, *columns))
    facts = [_fact(f) for texts in (row["facts"], row["facts_by_humans"]) for f in _list(texts)]
    return Recalled(
        lines[-MOST_LINES:],
        {fact.name: fact for fact in facts},
        _told(row),
        handoff_is_open=row["handoff_is_open"],
    )


def _line(direction: str, sent_by: str | None, text: str, at: datetime) -> Line:
    if direction == "in":
        return Line("contact", text, at)
    return Line("human" if sent_by == "human" else "centurion", text, at)


def _list(text: str | None) -> list[dict[str, Any]]:
    return [] if text is None else list(orjson.loads(text))


def _fact(row: dict[str, Any]) -> Fact:
    return Fact(**row | {"event_id": UUID(row["event_id"])})


def _told(row: asyncpg.Record) -> Told | None:
    if row["lead_id"] is None:
        return None
    return Told(row["lead_id"], Scoring.of(orjson.loads(row["scoring"])), row["standing"])
