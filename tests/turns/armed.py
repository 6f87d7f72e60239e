"""What turns share, with a word to say at each of a turn's transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from runtime.channels.port import Sent
from runtime.companies.config import Channel
from runtime.turns.claims import Claim
from runtime.turns.closing import Ended
from runtime.turns.held import Covering, Held
from runtime.turns.parts import TurnParts
from runtime.turns.recording import Recorded
from runtime.turns.seen import Seen
from runtime.turns.sending import Part
from runtime.turns.thought import Thought

OPENS, RECORDS, SETTLES = 1, 2, 3
"""A turn's transactions in their order; the second one lets the first part out, too. A part more has
two more: one that lets it out, one that settles it. One that is done in a statement at first, and
then under the locks, because that came to nothing, counts once."""
Before = Callable[[Claim, int], Awaitable[None]]


class ArmedParts(TurnParts):
    """Calls `before` ahead of each transaction, with its number in the turn."""

    before: Before
    _numbers: Counter[str]
    _again: set[tuple[str, Covering]]

    def arm(self, before: Before) -> ArmedParts:
        """Itself."""
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "_numbers", Counter())
        object.__setattr__(self, "_again", set())
        return self

    def held(
        self, claim: Claim, covering: Covering = Covering.NOTHING
    ) -> AbstractAsyncContextManager[Held]:
        """As without arms, later."""
        return self._armed(claim, covering)

    async def opened(self, claim: Claim) -> Seen:
        """As without arms, later."""
        await self._ahead_of(claim)
        self._again.add((claim.conversation_id, Covering.WHAT_IS_OPEN))
        return await super().opened(claim)

    async def recorded(self, seen: Seen, thought: Thought, channel: Channel) -> Recorded | None:
        """As without arms, later."""
        await self._ahead_of(seen.claim)
        recorded = await super().recorded(seen, thought, channel)
        if recorded is None:
            self._again.add((seen.claim.conversation_id, Covering.NOTHING))
        return recorded

    async def completed(self, seen: Seen, part: Part, sent: Sent) -> Ended:
        """As without arms, later."""
        await self._ahead_of(seen.claim)
        return await super().completed(seen, part, sent)

    async def _ahead_of(self, claim: Claim) -> None:
        self._numbers[claim.conversation_id] += 1
        await self.before(claim, self._numbers[claim.conversation_id])

    @asynccontextmanager
    async def _armed(self, claim: Claim, covering: Covering) -> AsyncIterator[Held]:
        again = claim.conversation_id, covering
        if again in self._again:
            self._again.remove(again)
        else:
            await self._ahead_of(claim)
        async with super().held(claim, covering) as on:
            yield on
