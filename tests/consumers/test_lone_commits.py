"""A small batch of the log's group is one statement: it holds the leases, writes and commits, or nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from consumers.errors import CheckpointMoved, LeaseLost, TransientFault
from consumers.failure_streak import FailureStreak
from consumers.groups import PROJECTIONS
from consumers.intake import Entry, Intake, take_in
from consumers.joined_writes import JoinedWrites, LoneWrites
from consumers.leased import Member
from consumers.leases import Leases
from consumers.outcome import adopt
from consumers.partition_state import PartitionState
from consumers.server_clock import ServerClock
from consumers.transaction import BatchTransactions
from events.entry_id import EntryId
from tests.consumers.members import living_member
from tests.consumers.test_dead_letters import PARTITION, body

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Owner:
    """Owns a partition, and has committed its first event, so that it knows what time it is.

    Its own clock stands, however long a commit takes, until a test moves it.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.passed_s = 0.0
        self.clock = ServerClock(lambda: self.passed_s)
        self.transactions = self.under_a_lease_of(30.0)
        self.state: PartitionState
        self.leases: Leases
        self.alone = 0
        self.joined = 0

    def under_a_lease_of(self, seconds: float) -> BatchTransactions:
        return BatchTransactions(
            self.pool,
            group=PROJECTIONS,
            member=Member("projections", "owner", seconds),
            streaks={p.name: FailureStreak() for p in PROJECTIONS.projections},
            clock=self.clock,
        )

    async def begin(self) -> None:
        self.leases = await living_member(self.pool, "owner")
        state = await self.leases.take(PARTITION)
        assert state is not None
        self.state = state
        await self.commit(1)
        self.joined = 0

    async def reload(self) -> None:
        state = await self.leases.reload(PARTITION)
        assert state is not None
        self.state = state

    def intake(self, *numbers: int) -> Intake:
        entries = [Entry(EntryId(n, 0), {b"event": orjson.dumps(body(n))}) for n in numbers]
        intake = take_in(PARTITION, entries, partitions=16, after=self.state.cursor)
        assert intake is not None
        return intake

    async def commit(self, *numbers: int) -> None:
        [outcome] = await self.transactions.commit([self.intake(*numbers)], {PARTITION: self.state})
        adopt(self.state, outcome)

    async def logged(self) -> list[int]:
        rows = await self.pool.fetch("SELECT entry_id FROM runtime.event_log ORDER BY position")
        return [EntryId.parse(row["entry_id"]).ms for row in rows]


@pytest.fixture
async def owner(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> Owner:
    owner = Owner(pool)
    send = LoneWrites.send_alone

    async def counted(self: LoneWrites) -> datetime:
        at = await send(self)
        owner.alone += 1
        return at

    joined = JoinedWrites.send

    async def counted_joined(self: JoinedWrites) -> None:
        await joined(self)
        owner.joined += 1

    monkeypatch.setattr(LoneWrites, "send_alone", counted)
    monkeypatch.setattr(JoinedWrites, "send", counted_joined)
    await owner.begin()
    return owner


async def test_a_batch_behind_another_is_committed_alone(owner: Owner) -> None:
    assert owner.alone == 0
    await owner.commit(2, 3)
    await owner.commit(4)
    assert (owner.alone, await owner.logged()) == (2, [1, 2, 3, 4])
    rows = await owner.pool.fetch(
        "SELECT DISTINCT c.position FROM runtime.projection_checkpoints AS c"
        " JOIN runtime.projections AS p ON p.name = c.projection"
        " WHERE c.partition = $1 AND p.group_name = 'projections'"
        " UNION SELECT position FROM runtime.checkpoints"
        " WHERE partition = $1 AND group_name = 'projections'",
        PARTITION,
    )
    assert [row["position"] for row in rows] == [4]


async def test_it_is_recorded_at_the_time_of_postgres(owner: Owner) -> None:
    await asyncio.sleep(0.25)
    owner.passed_s += 0.25
    await owner.commit(2)
    assert owner.alone == 1
    after = await owner.pool.fetchval("SELECT clock_timestamp()")
    first, second = await owner.pool.fetch(
        "SELECT recorded_at FROM runtime.event_log ORDER BY position"
    )
    assert first["recorded_at"] + timedelta(seconds=0.25) == second["recorded_at"] <= after


async def test_whose_clock_was_not_set_just_now_takes_a_transaction(owner: Owner) -> None:
    owner.passed_s += 1.5
    await owner.commit(2)
    assert (owner.alone, await owner.logged()) == (0, [1, 2])


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("UPDATE runtime.partition_owners SET owner = 'taker', epoch = epoch + 1", LeaseLost),
        ("UPDATE runtime.partition_owners SET epoch = epoch + 1", LeaseLost),
        ("UPDATE runtime.checkpoints SET position = position + 1", CheckpointMoved),
        ("UPDATE runtime.projection_checkpoints SET revision = revision + 1", CheckpointMoved),
        ("UPDATE runtime.projections SET state = 'detached' WHERE name = 'leads'", CheckpointMoved),
    ],
)
async def test_whose_lease_or_checkpoint_is_another_commits_nothing(
    owner: Owner, what: str, told: type[Exception]
) -> None:
    await owner.pool.execute(what)
    with pytest.raises(told):
        await owner.commit(2)
    assert (owner.alone, await owner.logged()) == (0, [1])


