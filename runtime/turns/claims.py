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
MOST_TOLD = 8
"""Of how many bursts of one company and centurion a look tells when they are due."""


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

    `quiet_s` is how long those have been quiet that have been so for the longest, `open_s` how long
    those have been open that have been so for the longest, in this order; no more than `MOST_TOLD` of
    each, and none that a turn has. `turns` of the company are at work. `free_s` is when the next open
    turn of the company may be taken up by another worker; None where there is none.
    """

    company_id: str
    centurion_id: str
    turns: int
    quiet_s: Sequence[float]
    open_s: Sequence[float]
    free_s: float | None

    @property
    def is_whole(self) -> bool:
        """These are all there are."""
        return len(self.quiet_s) < MOST_TOLD

    def due_s(self, pace: Pace) -> list[float]:
        """Seconds until each is due, at most 0 when it is; the first first, as far as it is told.

        A burst may be due twice, for being quiet and for being open. None of them is while the company
        has as much at work as it may: the end of a turn says when to look.
        """
        due_s: list[float] = []
        if self.turns < pace.turns_at_once:
            due_s += (pace.debounce_ms / 1000 - s for s in self.quiet_s)
            due_s += (pace.max_wait_ms / 1000 - s for s in self.open_s)
        if due_s and not self.is_whole:
            last_s = pace.debounce_ms / 1000 - self.quiet_s[-1]
            due_s = [s for s in due_s if s <= last_s]
        if self.free_s is not None:
            due_s.append(self.free_s)
        return sorted(due_s)


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
            rows = await self._pool.fetch(_SQL["who waits"], MOST_TOLD)
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
