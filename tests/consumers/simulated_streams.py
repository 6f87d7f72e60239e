"""Streams in memory that groups read and the real rule trims; Redis' clock is not the database's."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Collection

from consumers.retention import GroupStanding, Holding, Retention, plan_trimming
from events.entry_id import ZERO, EntryId

MINUTE_MS = 60 * 1000
HOUR_MS = 60 * MINUTE_MS
RETENTION = Retention(keep_ms=24 * HOUR_MS, forgotten_after_ms=6 * HOUR_MS)
REDIS_IS_AHEAD_MS = 90 * 1000


class SimulatedStreams:
    """One stream a partition. What each group has read is also kept apart, as the tests' witness."""

    def __init__(self, rng: random.Random, *, start_ms: int, partitions: int) -> None:
        self.groups = ("projections", "agent", "reports")
        self.trimmed = 0
        self.entries: list[list[EntryId]] = [[] for _ in range(partitions)]
        self._rng = rng
        self._start_ms = start_ms + REDIS_IS_AHEAD_MS
        self._cursors = {g: [ZERO] * partitions for g in self.groups}
        self._progressed_ms = {g: [self._start_ms] * partitions for g in self.groups}
        self._unread: dict[str, list[dict[EntryId, None]]] = {
            g: [{} for _ in range(partitions)] for g in self.groups
        }
        """What stands and the group has not read, in order; asked by the entry, never by a cursor."""

    def now_ms(self, at_s: float) -> int:
        """Redis' clock."""
        return self._start_ms + int(at_s * 1000)

    def append(self, at_s: float) -> None:
        """A minute's events: more in some partitions than in others, one a day in the last."""
        now_ms = self.now_ms(at_s)
        for partition, stream in enumerate(self.entries):
            per_minute = 0.5 / (1 + partition) if partition < 15 else 1 / (24 * 60)
            if self._rng.random() < per_minute:
                ms = now_ms + self._rng.randrange(MINUTE_MS)
                added = [EntryId(ms, seq) for seq in range(self._rng.choice((1, 1, 3)))]
                stream += added
                for group in self.groups:
                    self._unread[group][partition].update(dict.fromkeys(added))

    def read(self, group: str, partition: int, at_s: float) -> None:
        """The group commits everything that it has not read yet."""
        cursor = self._cursors[group][partition]
        stream = self.entries[partition]
        unread = stream[bisect_right(stream, cursor) :]
        if unread:
            for entry in unread:
                del self._unread[group][partition][entry]
            self._cursors[group][partition] = unread[-1]
            self._progressed_ms[group][partition] = self.now_ms(at_s)

    def trim(self, partition: int, at_s: float, *, living: Collection[str]) -> tuple[Holding, ...]:
        """XTRIM by the rule; checks that only what may go has gone, and all of it."""
        now_ms, stream = self.now_ms(at_s), self.entries[partition]
        plan = plan_trimming(
            [self._standing(group, partition, group in living) for group in self.groups],
            generation=1,
            now_ms=now_ms,
            retention=RETENTION,
        )
        first = 0 if plan.min_id is None else bisect_left(stream, plan.min_id)
        gone, kept = stream[:first], stream[first:]
        unread = [self._unread[group][partition] for group in self.groups]
        aged = EntryId(now_ms - RETENTION.keep_ms, 0)
        for entry in gone:
            assert not any(entry in by_group for by_group in unread)
            assert entry < aged
        cursors = {self._cursors[group][partition] for group in self.groups}
        for entry in kept[: bisect_left(kept, aged)]:
            if entry not in cursors:
                assert any(entry in by_group for by_group in unread)
        assert not cursors & set(gone)
        self.entries[partition] = kept
        self.trimmed += len(gone)
        return plan.holdings

    def first_unread(self, group: str, partition: int) -> EntryId | None:
        """By the witness, not by the cursor."""
        return next(iter(self._unread[group][partition]), None)

    def _standing(self, group: str, partition: int, lives: bool) -> GroupStanding:
        cursor, stream = self._cursors[group][partition], self.entries[partition]
        return GroupStanding(
            group=group,
            cursor=cursor,
            generation=1,
            next_unread=next(iter(stream[bisect_right(stream, cursor) :]), None),
            progressed_ms=self._progressed_ms[group][partition],
            has_members=lives,
        )
