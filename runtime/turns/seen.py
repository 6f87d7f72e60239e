"""What was seen of a conversation and a claimed turn, under their locks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from runtime.turns.claims import Claim

_CONTROL, _TURN = 6, 24
"""Where a row's columns of the conversation end, and those of the turn behind them."""


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
class Seen:
    """How it stood. `now` is the database's clock after both locks, `at_s` this process's."""

    claim: Claim
    control: Control
    turn: TurnRow
    messages: tuple[asyncpg.Record, ...]
    """The open messages of the burst, in stream order, where they were asked for."""
    has_reports: bool
    now: datetime
    at_s: float

    def waited_ms(self) -> float:
        """Since the burst's first message came, in milliseconds."""
        since = self.turn.first_received_at
        return 0.0 if since is None else (self.now - since).total_seconds() * 1000

    def later(self) -> Seen:
        """The same, held to stand as it stood: `now` is the present."""
        at_s = monotonic()
        return replace(self, now=self.now + timedelta(seconds=at_s - self.at_s), at_s=at_s)


def seen_of(claim: Claim, rows: list[asyncpg.Record]) -> Seen:
    """Of the rows of `agent.hold_turn`: each has the conversation, the turn and a message, or nulls."""
    row = rows[0]
    owner, opted_out, channel, centurion_id, contact, last_inbound_at = row[:_CONTROL]
    state, upper, seen, covers, *rest = row[_CONTROL:_TURN]
    return Seen(
        claim,
        Control(
            owner,
            opted_out,
            channel,
            centurion_id,
            orjson.loads(contact or "{}"),
            last_inbound_at,
        ),
        TurnRow(state, upper, seen, tuple(covers), *rest),
        tuple(rows) if row["event_id"] is not None else (),
        row["has_reports"],
        row["now"],
        monotonic(),
    )
