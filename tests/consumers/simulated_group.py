"""A group on a simulated clock: the real rules, members whose every step takes time.

The clock is the database's. Members have none that anything depends on: they only sleep a beat,
each by a clock that runs a little fast or slow. Between two statements anything can happen to a
member, and what it does next rests on what it saw before.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial

from consumers import lease_rules
from consumers.lease_rules import Membership, Terms
from consumers.shares import Moves

START = datetime(2026, 11, 2, tzinfo=UTC)
LEASE_S, BEAT_S = 10.0, 1.0
TERMS = Terms(lease=timedelta(seconds=LEASE_S), settling=timedelta(seconds=BEAT_S + LEASE_S / 4))
FASTEST, SLOWEST = 0.9, 1.1
"""Of the members' clocks."""
LATENCY_S = 0.02
BATCH_S = 0.3
"""The longest that a batch in flight keeps a release waiting."""
Steps = Iterator[float]


class Life(Enum):
    """What a member's process does."""

    RUNNING = "running"
    PAUSED = "paused"
    GONE = "gone"


@dataclass(eq=False)
class SimulatedMember:
    """One start of one process."""

    name: str
    beat_s: float
    life: Life = Life.RUNNING
    leaving: bool = False
    held: dict[int, int] = field(default_factory=dict)
    """What it believes that it owns: partition → epoch."""
    waiting: Steps | None = None
    """What it goes on with when it wakes."""


