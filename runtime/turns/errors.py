"""What ends a worker's turn before its time.

TurnError
├── ClaimLost     the turn is another worker's by now, or over; `.turn_id`
└── Superseded    the customer wrote again while the turn was thinking
"""

from __future__ import annotations

from uuid import UUID


class TurnError(Exception):
    """Base of what ends a turn's run."""


class ClaimLost(TurnError):
    """The turn is another worker's by now, or over: what this one still wanted is void."""

    def __init__(self, turn_id: UUID) -> None:
        super().__init__(f"turn {turn_id} is another worker's by now, or over")
        self.turn_id = turn_id


class Superseded(TurnError):
    """The customer wrote again while the turn was thinking: it runs again over all of it."""
