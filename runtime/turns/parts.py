"""What all turns of a process share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg

from runtime.agent.decision import Thinker
from runtime.channels.port import Sender
from runtime.companies.directory import Directory
from runtime.turns.claims import Claim
from runtime.turns.gathering import Gathering
from runtime.turns.held import Held, held
from runtime.turns.observer import TurnObserver


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

    def held(self, claim: Claim) -> AbstractAsyncContextManager[Held]:
        """The claim's conversation and turn under their locks."""
        return held(self.pool, claim, lease_s=self.lease_s)