class SimulatedGroup:
    """`observe` is called after whatever may have changed who may commit."""

    def __init__(
        self, rng: random.Random, *, partitions: int, observe: Callable[[SimulatedGroup], None]
    ) -> None:
        self.now_s = 0.0
        self.rows = lease_rules.prepared(partitions)
        self.members: dict[str, SimulatedMember] = {}
        self.busy_until_s = 0.0
        """Until here something may still move, even if nothing else happens."""
        self.faulty_at_s = 0.0
        """When something last failed."""
        self._rng = rng
        self._observe = observe
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count(1)

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return START + timedelta(seconds=self.now_s)

    @property
    def running(self) -> list[SimulatedMember]:
        """Members that are at work."""
        return [m for m in self.members.values() if m.life is Life.RUNNING]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing will move any more unless something happens."""
        return self.now_s > self.busy_until_s and not any(
            m.life is Life.PAUSED for m in self.members.values()
        )

    def serving(self, partition: int) -> list[SimulatedMember]:
        """Whoever would get a batch of the partition committed, also when it wakes only later."""
        return [
            m
            for m in self.members.values()
            if partition in m.held
            and lease_rules.may_commit(self.rows, partition, m.name, m.held[partition])
        ]

    def planned(self, member: SimulatedMember) -> Moves:
        """What the member would do if it looked now."""
        return lease_rules.next_moves(self.rows.owners, self.rows.expires_at, member.name, self.now)

    def join(self) -> None:
        """Start a member, with a clock of its own."""
        number = next(self._numbers)
        beat_s = BEAT_S * self._rng.uniform(FASTEST, SLOWEST)
        member = SimulatedMember(f"m{self._rng.randrange(10**6):06d}-{number}", beat_s)
        self.members[member.name] = member
        self._go_on(member, self._life(member), 0.0)
        self._changed()

    def leave(self, member: SimulatedMember) -> None:
        """Ask it to stop cleanly."""
        member.leaving = True
        self._changed()

    def crash(self, member: SimulatedMember) -> None:
        """End it without a word."""
        del self.members[member.name]
        member.life = Life.GONE
        self.faulty_at_s = self.now_s
        self._changed()

    def pause(self, member: SimulatedMember, seconds: float) -> None:
        """Freeze it in the middle of whatever it does."""
        member.life = Life.PAUSED
        self.faulty_at_s = self.now_s
        self._push(seconds, partial(self._wake, member))
        self._changed()

    def run_until(self, until_s: float) -> None:
        """Let everything happen up to a moment; quiet stretches are leapt over."""
        while self._queue and self._queue[0][0] < until_s:
            if self.is_quiet:
                self._leap(until_s)
                continue
            at_s, _, happen = heapq.heappop(self._queue)
            self.now_s = max(self.now_s, at_s)
            happen()
        self.now_s = max(self.now_s, until_s)

    def _step(self, member: SimulatedMember, steps: Steps) -> None:
        if member.life is Life.PAUSED:
            member.waiting = steps
        elif member.life is Life.RUNNING:
            pause_s = next(steps, None)
            if pause_s is not None:
                self._go_on(member, steps, pause_s)

    def _wake(self, member: SimulatedMember) -> None:
        if member.life is Life.GONE:
            return
        member.life = Life.RUNNING
        if member.waiting is not None:
            self._go_on(member, member.waiting, 0.0)
        member.waiting = None
        self._changed()

    def _life(self, me: SimulatedMember) -> Steps:
        """The engine's membership loop, statement by statement."""
        while not me.leaving:
            self.rows = lease_rules.heartbeat(self.rows, me.name, self.now, TERMS)
            yield self._latency_s()
            seen, plan = self.rows, self.planned(me)
            yield self._latency_s()
            self._drop_lost(me, seen)
            if plan.release:
                yield self._rng.uniform(0, BATCH_S)
                self._release(me, plan.release)
            for partition in plan.take:
                yield self._latency_s()
                self._take(me, partition)
            self._adopt_orphans(me, seen)
            self.rows = lease_rules.forget_the_dead(self.rows, self.now)
            yield me.beat_s
        yield self._rng.uniform(0, BATCH_S)
        self._release(me, tuple(me.held))
        yield self._latency_s()
        self.rows = lease_rules.leave(self.rows, me.name)
        del self.members[me.name]
        me.life = Life.GONE
        self._changed()

    def _drop_lost(self, me: SimulatedMember, seen: Membership) -> None:
        for partition in [p for p in me.held if seen.ownerships[p].owner != me.name]:
            del me.held[partition]

    def _release(self, me: SimulatedMember, partitions: tuple[int, ...]) -> None:
        for partition in partitions:
            me.held.pop(partition, None)
        self.rows = lease_rules.release(self.rows, partitions, me.name)
        self._changed()

    def _take(self, me: SimulatedMember, partition: int) -> None:
        before = self.rows
        self.rows = lease_rules.take(before, partition, me.name, self.now, TERMS)
        if self.rows is before:
            return
        if self._rng.random() < 0.01:
            # The answer is lost with its connection.
            self.faulty_at_s = self.now_s
        else:
            me.held[partition] = self.rows.ownerships[partition].epoch
        self._changed()

    def _adopt_orphans(self, me: SimulatedMember, seen: Membership) -> None:
        for partition, row in seen.ownerships.items():
            now = self.rows.ownerships[partition]
            if row.owner == me.name and partition not in me.held and now.owner == me.name:
                me.held[partition] = now.epoch
                self._changed()

    def _leap(self, until_s: float) -> None:
        """Nothing can move but leases, and those are renewed: shift everything by whole beats."""
        assert all(self.planned(m) == Moves((), ()) for m in self.running)
        by_s = until_s - self.now_s
        self._queue = [(at + by_s, number, happen) for at, number, happen in self._queue]
        alive = {m.name for m in self.running}
        renewed = {
            name: until + timedelta(seconds=by_s) if name in alive else until
            for name, until in self.rows.expires_at.items()
        }
        self.now_s = until_s
        self.rows = replace(self.rows, expires_at=renewed)

    def _changed(self) -> None:
        self.busy_until_s = self.now_s + LEASE_S + 3 * BEAT_S
        self._observe(self)

    def _go_on(self, member: SimulatedMember, steps: Steps, in_s: float) -> None:
        self._push(in_s, partial(self._step, member, steps))

    def _push(self, in_s: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now_s + in_s, next(self._numbers), happen))

    def _latency_s(self) -> float:
        return self._rng.uniform(0, LATENCY_S)
