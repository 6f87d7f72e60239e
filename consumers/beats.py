"""A member's heart-beats, and what it looks at with each: one statement for all of its groups.

A beat never waits for what is made of its look: who takes partitions, or mends, does it beside. Nor for the
look itself, which reads tables that a migration may have locked: after a while beats go alone.

Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from consumers import lease_rules
from consumers.accounts import Losses
from consumers.errors import faults_translated
from consumers.leases import Snapshot
from events.entry_id import EntryId
from projections.statements import accompanied, statements

_SQL = statements("consumers", "beats.sql")
_BEAT_AND_LOOK = accompanied(_SQL["look"], by=_SQL["beat"])
_PATIENCE = 1 / 8
"""Of the lease, before a beat goes alone: with what went before, less than half of a lease without a beat, so
that the member counts as one that was there all the time."""

Place = tuple[int, EntryId]
"""A partition's generation and the last entry that was committed in it."""
Known = Mapping[int, Place]


@dataclass(frozen=True, slots=True)
class Look:
    """How a group stood in Postgres at a beat.

    `snapshot` counts the member itself among the living. `known` is how far the member's partitions
    were committed, as far as it knew before it asked; `stands` how far they are, of all partitions.
    """

    snapshot: Snapshot
    known: Known
    stands: Known
    fed: frozenset[str]
    """The projections that are fed, each as `name vN`."""
    detached: Mapping[str, str]
    losses: Losses
    requests: tuple[Mapping[str, Any], ...]
    """What operators asked of the member's partitions and nobody has done, oldest first."""
    server_started: datetime


@dataclass(slots=True)
class _Joint:
    """Groups that beat together, and who tells how far each was committed."""

    asked: dict[str, Callable[[], Known]] = field(default_factory=dict)
    task: asyncio.Task[dict[str, Look]] = field(init=False)


class Beats:
    """Beats that groups ask for in the same round of the loop go together.

    Raises `TransientFault`, to all who asked, when Postgres does not answer.
    """

    def __init__(self, pool: asyncpg.Pool, *, member_id: str, lease_s: float) -> None:
        self._pool = pool
        self._member_id = member_id
        self._lease_s = lease_s
        self._next: _Joint | None = None

    async def beat(self, group: str, known: Callable[[], Known]) -> Look:
        """Stay (or become) alive in a group for a lease from now, and look how it stands.

        `known` is asked right before Postgres is. Once this has returned, raised or was cancelled, no
        beat of it is under way: who leaves the group then is not brought back.
        """
        joint = self._next
        if joint is None:
            joint = self._next = _Joint()
            joint.task = asyncio.create_task(self._together(joint), name="beat")
        joint.asked[group] = known
        try:
            await asyncio.wait({joint.task})
        except asyncio.CancelledError:
            del joint.asked[group]
            if not joint.asked:
                self._close(joint)
                joint.task.cancel()
            await asyncio.wait({joint.task})
            raise
        return joint.task.result()[group]

    async def _together(self, joint: _Joint) -> dict[str, Look]:
        # Who is woken by the same tick of the clock asks in the same round of the loop.
        await asyncio.sleep(0)
        self._close(joint)
        known = {group: told() for group, told in joint.asked.items()}
        me = sorted(known), self._member_id, socket.gethostname(), os.getpid(), self._lease_s
        with faults_translated():
            rows = await self._beaten(me)
        return {row["group_name"]: self._look(row, known[row["group_name"]]) for row in rows}

    async def _beaten(self, me: tuple[Any, ...]) -> list[asyncpg.Record]:
        """What the look gives, however long that takes; beats go on meanwhile."""
        fetching = asyncio.create_task(self._pool.fetch(_BEAT_AND_LOOK, *me), name="beat-and-look")
        try:
            await asyncio.wait({fetching}, timeout=self._lease_s * _PATIENCE)
            while not fetching.done():
                await self._beat_alone(me, fetching)
        finally:
            await _end(fetching)
        return fetching.result()

    async def _beat_alone(
        self, me: tuple[Any, ...], fetching: asyncio.Task[list[asyncpg.Record]]
    ) -> None:
        beating = asyncio.create_task(self._pool.fetch(_SQL["beat"], *me), name="beat-alone")
        try:
            await asyncio.wait({beating, fetching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(beating)
        fault = None if beating.cancelled() else beating.exception()
        if fetching.done():
            return
        if fault is not None:
            raise fault
        await asyncio.wait({fetching}, timeout=self._lease_s * _PATIENCE)

    def _close(self, joint: _Joint) -> None:
        """Whoever asks from now on is too late for it."""
        if self._next is joint:
            self._next = None

    def _look(self, row: asyncpg.Record, known: Known) -> Look:
        expires_at = dict(zip(row["members"] or (), row["expire_at"] or (), strict=True))
        living = lease_rules.living(expires_at, row["now"]) | {self._member_id}
        owned = tuple(row["partitions"] or ())
        return Look(
            snapshot=Snapshot(
                living=living,
                dead=len(expires_at.keys() - living),
                owners=dict(zip(owned, row["owners"] or (), strict=True)),
                epochs=dict(zip(owned, row["epochs"] or (), strict=True)),
            ),
            known=known,
            stands={
                partition: (generation, EntryId.parse(entry_id))
                for partition, generation, entry_id in zip(
                    row["checkpointed"] or (),
                    row["generations"] or (),
                    row["entry_ids"] or (),
                    strict=True,
                )
            },
            fed=frozenset(row["fed"]),
            detached=orjson.loads(row["detached"]) if row["detached"] else {},
            losses=Losses(
                row["count"], row["at_least"], row["since"], row["entries"], row["reasons"]
            ),
            requests=tuple(orjson.loads(row["requests"])) if row["requests"] else (),
            server_started=row["server_started"],
        )


async def _end(task: asyncio.Task[Any]) -> None:
    """Its statement is not under way any more."""
    task.cancel()
    await asyncio.wait({task})


class Looks:
    """A group's looks for those who act on them; each acts on one that began after it asked."""

    def __init__(self) -> None:
        self._begun = 0
        self._last: tuple[int, Look] | None = None
        self._arrived = asyncio.Event()
        self._closed = False

    def begin(self) -> int:
        """A look begins; its number."""
        self._begun += 1
        return self._begun

    def arrive(self, number: int, look: Look) -> None:
        """What a look gave."""
        self._last = number, look
        self._tell()

    def close(self) -> None:
        """Nobody is to act any more; who waits is told so."""
        self._closed = True
        self._tell()

    async def next(self) -> Look | None:
        """What the next look gives that begins from now on; None when nobody is to act any more."""
        enough = self._begun + 1
        while not self._closed:
            if self._last is not None and self._last[0] >= enough:
                return self._last[1]
            await self._arrived.wait()
        return None

    def _tell(self) -> None:
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
