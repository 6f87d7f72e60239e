"""What is known of a conversation when a turn is thought about: its lines and its facts."""

from __future__ import annotations

from dataclasses import dataclass
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
class Known:
    """`facts` by name; what was last told of the lead; whether a human was asked for and is to come."""

    facts: dict[str, Fact]
    told: Told | None
    handoff_is_open: bool


class Recalling:
    """Reads for one turn; nothing is locked. Raises `TransientFault` when Postgres does not answer."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def history(self, company_id: str, conversation_id: str) -> tuple[Line, ...]:
        """The lines of what is closed, oldest first, at most `MOST_LINES`."""
        with faults_translated():
            rows = await self._pool.fetch(
                _SQL["transcript"], company_id, conversation_id, MOST_LINES
            )
        return tuple(_line(row) for row in rows[-MOST_LINES:])

    async def known(self, company_id: str, conversation_id: str) -> Known:
        """What was found out so far; a human's word goes before a model's or a rule's."""
        with faults_translated():
            row = await self._pool.fetchrow(_SQL["known"], company_id, conversation_id)
        if row is None:
            return Known({}, None, handoff_is_open=False)
        facts = [_fact(f) for texts in (row["facts"], row["facts_by_humans"]) for f in _list(texts)]
        return Known(
            {fact.name: fact for fact in facts}, _told(row), handoff_is_open=row["handoff_is_open"]
        )


def _line(row: asyncpg.Record) -> Line:
    if row["direction"] == "in":
        return Line("contact", row["text"], row["occurred_at"])
    is_human = row["sent_by"] == "human"
    return Line("human" if is_human else "centurion", row["text"], row["occurred_at"])


def _list(text: str | None) -> list[dict[str, Any]]:
    return [] if text is None else list(orjson.loads(text))


def _fact(row: dict[str, Any]) -> Fact:
    return Fact(**row | {"event_id": UUID(row["event_id"])})


def _told(row: asyncpg.Record) -> Told | None:
    if row["lead_id"] is None:
        return None
    return Told(row["lead_id"], Scoring.of(orjson.loads(row["scoring"])), row["standing"])
