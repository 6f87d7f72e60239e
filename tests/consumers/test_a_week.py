"""Seven days of a group in seconds: joins, stops, crashes, pauses; and its streams' trimming."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from consumers.lease_rules import Ownership
from consumers.retention import Holding
from tests.consumers.simulated_group import (
    BEAT_S,
    LEASE_S,
    SLOWEST,
    START,
    Life,
    SimulatedGroup,
)
from tests.consumers.simulated_streams import HOUR_MS, RETENTION, SimulatedStreams

PARTITIONS, MOST_MEMBERS = 16, 12
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
TRIM_MINUTES = 10
MOVES_COUNTED = ("join", "leave", "crash", "pause", "outage")
# A beat passes before the end of a lease is noticed, one more where the member that was to take the
# partition stops just then; 16 statements and a batch take their time.
LONGEST_WITHOUT_OWNER_S = LEASE_S + 2 * BEAT_S * SLOWEST + 1.0


@dataclass
class Watch:
    """Looks on at every change: nobody twice, nothing without an owner for too long."""

    unserved_since: dict[int, float] = field(default_factory=dict)
    nobody_until_s: float = 0.0
    longest_s: float = 0.0
    owners_by_epoch: dict[tuple[int, int], str] = field(default_factory=dict)
    _nobody_ran: bool = True

    def __call__(self, group: SimulatedGroup) -> None:
        if self._nobody_ran:
            self.nobody_until_s = group.now_s
        self._nobody_ran = not group.running
        for partition, row in group.rows.ownerships.items():
            self._one_owner_an_epoch(partition, row)
            serving = group.serving(partition)
            assert len(serving) <= 1
            if any(member.life is Life.RUNNING for member in serving):
                since = self.unserved_since.pop(partition, None)
                self._check_gap(group, since)
            else:
                self._check_gap(group, self.unserved_since.setdefault(partition, group.now_s))

    def _one_owner_an_epoch(self, partition: int, row: Ownership) -> None:
        if row.owner is not None:
            known = self.owners_by_epoch.setdefault((partition, row.epoch), row.owner)
            assert known == row.owner

    def _check_gap(self, group: SimulatedGroup, since_s: float | None) -> None:
        if since_s is None or not group.running:
            return
        # Who was to take it over may fail in turn: its own lease must run out then.
        since_s = max(since_s, group.faulty_at_s, self.nobody_until_s)
        self.longest_s = max(self.longest_s, group.now_s - since_s)
        assert self.longest_s <= LONGEST_WITHOUT_OWNER_S


@dataclass
class Quiet:
    """How the partitions were shared when nothing moved any more."""

    owners: dict[int, str | None]
    epochs: int

    @classmethod
    def of(cls, group: SimulatedGroup) -> Quiet:
        counts = Counter(group.rows.owners.values())
        held = [counts[m.name] for m in group.running]
        assert sum(held) == PARTITIONS
        assert max(held) - min(held) <= 1
        for member in group.running:
            assert set(member.held) == {p for p, o in group.rows.owners.items() if o == member.name}
        return cls(group.rows.owners, sum(r.epoch for r in group.rows.ownerships.values()))


def fewest_moves(owners: Mapping[int, str | None], living: Collection[str]) -> int:
    """How many partitions must change hands to be shared fairly, by counting."""
    counts = Counter(owner for owner in owners.values() if owner in living)
    base, extra = divmod(len(owners), len(living))
    sizes = sorted((counts[member] for member in living), reverse=True)
    kept = sum(min(size, base + (rank < extra)) for rank, size in enumerate(sizes))
    return len(owners) - kept


class Week:
    """Draws what happens to the members, and when."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.watch = Watch()
        self.group = SimulatedGroup(self.rng, partitions=PARTITIONS, observe=self.watch)
        self.happened: Counter[str] = Counter()
        self.moves_counted: Counter[str] = Counter()
        self._next_s = 0.0
        self._storm = 0
        self._lone: tuple[str, Quiet] | None = None

    def run_until(self, until_s: float) -> None:
        while self._next_s < until_s:
            self.group.run_until(self._next_s)
            self._one_thing()
        self.group.run_until(until_s)

    def _one_thing(self) -> None:
        rng, group = self.rng, self.group
        before = Quiet.of(group) if group.is_quiet and group.running else None
        if before is not None and self._lone is not None:
            self._check_moves(*self._lone, before)
        what = self._draw()
        self._lone = (what, before) if before is not None else None
        self.happened[what] += 1
        self._do(what)
        self._storm = self._storm - 1 if self._storm else rng.choice((0, 0, 0, 0, 1, 2, 5))
        wait_s = rng.uniform(0, 12) if self._storm else rng.uniform(60, 2 * HOUR_S)
        self._next_s += wait_s

    def _draw(self) -> str:
        running = len(self.group.running)
        if running == 0:
            return "join"
        may = ["pause", "freeze", "crash", "leave"] if running > 1 else ["pause", "freeze"]
        may += ["join"] * 3 if running < MOST_MEMBERS else []
        luck = self.rng.random()
        return "all_crash" if luck < 0.03 else "outage" if luck < 0.15 else self.rng.choice(may)

    def _do(self, what: str) -> None:
        rng, group = self.rng, self.group
        if what == "join":
            group.join()
            return
        if what == "all_crash":
            for member in list(group.members.values()):
                group.crash(member)
            return
        if what == "outage":
            # Postgres is away; each member comes back when it next tries, a back-off later.
            lasts_s = rng.uniform(1, 6 * LEASE_S)
            for member in group.running:
                group.pause(member, lasts_s + rng.uniform(0, LEASE_S / 4))
            return
        member = rng.choice(group.running)
        if what == "leave":
            group.leave(member)
        elif what == "crash":
            group.crash(member)
        elif what == "pause":
            group.pause(member, rng.uniform(0, LEASE_S - 2 * BEAT_S))
        else:
            group.pause(member, rng.uniform(LEASE_S, 20 * LEASE_S))

    def _check_moves(self, what: str, before: Quiet, after: Quiet) -> None:
        if what in MOVES_COUNTED:
            living = [member.name for member in self.group.running]
            assert after.epochs - before.epochs == fewest_moves(before.owners, living)
            self.moves_counted[what] += 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_week_of_joins_stops_crashes_and_pauses(seed: int) -> None:
    week = Week(seed)
    week.run_until(WEEK_S)
    assert sum(week.happened.values()) > 150
    assert min(week.moves_counted[what] for what in MOVES_COUNTED) >= 3
    # The bound is met, not missed by far: leases did run out.
    assert week.watch.longest_s > LEASE_S - BEAT_S


