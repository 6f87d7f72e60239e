"""A conversation and a turn under their locks: what stands there does not change until the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from consumers.errors import faults_translated
from consumers.leased import Connection, bounds
from projections.statements import statements
from runtime.turns.claims import Claim
from runtime.turns.errors import ClaimLost

_SQL = statements("runtime.turns", "held.sql")


@dataclass(frozen=True, slots=True)
class Control:
    """The conversation's row of `agent.conversation_control`."""

    owner: str
    opted_out: bool
    channel: str | None
    centurion_id: str | None
    contact: dict[str, Any]
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True)
class TurnRow:
    """The turn's row of `agent.turns`, beside the burst that it is about, as long as that is open."""

    state: str
    upper_position: int
    seen_position: int
    covers: tuple[UUID, ...]
    failures: int
    correlation_id: str | None
    causation_id: UUID | None
    opened_at: datetime
    decided: str | None
    decided_reason: str | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: Any
    burst_centurion_id: str | None
    first_received_at: datetime | None
    first_position: int | None
    last_position: int | None

    @property
    def is_written_to(self) -> bool:
        """The customer wrote again since the turn began.

        What a turn left to the next one, because it was too much for one, is no news.
        """
        return (self.last_position or 0) > self.seen_position


@dataclass(frozen=True, slots=True)
class Held:
    """What is held, in an open transaction. `now` is the database's clock after both locks."""

    conn: Connection
    claim: Claim
    control: Control
    turn: TurnRow
    has_reports: bool
    now: datetime

    def given_to_human(self) -> Held:
        """The same after a human took the conversation."""
        return replace(self, control=replace(self.control, owner="human"), has_reports=False)

    def waited_ms(self) -> float:
        """Since the burst's first message came, in milliseconds."""
        since = self.turn.first_received_at
        return 0.0 if since is None else (self.now - since).total_seconds() * 1000


@asynccontextmanager
async def held(pool: asyncpg.Pool, claim: Claim, *, lease_s: float) -> AsyncIterator[Held]:
    """Hold the claim's conversation and turn for one transaction.

    Its time-outs are shorter than the lease: a worker that is frozen inside it holds up neither its
    successor nor the consumer of the conversation's partition for longer.

    Raises:
        ClaimLost: the turn is another worker's by now, or over; nothing was written.
        TransientFault: it is not known whether the transaction was committed.
    """
    with faults_translated():
        async with pool.acquire() as conn, conn.transaction():
            control = await conn.fetchrow(
                _SQL["hold the conversation"],
                claim.company_id,
                claim.conversation_id,
                *bounds(lease_s),
            )
            turn = await conn.fetchrow(
                _SQL["hold the turn"], claim.company_id, claim.turn_id, claim.fence, claim.worker
            )
            if control is None or turn is None:
                raise ClaimLost(claim.turn_id)
            yield _held(conn, claim, control, turn)


def _held(conn: Connection, claim: Claim, control: asyncpg.Record, turn: asyncpg.Record) -> Held:
    *fields, now, has_reports = turn
    row = TurnRow(*fields)
    return Held(
        conn,
        claim,
        Control(
            control["owner"],
            control["opted_out"],
            control["channel"],
            control["centurion_id"],
            orjson.loads(control["contact"] or "{}"),
            control["last_inbound_at"],
        ),
        replace(row, covers=tuple(row.covers)),
        has_reports,
        now,
    )
