"""Tells a poisoned conversation from a projection that fails on everything: pure."""

from __future__ import annotations

from consumers.partition_state import Conversation

_NEVER_WORKED = 10
_WORKED_BEFORE = 100


class FailureStreak:
    """What one projection refused since it last applied something.

    Ten different conversations in a row before anything was ever applied, or a hundred in a row
    later, are not ten or a hundred poisoned conversations: it is the projection that is broken.
    """

    def __init__(self) -> None:
        self._refused: set[Conversation] = set()
        self._has_worked = False

    def applied(self) -> None:
        """Something went through."""
        self._refused.clear()
        self._has_worked = True

    def begin_anew(self) -> None:
        """The projection was attached again: what it refused before was of another time."""
        self._refused.clear()
        self._has_worked = False

    def refused(self, conversation: Conversation) -> bool:
        """One more refusal; True when the projection is to be taken for broken."""
        self._refused.add(conversation)
        limit = _WORKED_BEFORE if self._has_worked else _NEVER_WORKED
        return len(self._refused) >= limit
