"""What turns share, with a word to say at each of a turn's transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from runtime.turns.claims import Claim
from runtime.turns.held import Held
from runtime.turns.parts import TurnParts

OPENS, RECORDS, SETTLES = 1, 2, 3
"""A turn's transactions in their order; the second one lets the first part out, too. A part more has
two more: one that lets it out, one that settles it."""
Before = Callable[[Claim, int], Awaitable[None]]


class ArmedParts(TurnParts):
    """Calls `before` ahead of each transaction, with its number in the turn."""

    before: Before
    _numbers: Counter[str]

    def arm(self, before: Before) -> ArmedParts:
        """Itself."""
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "_numbers", Counter())
        return self

    def held(self, claim: Claim) -> AbstractAsyncContextManager[Held]:
        """As without arms, later."""
        return self._armed(claim)

    @asynccontextmanager
    async def _armed(self, claim: Claim) -> AsyncIterator[Held]:
        self._numbers[claim.conversation_id] += 1
        await self.before(claim, self._numbers[claim.conversation_id])
        async with super().held(claim) as on:
            yield on
