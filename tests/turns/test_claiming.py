"""Who is claimed next: what is due, in rounds over the companies, however many wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from runtime.turns.claims import MOST_TOLD, Claim, Claims, Pace, Waiting

PACES = [Pace("a", "", 1000, 10_000, 4), Pace("b", "", 1000, 10_000, 4)]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as made:
        yield made


def claims(pool: asyncpg.Pool, worker: str = "w-1", *, lease_s: float = 30.0) -> Claims:
    return Claims(pool, worker=worker, lease_s=lease_s)


async def wait(
    pool: asyncpg.Pool,
    company: str,
    conversations: Sequence[str],
    *,
    quiet_s: float = 5.0,
    open_s: float = 5.0,
    centurion: str | None = None,
) -> None:
    """Open bursts."""
    await pool.executemany(
        "INSERT INTO agent.bursts VALUES ($1, $2, $3, clock_timestamp() - make_interval(secs => $4),"
        " clock_timestamp() - make_interval(secs => $5), 1, 1)",
        [(company, one, centurion, open_s, quiet_s) for one in conversations],
    )


def places(found: Sequence[Claim]) -> list[tuple[str, str]]:
    return sorted((claim.company_id, claim.conversation_id) for claim in found)


async def test_what_is_quiet_or_has_waited_long_enough_is_due(pool: asyncpg.Pool) -> None:
    paces = [Pace("a", "", 60_000, 600_000, 4), Pace("b", "", 60_000, 600_000, 4)]
    await wait(pool, "a", ["quiet"], quiet_s=61, open_s=61)
    await wait(pool, "a", ["talking"], quiet_s=0, open_s=300)
    await wait(pool, "b", ["talking for long"], quiet_s=0, open_s=601)
    found = await claims(pool).claim(paces, 8)
    assert places(found) == [("a", "quiet"), ("b", "talking for long")]


async def test_a_flood_of_one_company_leaves_room_for_the_others(pool: asyncpg.Pool) -> None:
    await wait(pool, "a", [f"c-{n}" for n in range(300)], quiet_s=60, open_s=60)
    await wait(pool, "b", ["c-1", "c-2"], quiet_s=2, open_s=2)
    found = await claims(pool).claim(PACES, 4)
    assert [company for company, _ in places(found)] == ["a", "a", "b", "b"]


async def test_no_company_has_more_at_work_than_its_bound_over_all_workers(
    pool: asyncpg.Pool,
) -> None:
    await wait(pool, "a", [f"c-{n}" for n in range(10)])
    first = await claims(pool).claim(PACES, 3)
    second = await claims(pool, "w-2").claim(PACES, 8)
    assert (len(first), len(second)) == (3, 1)
    assert await claims(pool, "w-3").claim(PACES, 8) == []


async def test_the_longest_due_come_first(pool: asyncpg.Pool) -> None:
    for number in range(8):
        await wait(pool, "a", [f"c-{number}"], quiet_s=10 + number, open_s=10 + number)
    found = await claims(pool).claim(PACES, 8)
    assert places(found) == [("a", f"c-{n}") for n in (4, 5, 6, 7)]


async def test_a_turn_is_taken_up_again_when_its_lease_is_over(pool: asyncpg.Pool) -> None:
    await wait(pool, "a", ["c-1"])
    (lost,) = await claims(pool, lease_s=0).claim(PACES, 1)
    (found,) = await claims(pool, "w-2").claim(PACES, 1)
    assert found.turn_id == lost.turn_id
    assert (found.fence, found.attempt) == (lost.fence + 1, 2)
    assert await claims(pool, "w-3").claim(PACES, 1) == []


async def test_a_turn_that_was_given_back_waits_for_its_time(pool: asyncpg.Pool) -> None:
    await wait(pool, "a", ["c-1", "c-2"])
    found = await claims(pool).claim(PACES, 2)
    later, now = (claim.turn_id for claim in found)
    given_back = "UPDATE agent.turns SET lease_until = NULL, retry_at = clock_timestamp()"
    await pool.execute(f"{given_back} + interval '1 hour' WHERE turn_id = $1", later)
    await pool.execute(f"{given_back} WHERE turn_id = $1", now)
    assert [claim.turn_id for claim in await claims(pool).claim(PACES, 8)] == [now]


async def test_a_claim_tells_whom_the_burst_wants(pool: asyncpg.Pool) -> None:
    await wait(pool, "a", ["c-1"], centurion="cora")
    await wait(pool, "a", ["c-2"])
    await pool.execute(
        "INSERT INTO agent.conversation_control (company_id, conversation_id, owner, opted_out,"
        " channel, centurion_id) VALUES ('a', 'c-1', 'bot', false, 'whatsapp', 'dora')"
    )
    paces = [PACES[0], Pace("a", "cora", 1000, 10_000, 4)]
    found = {c.conversation_id: c.wanted for c in await claims(pool).claim(paces, 8)}
    assert found == {"c-1": ("cora", "whatsapp"), "c-2": (None, None)}


async def test_who_waits_is_told_by_company_and_centurion(pool: asyncpg.Pool) -> None:
    await wait(pool, "a", ["c-1", "c-2"], quiet_s=5, open_s=9)
    await wait(pool, "a", ["c-3"], quiet_s=100, open_s=100, centurion="cora")
    await wait(pool, "b", ["c-1"], quiet_s=7, open_s=7)
    (claimed,) = await claims(pool).claim([Pace("b", "", 1000, 10_000, 4)], 8)
    found = {(w.company_id, w.centurion_id): w for w in await claims(pool).who_waits()}
    assert set(found) == {("a", ""), ("a", "cora"), ("b", "")}
    a, b = found["a", ""], found["b", ""]
    assert [round(s) for s in a.quiet_s] == [5, 5]
    assert [round(s) for s in a.open_s] == [9, 9]
    assert (b.quiet_s, b.open_s, b.turns) == ([], [], 1)
    assert b.free_s is not None
    assert 0 < b.free_s <= 30
    assert isinstance(claimed.turn_id, UUID)


@pytest.mark.parametrize(
    ("quiet_s", "open_s", "turns", "due_s"),
    [
        ([0.25], [0.25], 0, [0.75, 9.75]),
        ([0.0], [9.5], 0, [0.5, 1.0]),
        ([3.0, 0.5], [3.0, 0.5], 3, [-2.0, 0.5, 7.0, 9.5]),
        ([3.0], [3.0], 4, []),
        ([], [], 1, []),
    ],
)
def test_each_is_due_when_it_has_been_quiet_or_open_for_long_enough(
    quiet_s: list[float], open_s: list[float], turns: int, due_s: list[float]
) -> None:
    waiting = Waiting("a", "", turns, quiet_s, open_s, None)
    assert waiting.due_s(PACES[0]) == due_s
    assert waiting.is_whole


def test_an_open_turn_is_due_when_its_lease_is_over_whatever_the_bound() -> None:
    assert Waiting("a", "", 4, [3.0], [3.0], 12.5).due_s(PACES[0]) == [12.5]


def test_what_is_due_behind_the_last_that_was_told_is_not_known() -> None:
    quiet_s = [0.5 - n / 100 for n in range(MOST_TOLD)]
    waiting = Waiting("a", "", 0, quiet_s, [9.5] * MOST_TOLD, None)
    assert not waiting.is_whole
    # Debounce: from 0.5 to 0.81 s; open for long enough in 0.5 s.
    assert waiting.due_s(PACES[0]) == sorted([*(1.0 - s for s in quiet_s), *[0.5] * MOST_TOLD])
    late = Waiting("a", "", 0, quiet_s, [0.5] * MOST_TOLD, None)
    assert late.due_s(PACES[0]) == [1.0 - s for s in quiet_s]


async def test_no_more_is_told_than_a_look_needs(pool: asyncpg.Pool) -> None:
    for number in range(MOST_TOLD + 3):
        await wait(pool, "a", [f"c-{number}"], quiet_s=100 - number, open_s=100 + number)
    [told] = await claims(pool).who_waits()
    assert [round(s) for s in told.quiet_s] == [100 - n for n in range(MOST_TOLD)]
    assert [round(s) for s in told.open_s] == [MOST_TOLD + 102 - n for n in range(MOST_TOLD)]


_READ = """
    SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables
     WHERE schemaname = 'agent' AND (relname LIKE 'bursts%' OR relname = 'turns')
