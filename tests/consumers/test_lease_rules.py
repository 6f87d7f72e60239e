"""The rules in `consumers.lease_rules` and the statements in `leases.sql` and `beats.sql` do the same.

Postgres' clock cannot be set, so time passes by moving what was written into the past. Leases and
steps are whole hours: an example takes a second, so no lease ends within one by accident.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumers import lease_rules
from consumers.engine_settings import EngineSettings
from consumers.lease_rules import Membership, Ownership, Terms
from consumers.leased import bounds
from consumers.leases import Leases
from consumers.shares import moves
from projections.statements import statements
from tests.consumers.members import beat

PARTITIONS = 4
MEMBERS = ("ana", "bia", "caio")
LEASE = timedelta(hours=10)
BEAT = timedelta(hours=1)
SETTLING = BEAT + LEASE / 4
TERMS = Terms(LEASE, SETTLING)
LONG = Terms(4 * LEASE, SETTLING)
START = datetime(2026, 11, 2, 12, tzinfo=UTC)
_groups = itertools.count(1)

members = st.sampled_from(MEMBERS)
some_partitions = st.integers(0, PARTITIONS - 1)
operations = st.one_of(
    st.tuples(st.just("heartbeat"), members),
    st.tuples(st.just("take"), members, some_partitions),
    st.tuples(st.just("release"), members, st.frozensets(some_partitions)),
    st.tuples(st.just("move"), members),
    st.tuples(st.just("leave"), members),
    st.tuples(st.just("forget")),
    # Never a sum that meets a boundary: 10, 7, 4, 1 hours are left, then it is dead for 2.
    st.tuples(st.just("pass"), st.sampled_from([3, 6, 9])),
)


def test_a_lease_ends_at_its_moment_and_not_before() -> None:
    group = lease_rules.heartbeat(lease_rules.prepared(1), "ana", START, TERMS)
    group = lease_rules.take(group, 0, "ana", START, TERMS)
    group = lease_rules.heartbeat(group, "bia", START, LONG)
    just_before = START + LEASE - timedelta(microseconds=1)
    assert lease_rules.take(group, 0, "bia", just_before, TERMS) is group
    taken = lease_rules.take(group, 0, "bia", START + LEASE, TERMS)
    assert taken.ownerships[0] == Ownership("bia", 2)


def test_an_owner_whose_lease_ran_out_may_commit_until_somebody_takes_over() -> None:
    group = lease_rules.heartbeat(lease_rules.prepared(1), "ana", START, TERMS)
    group = lease_rules.take(group, 0, "ana", START, TERMS)
    group = lease_rules.heartbeat(group, "bia", START, LONG)
    late = START + 2 * LEASE
    assert lease_rules.living(group.expires_at, late) == {"bia"}
    assert lease_rules.may_commit(group, 0, "ana", 1)
    taken = lease_rules.take(group, 0, "bia", late, TERMS)
    assert not lease_rules.may_commit(taken, 0, "ana", 1)
    assert lease_rules.may_commit(taken, 0, "bia", 2)


def test_leases_that_ran_out_together_get_the_settling_time_to_be_renewed() -> None:
    group = lease_rules.heartbeat(lease_rules.prepared(2), "ana", START, TERMS)
    group = lease_rules.heartbeat(group, "bia", START, TERMS)
    group = lease_rules.take(group, 0, "ana", START, TERMS)
    back = START + 2 * LEASE
    group = lease_rules.heartbeat(group, "bia", back, TERMS)
    assert lease_rules.take(group, 0, "bia", back, TERMS) is group
    assert lease_rules.take(group, 1, "bia", back, TERMS) is not group
    settled = back + SETTLING
    group = lease_rules.heartbeat(group, "bia", settled, TERMS)
    assert lease_rules.take(group, 0, "bia", settled, TERMS).ownerships[0].owner == "bia"
    # Where one member was there all the time, nothing was away but the owner.
    group = lease_rules.heartbeat(group, "caio", settled, TERMS)
    assert lease_rules.take(group, 0, "caio", settled, TERMS).ownerships[0].owner == "caio"


def test_a_member_that_is_not_alive_takes_nothing() -> None:
    group = lease_rules.prepared(1)
    assert lease_rules.take(group, 0, "ana", START, TERMS) is group
    group = lease_rules.heartbeat(group, "ana", START, TERMS)
    assert lease_rules.take(group, 0, "ana", START + LEASE, TERMS) is group
    assert lease_rules.take(group, 0, "ana", START, TERMS) is not group


def test_what_was_released_and_taken_again_has_a_new_epoch() -> None:
    group = lease_rules.heartbeat(lease_rules.prepared(1), "ana", START, TERMS)
    group = lease_rules.take(group, 0, "ana", START, TERMS)
    group = lease_rules.release(group, [0], "ana")
    assert not lease_rules.may_commit(group, 0, "ana", 1)
    again = lease_rules.take(group, 0, "ana", START, TERMS)
    assert not lease_rules.may_commit(again, 0, "ana", 1)
    assert lease_rules.may_commit(again, 0, "ana", 2)


def test_the_dead_are_forgotten_after_a_while_only() -> None:
    group = lease_rules.heartbeat(Membership(), "ana", START, TERMS)
    end = START + LEASE + lease_rules.FORGOTTEN_AFTER
    assert lease_rules.forget_the_dead(group, end) == group
    assert not lease_rules.forget_the_dead(group, end + timedelta(seconds=1)).expires_at


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(operations, max_size=60))
@example(
    [
        ("heartbeat", "ana"),
        ("move", "ana"),
        ("pass", 9),
        ("heartbeat", "bia"),
        ("take", "bia", 0),
        ("pass", 3),
        ("move", "bia"),
        ("release", "ana", frozenset({0})),
        ("heartbeat", "ana"),
        ("move", "bia"),
        ("move", "ana"),
        ("leave", "bia"),
        ("move", "ana"),
        ("pass", 9),
        ("pass", 9),
        ("forget",),
    ]
)
async def test_any_operations_leave_the_same_owners_and_epochs_in_postgres(
    pool: asyncpg.Pool, steps: list[tuple[Any, ...]]
) -> None:
    both = Both(pool, f"group-{next(_groups)}")
    await both.in_postgres("ana").prepare(PARTITIONS)
    for step in steps:
        await getattr(both, f"do_{step[0]}")(*step[1:])
        await both.check()


@dataclass
class Both:
    """The same operations on the model and on Postgres."""

    pool: asyncpg.Pool
    name: str
    model: Membership = lease_rules.prepared(PARTITIONS)  # noqa: RUF009 - frozen
    now: datetime = START

    def in_postgres(self, member: str) -> Leases:
        lease_s = LEASE.total_seconds()
        return Leases(
            self.pool,
            group=self.name,
            member_id=member,
            settings=EngineSettings(
                partitions=PARTITIONS, lease_s=lease_s, heartbeat_s=BEAT.total_seconds()
            ),
        )

    async def do_heartbeat(self, member: str) -> None:
        await beat(self.pool, member, group=self.name, lease_s=LEASE.total_seconds())
        self.model = lease_rules.heartbeat(self.model, member, self.now, TERMS)

    async def do_take(self, member: str, partition: int) -> None:
        before = self.model
        self.model = lease_rules.take(self.model, partition, member, self.now, TERMS)
        state = await self.in_postgres(member).take(partition)
        assert (state is None) == (self.model is before)
        if state is not None:
            assert self.model.ownerships[partition] == Ownership(member, state.epoch)

    async def do_release(self, member: str, partitions: frozenset[int]) -> None:
        await self.in_postgres(member).release(sorted(partitions))
        self.model = lease_rules.release(self.model, partitions, member)

    async def do_move(self, member: str) -> None:
        """What the engine does at each beat: look, work out the moves, make them."""
        await self.do_heartbeat(member)
        snapshot = await self.in_postgres(member).snapshot()
        plan = lease_rules.next_moves(self.model.owners, self.model.expires_at, member, self.now)
        assert plan == moves(snapshot.owners, snapshot.living | {member}, member)
        await self.do_release(member, frozenset(plan.release))
        for partition in plan.take:
            await self.do_take(member, partition)

    async def do_leave(self, member: str) -> None:
        await self.in_postgres(member).leave()
        self.model = lease_rules.leave(self.model, member)

    async def do_forget(self) -> None:
        await self.in_postgres("ana").forget_the_dead()
        self.model = lease_rules.forget_the_dead(self.model, self.now)

    async def do_pass(self, hours: int) -> None:
        await self.pool.execute(
            "UPDATE runtime.members SET expires_at = expires_at - make_interval(hours => $2),"
            " started_at = started_at - make_interval(hours => $2),"
            " heartbeat_at = heartbeat_at - make_interval(hours => $2) WHERE group_name = $1",
            self.name,
            hours,
        )
        self.now += timedelta(hours=hours)

    async def check(self) -> None:
        snapshot = await self.in_postgres("ana").snapshot()
        rows = {p: Ownership(o, snapshot.epochs[p]) for p, o in snapshot.owners.items()}
        assert rows == self.model.ownerships
        assert snapshot.living == lease_rules.living(self.model.expires_at, self.now)
        known = await self.pool.fetch(
            "SELECT member_id FROM runtime.members WHERE group_name = $1", self.name
        )
        assert {row["member_id"] for row in known} == set(self.model.expires_at)
        await self._check_commits()

    async def _check_commits(self) -> None:
        sql = statements("consumers", "leased.sql")["lock leases"]
        for member in MEMBERS:
            locked = await self.pool.fetch(
                sql, self.name, list(range(PARTITIONS)), member, *bounds(10.0)
            )
            epochs = {row["partition"]: row["epoch"] for row in locked}
            for partition, row in self.model.ownerships.items():
                may = lease_rules.may_commit(self.model, partition, member, row.epoch)
                assert may == (epochs.get(partition) == row.epoch)
