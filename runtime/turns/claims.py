"""Who works on which conversation: claims with a lease and a fence, fair over companies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from consumers.errors import faults_translated
from consumers.leased import bounds
from projections.statements import statements
from runtime.ids import new_id

_SQL = statements("runtime.turns", "claims.sql")


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to one conversation's turn. `attempt` counts from 1.

    `wanted` is the centurion that the burst named and the channel it came on, at the time of the claim.
    """

    turn_id: UUID
    company_id: str
    conversation_id: str
    worker: str
    fence: int
    attempt: int
    wanted: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How the bursts of one centurion become due; `centurion_id` is '' for who named nobody."""

    company_id: str
    centurion_id: str
    debounce_ms: int
    max_wait_ms: int
    turns_at_once: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open bursts of one company that name one centurion, or nobody (''); seconds.

    `quiet_s` is the longest that one of them has been quiet, `open_s` the longest that one has been
    open; None where turns have them all. `turns` of the company are at work. `free_s` is when the
    next open turn of the company may be taken up by another worker; None where there is none.
    """

    company_id: str
    centurion_id: str
    turns: int
    quiet_s: float | None
    open_s: float | None
    free_s: float | None

    def due_s(self, pace: Pace) -> float | None:
        """Seconds until the first of them is due, at most 0 when one is.

        None while the company has as much at work as it may: the end of a turn says when to look.
        """
        if self.quiet_s is None or self.open_s is None or self.turns >= pace.turns_at_once:
            return None
        return min(pace.debounce_ms / 1000 - self.quiet_s, pace.max_wait_ms / 1000 - self.open_s)


class Claims:
    """One worker's claims. Raises `TransientFault` when Postgres does not answer.

    Each method is one statement, and so a short transaction: a process that is frozen at any moment
    of it holds up nobody.
    """

    def __init__(self, pool: asyncpg.Pool, *, worker: str, lease_s: float) -> None:
        self._pool = pool
        self._worker = worker
        self._lease_s = lease_s

    async def who_waits(self) -> list[Waiting]:
        """All open bursts, by company and centurion."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["who waits"])
        return [Waiting(**dict(row)) for row in rows]

    async def claim(self, paces: Sequence[Pace], most: int) -> list[Claim]:
        """Claim due turns, new ones and those whose worker is gone, in rounds over companies."""
        if not paces or most < 1:
            return []
        lock_timeout, _, _ = bounds(self._lease_s)
        with faults_translated():
            rows = await self._pool.fetch(
                _SQL["claim"],
                self._worker,
                self._lease_s,
                lock_timeout,
                [new_id() for _ in range(most)],
                [pace.company_id for pace in paces],
                [pace.centurion_id for pace in paces],
                [pace.debounce_ms for pace in paces],
                [pace.max_wait_ms for pace in paces],
                [pace.turns_at_once for pace in paces],
            )
        return [
            Claim(
                row["turn_id"],
                row["company_id"],
                row["conversation_id"],
                self._worker,
                row["fence"],
                row["attempts"],
                (row["centurion_id"], row["channel"]),
            )
            for row in rows
        ]

    async def renew(self, claims: Sequence[Claim]) -> set[UUID]:
        """Renew the leases; the turns that are still this worker's."""
        if not claims:
            return set()
        with faults_translated():
            rows = await self._pool.fetch(
                _SQL["renew"],
                self._worker,
                self._lease_s,
                [claim.turn_id for claim in claims],
                [claim.fence for claim in claims],
            )
        return {row["turn_id"] for row in rows}

    async def written_to(self, claims: Sequence[Claim]) -> dict[UUID, float]:
        """Turns whose customer wrote again since, with the seconds that their burst is open."""
        if not claims:
            return {}
        with faults_translated():
            rows = await self._pool.fetch(_SQL["written to"], [claim.turn_id for claim in claims])
        return {row["turn_id"]: row["open_s"] for row in rows}