"""


async def _read_for_a_claim(conn: asyncpg.Connection, most: int) -> tuple[int, int]:
    """Claimed turns, and the rows of bursts and turns that were read for them; nothing is left of it."""
    one = cast("asyncpg.Pool", conn)
    transaction = conn.transaction()
    await transaction.start()
    before = await conn.fetchval(_READ)
    found = await claims(one).claim(PACES, most)
    read = await conn.fetchval(_READ) - before
    await transaction.rollback()
    return len(found), read


@pytest.mark.parametrize("quiet_s", [0.0, 60.0], ids=["not due", "due"])
async def test_a_plan_from_when_few_waited_reads_no_more_where_thousands_do(
    pool: asyncpg.Pool, database_url: str, quiet_s: float
) -> None:
    conn = await asyncpg.connect(database_url)
    await wait(pool, "a", ["first"], quiet_s=70)
    for _ in range(10):
        assert (await _read_for_a_claim(conn, 3))[0] == 1
    _, few = await _read_for_a_claim(conn, 3)
    await wait(pool, "a", [f"c-{n}" for n in range(5000)], quiet_s=quiet_s, open_s=quiet_s)
    await pool.execute(
        "INSERT INTO agent.turns (turn_id, company_id, conversation_id, state, worker, attempts,"
        " failures, outcome, reason, completed_at)"
        " SELECT gen_random_uuid(), 'a', 'done-' || n, 'done', 'w-9', 1, 0, 'replied', 'answered', now()"
        "  FROM generate_series(1, 5000) AS n"
    )
    claimed, read = await _read_for_a_claim(conn, 3)
    await conn.close()
    assert claimed == (3 if quiet_s else 1)
    # Of each centurion as many as may be claimed, twice, and what the claim itself writes and looks up.
    assert read <= few + 40
