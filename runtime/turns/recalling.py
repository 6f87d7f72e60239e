"""What is known of a conversation when a turn is thought about: its lines and its facts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import orjson

from consumers.errors import faults_translated
from projections.statements import statements
from runtime.agent.context import Fact, Line

_SQL = statements("runtime.turns", "recalling.sql")
MOST_LINES = 30
"""How many earlier lines a turn is given."""


class Recalling:
    """Reads for one turn; nothing is locked. Raises `TransientFault` when Postgres does not answer."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def history(
        self, company_id: str, conversation_id: str, *, burst: Sequence[UUID]
    ) -> tuple[Line, ...]:
        """The lines before the burst, oldest first, at most `MOST_LINES`."""
        with faults_translated():
            rows = await self._pool.fetch(
                _SQL["transcript"], company_id, conversation_id, list(burst), MOST_LINES
            )
        return tuple(_line(row) for row in rows[-MOST_LINES:])

    async def facts(self, company_id: str, conversation_id: str) -> dict[str, Fact]:
        """What is known, by name; a human's word goes before a model's or a rule's."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["facts"], company_id, conversation_id)
        return {row["name"]: _fact(row) for row in rows}


def _line(row: asyncpg.Record) -> Line:
    if row["direction"] == "in":
        return Line("contact", row["text"], row["occurred_at"])
    is_human = row["sent_by"] == "human"
    return Line("human" if is_human else "centurion", row["text"], row["occurred_at"])


def _fact(row: asyncpg.Record) -> Fact:
    return Fact(
        row["name"],
        orjson.loads(row["value"]),
        row["evidence"],
        row["event_id"],
        row["confidence"],
        row["by"],
    )