def test_a_week_of_trimming_with_a_group_that_is_dead_for_three_days() -> None:
    week = Week(seed=4)
    streams = SimulatedStreams(
        random.Random(4), start_ms=int(START.timestamp() * 1000), partitions=PARTITIONS
    )
    dies_s, returns_s = 2 * DAY_S, 5 * DAY_S
    forgotten: Counter[int] = Counter()
    for minute in range(int(WEEK_S / 60)):
        at_s = minute * 60.0
        week.run_until(at_s)
        streams.append(at_s)
        living = {"projections", "agent"} if week.group.running else {"agent"}
        if not dies_s <= at_s < returns_s:
            living.add("reports")
        consume(week, streams, at_s, living)
        if minute % TRIM_MINUTES == 0:
            for partition in range(PARTITIONS):
                holdings = streams.trim(partition, at_s, living=living)
                check_holdings(streams, partition, at_s, holdings)
                late = {h.group for h in holdings if h.forgotten}
                assert late <= {"reports"}
                assert not late or dies_s < at_s < returns_s
                forgotten[partition] += len(late)
    # Three days dead, one of which everything is kept anyway, six hours of patience.
    assert forgotten[0] == pytest.approx(42 * 60 / TRIM_MINUTES, rel=0.02)
    assert set(forgotten) == set(range(PARTITIONS))
    kept = sum(len(stream) for stream in streams.entries)
    assert kept < streams.trimmed / 4


def consume(week: Week, streams: SimulatedStreams, at_s: float, living: Collection[str]) -> None:
    """Owned partitions are read by `projections`, the other groups read theirs as one."""
    for partition in range(PARTITIONS):
        if any(m.life is Life.RUNNING for m in week.group.serving(partition)):
            streams.read("projections", partition, at_s)
        for group in {"agent", "reports"} & set(living):
            if week.rng.random() < 0.3:
                streams.read(group, partition, at_s)


def check_holdings(
    streams: SimulatedStreams, partition: int, at_s: float, holdings: Collection[Holding]
) -> None:
    """Exactly the groups that have not read something old are named, with since when."""
    told = {holding.group: holding.held_ms for holding in holdings}
    aged_ms = streams.now_ms(at_s) - RETENTION.keep_ms
    unread = {group: streams.first_unread(group, partition) for group in streams.groups}
    held = {g: aged_ms - e.ms for g, e in unread.items() if e is not None and e.ms < aged_ms}
    assert told == held
    for holding in holdings:
        nobody = holding.group == "reports" and 2 * DAY_S <= at_s < 5 * DAY_S
        assert holding.forgotten == (nobody and holding.held_ms > 6 * HOUR_MS)