async def test_a_state_of_another_start_of_the_server_commits_nothing(owner: Owner) -> None:
    assert owner.state.server_started is not None
    owner.state.server_started -= timedelta(seconds=1)
    with pytest.raises(CheckpointMoved):
        await owner.commit(2)
    assert (owner.alone, await owner.logged()) == (0, [1])


async def test_who_holds_the_lease_s_row_finds_no_table_held(owner: Owner) -> None:
    """As a swap does, which then wants the tables for itself."""
    async with owner.pool.acquire() as swap:
        async with swap.transaction():
            await swap.execute("SELECT FROM runtime.partition_owners FOR UPDATE")
            committing = asyncio.create_task(owner.commit(2))
            async with asyncio.timeout(30):
                while not await _waits_for(owner.pool, swap):  # noqa: ASYNC110 - a real condition
                    await asyncio.sleep(0.01)
            await swap.execute("SET LOCAL lock_timeout = '2s'")
            await swap.execute("LOCK TABLE projections.conversations, runtime.event_log")
            assert not committing.done()
        await committing
    assert (owner.alone, owner.joined, await owner.logged()) == (0, 1, [1, 2])
    await owner.commit(3)
    assert (owner.alone, await owner.logged()) == (1, [1, 2, 3])


async def test_after_a_checkpoint_that_had_moved_batches_are_alone_again(owner: Owner) -> None:
    await owner.pool.execute("UPDATE runtime.projection_checkpoints SET revision = revision + 1")
    with pytest.raises(CheckpointMoved):
        await owner.commit(2)
    await owner.reload()
    await owner.commit(2)
    assert (owner.alone, await owner.logged()) == (1, [1, 2])


async def test_after_a_row_that_was_refused_they_are_written_one_by_one(owner: Owner) -> None:
    await owner.pool.execute(
        "ALTER TABLE runtime.event_log ADD CONSTRAINT no_more CHECK (position < 2) NOT VALID"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.commit(2)
    await owner.pool.execute("ALTER TABLE runtime.event_log DROP CONSTRAINT no_more")
    await owner.commit(2)
    assert (owner.alone, owner.joined, await owner.logged()) == (0, 0, [1, 2])


async def _waits_for(pool: asyncpg.Pool, conn: Any) -> bool:
    found: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_locks AS l WHERE NOT l.granted"
        " AND $1 = ANY (pg_blocking_pids(l.pid)))",
        conn.get_server_pid(),
    )
    return found


async def test_a_table_that_is_locked_is_not_waited_for_longer_than_the_lease_allows(
    owner: Owner,
) -> None:
    owner.transactions = owner.under_a_lease_of(3.0)
    async with owner.pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE runtime.event_log")
        with pytest.raises(TransientFault):
            await owner.commit(2)
        assert not await _waits_for(owner.pool, other)
    assert await owner.logged() == [1]


async def test_many_events_take_a_transaction(owner: Owner) -> None:
    await owner.commit(*range(2, 202))
    assert (owner.alone, len(await owner.logged())) == (1, 201)
    await owner.commit(*range(202, 403))
    assert (owner.alone, len(await owner.logged())) == (1, 402)


def test_the_server_s_clock_goes_on_from_its_last_answer() -> None:
    at = [100.0]
    clock = ServerClock(lambda: at[0])
    assert clock.shows() is None
    asked = clock.asked()
    at[0] += 0.01
    clock.heard(AT, asked=asked)
    at[0] += 0.5
    assert clock.shows() == AT + timedelta(seconds=0.5)
    at[0] += 0.6
    assert clock.shows() is None


def test_an_answer_that_was_long_on_its_way_does_not_set_the_clock() -> None:
    at = [100.0]
    clock = ServerClock(lambda: at[0])
    asked = clock.asked()
    at[0] += 0.5
    clock.heard(AT, asked=asked)
    assert clock.shows() is None


def test_the_server_s_clock_never_goes_back() -> None:
    at = [100.0]
    clock = ServerClock(lambda: at[0])
    clock.heard(AT, asked=clock.asked())
    at[0] += 0.5
    shown = clock.shows()
    clock.heard(AT, asked=clock.asked())
    assert clock.shows() == shown
