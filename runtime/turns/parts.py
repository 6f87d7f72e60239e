"""What all turns of a process share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg

from runtime.agent.decision import Thinker
from runtime.channels.port import Sender, Sent
from runtime.companies.config import Channel
from runtime.companies.directory import Directory
from runtime.turns.claims import Claim
from runtime.turns.closing import Ended
from runtime.turns.gathering import Gathering
from runtime.turns.held import Covering, Held, held, opened
from runtime.turns.observer import TurnObserver
from runtime.turns.recording import Recorded, record_at_once
from runtime.turns.seen import Seen
from runtime.turns.sending import Part, settle_last
from runtime.turns.thought import Thought


@dataclass(frozen=True, slots=True)
class TurnParts:
    """`lease_s` bounds each of a turn's transactions, too."""

    pool: asyncpg.Pool
    directory: Directory
    gathering: Gathering
    thinker: Thinker
    senders: Mapping[str, Sender]
    observer: TurnObserver
    partitions: int
    lease_s: float

    def held(
        self, claim: Claim, covering: Covering = Covering.NOTHING
    ) -> AbstractAsyncContextManager[Held]:
        """The claim's conversation and turn under their locks."""
        return held(self.pool, claim, covering, lease_s=self.lease_s)

    async def opened(self, claim: Claim) -> Seen:
        """The claim's turn, that covers what is open, in one statement."""
        return await opened(self.pool, claim, lease_s=self.lease_s)

    async def recorded(self, seen: Seen, thought: Thought, channel: Channel) -> Recorded | None:
        """What a turn decided is written in one statement, if it may be said as things stand."""
        return await record_at_once(
            self.pool, seen, thought, channel, lease_s=self.lease_s, partitions=self.partitions
        )

    async def completed(self, seen: Seen, part: Part, sent: Sent) -> Ended:
        """The last part of an answer is out: the turn ends in one statement."""
        return await settle_last(
            self.pool, seen, part, sent, lease_s=self.lease_s, partitions=self.partitions
        )
