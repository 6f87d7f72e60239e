"""Who may work on what: one claim a conversation, bounded and fair over companies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import asyncpg
import pytest

from consumers.errors import TransientFault
from runtime.turns.claims import Claim, Claims, Pace

AT_ONCE = 8
PACES = [Pace(company, "", 100, 3000, AT_ONCE) for company in ("flooded", "quiet", "third")]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=12) as made:
        yield made


async def waiting(pool: asyncpg.Pool, company: str, bursts: int, *, for_s: float = 60) -> None:
    """So many conversations of a company with a burst that is due."""
    await pool.execute(
        "INSERT INTO agent.bursts (company_id, conversation_id, first_received_at,"
        " last_received_at, first_position, last_position)"
        " SELECT $1, 'c-' || n, now() - make_interval(secs => $3), now() - make_interval(secs => $3),"
        " n, n FROM generate_series(1, $2) AS n",
        company,
        bursts,
        for_s,
    )


def worker(pool: asyncpg.Pool, name: str, lease_s: float = 60) -> Claims:
    return Claims(pool, worker=name, lease_s=lease_s)


def by_company(claims: list[Claim]) -> dict[str, int]:
    return dict(Counter(claim.company_id for claim in claims))


async def end(pool: asyncpg.Pool, claim: Claim, outcome: str = "replied") -> None:
    await pool.execute(
        "UPDATE agent.turns SET state = 'done', outcome = $2, completed_at = now(),"
        " lease_until = NULL WHERE turn_id = $1",
        claim.turn_id,
        outcome,
    )


async def many(pool: asyncpg.Pool, workers: int, most: int) -> list[Claim]:
    """What so many processes claim at the same moment."""
    claimed = await asyncio.gather(
        *(worker(pool, f"w-{n}").claim(PACES, most) for n in range(workers))
    )
    return [claim for claims in claimed for claim in claims]


async def test_a_flooded_company_never_has_more_turns_than_it_may(pool: asyncpg.Pool) -> None:
    await waiting(pool, "flooded", 300)
    claimed = await many(pool, workers=20, most=32)
    assert by_company(claimed) == {"flooded": AT_ONCE}
    assert len({claim.conversation_id for claim in claimed}) == AT_ONCE
    assert await many(pool, workers=20, most=32) == []


async def test_a_single_burst_of_another_company_is_claimed_in_the_next_round(
    pool: asyncpg.Pool,
) -> None:
    await waiting(pool, "flooded", 300)
    await many(pool, workers=20, most=32)
    await waiting(pool, "quiet", 1, for_s=1)
    assert by_company(await worker(pool, "w-1").claim(PACES, 1)) == {"quiet": 1}


async def test_rounds_go_over_companies_however_long_one_of_them_waits(pool: asyncpg.Pool) -> None:
    await waiting(pool, "flooded", 300, for_s=600)
    await waiting(pool, "quiet", 1, for_s=1)
    await waiting(pool, "third", 2, for_s=1)
    claimed = await worker(pool, "w-1").claim(PACES, 4)
    assert by_company(claimed) == {"flooded": 1, "quiet": 1, "third": 2} or by_company(claimed) == {
        "flooded": 2,
        "quiet": 1,
        "third": 1,
    }


async def test_the_bound_holds_while_turns_end_and_begin(pool: asyncpg.Pool) -> None:
    await waiting(pool, "flooded", 60)
    at_work = await many(pool, workers=6, most=3)
    served = 0
    while at_work:
        busy = await pool.fetchval("SELECT count(*) FROM agent.turns WHERE state <> 'done'")
        assert busy == len(at_work) <= AT_ONCE
        ended, at_work = at_work[:3], at_work[3:]
        for claim in ended:
            await end(pool, claim)
            await pool.execute(
                "DELETE FROM agent.bursts WHERE conversation_id = $1", claim.conversation_id
            )
        served += len(ended)
        at_work += await many(pool, workers=6, most=3)
    assert served == 60


async def test_a_turn_is_taken_up_only_after_its_lease(pool: asyncpg.Pool) -> None:
    await waiting(pool, "quiet", 1)
    [first] = await worker(pool, "dead").claim(PACES, 8)
    assert await many(pool, workers=6, most=8) == []
    await pool.execute("UPDATE agent.turns SET lease_until = now() - interval '1 ms'")
    [second] = await many(pool, workers=6, most=8)
    assert (second.turn_id, second.fence, second.attempt) == (first.turn_id, first.fence + 1, 2)
    assert await worker(pool, "dead").renew([first]) == set()
    assert await worker(pool, second.worker).renew([second]) == {second.turn_id}


async def test_a_lease_that_has_run_out_is_not_renewed(pool: asyncpg.Pool) -> None:
    await waiting(pool, "quiet", 1)
    [claim] = await worker(pool, "slow").claim(PACES, 8)
    await pool.execute("UPDATE agent.turns SET lease_until = now() - interval '1 ms'")
    assert await worker(pool, "slow").renew([claim]) == set()


async def test_failures_are_counted_until_a_turn_answers(pool: asyncpg.Pool) -> None:
    await waiting(pool, "quiet", 1)
    seen = []
    for outcome in ("failed", "superseded", "failed", "replied", "silent", "failed", "unknown"):
        [claim] = await worker(pool, "w-1").claim(PACES, 8)
        seen.append(
            await pool.fetchval(
                "SELECT failures FROM agent.turns WHERE turn_id = $1", claim.turn_id
            )
        )
        await end(pool, claim, outcome)
    assert seen == [0, 1, 1, 2, 0, 0, 1]


async def test_who_may_not_claim_gives_up_in_time_and_claims_when_it_may(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await waiting(pool, "quiet", 1)
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(7041777)")
        with pytest.raises(TransientFault, match="LockNotAvailable"):
            await worker(pool, "sound", 0.5).claim(PACES, 1)
    await other.close()
    assert by_company(await worker(pool, "sound", 0.5).claim(PACES, 1)) == {"quiet": 1}


async def test_a_claim_leaves_its_connection_as_it_was(pool: asyncpg.Pool) -> None:
    await waiting(pool, "quiet", 1)
    told = "SELECT current_setting('lock_timeout'), current_setting('synchronous_commit')"
    async with pool.acquire() as conn:
        before = await conn.fetchrow(told)
        [claim] = await Claims(conn, worker="w-1", lease_s=30).claim(PACES, 1)  # type: ignore[arg-type]
        assert (claim.company_id, await conn.fetchrow(told)) == ("quiet", before)
