"""A conversation and a turn under their locks: what stands there does not change until the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum

import asyncpg

from consumers.errors import faults_translated
from consumers.leased import Connection, bounds
from projections.migrate import Database
from projections.statements import statements
from runtime.turns.claims import Claim
from runtime.turns.errors import ClaimLost
from runtime.turns.seen import Seen, seen_of

_SQL = statements("runtime.turns", "held.sql")
MOST_MESSAGES = 200
"""How many messages one turn covers at most; a longer burst is answered in several."""


class Covering(Enum):
    """Which messages a turn that has decided nothing covers from now on, and is told."""

    NOTHING = 0, False
    WHAT_IS_OPEN = MOST_MESSAGES, True
    WHAT_IS_OPEN_AT_FIRST = MOST_MESSAGES, False
    """None, where it has covered some already."""


@dataclass(frozen=True, slots=True)
class Held(Seen):
    """What is held, in an open transaction."""

    conn: Connection

    def given_to_human(self) -> Held:
        """The same after a human took the conversation."""
        return replace(self, control=replace(self.control, owner="human"), has_reports=False)

    def seen(self) -> Seen:
        """What is left of it when the transaction is over."""
        return Seen(
            self.claim,
            self.control,
            self.turn,
            self.messages,
            self.has_reports,
            self.now,
            self.at_s,
        )


@asynccontextmanager
async def held(
    pool: asyncpg.Pool, claim: Claim, covering: Covering, *, lease_s: float
) -> AsyncIterator[Held]:
    """Hold the claim's conversation and turn for one transaction.

    Its time-outs are shorter than the lease: a worker that is frozen inside it holds up neither its
    successor nor the consumer of the conversation's partition for longer.

    Raises:
        ClaimLost: the turn is another worker's by now, or over; nothing was written.
        TransientFault: it is not known whether the transaction was committed.
    """
    with faults_translated():
        async with pool.acquire() as conn, conn.transaction():
            seen = await _hold(conn, _SQL["hold"], claim, covering, lease_s)
            yield _held(seen, conn)


def _held(seen: Seen, conn: Connection) -> Held:
    return Held(
        seen.claim,
        seen.control,
        seen.turn,
        seen.messages,
        seen.has_reports,
        seen.now,
        seen.at_s,
        conn,
    )


async def opened(pool: asyncpg.Pool, claim: Claim, *, lease_s: float) -> Seen:
    """Cover what is open, in one statement: how it stood as that was committed.

    Raises:
        ClaimLost, TransientFault: as `held` does.
    """
    with faults_translated():
        return await _hold(pool, _SQL["open"], claim, Covering.WHAT_IS_OPEN, lease_s)


async def _hold(
    on: Database | asyncpg.Pool, sql: str, claim: Claim, covering: Covering, lease_s: float
) -> Seen:
    rows = await on.fetch(
        sql,
        claim.company_id,
        claim.conversation_id,
        claim.turn_id,
        claim.fence,
        claim.worker,
        *covering.value,
        *bounds(lease_s),
    )
    if not rows:
        raise ClaimLost(claim.turn_id)
    return seen_of(claim, rows)
