from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from runtime.openai.budget import BudgetExhausted, Budgets, Limits, Standing, exceeded

DAILY = Limits(daily_usd=Decimal("1.00"), monthly_usd=None)
BOTH = Limits(daily_usd=Decimal("1.00"), monthly_usd=Decimal("1.50"))
CENT = Decimal("0.01")
LATE = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limits", "standing", "estimate", "period"),
    [
        (DAILY, Standing(Decimal("0.99"), Decimal(9), Decimal(0)), CENT, None),
        (DAILY, Standing(Decimal("0.99"), Decimal(9), CENT), CENT, "daily"),
        (BOTH, Standing(Decimal(0), Decimal("1.50"), Decimal(0)), CENT, "monthly"),
        (Limits(None, None), Standing(Decimal(9), Decimal(9), Decimal(9)), CENT, None),
        (Limits(Decimal(0), None), Standing(Decimal(0), Decimal(0), Decimal(0)), CENT, "daily"),
    ],
)
def test_a_call_must_fit_with_what_is_spent_and_held(
    limits: Limits, standing: Standing, estimate: Decimal, period: str | None
) -> None:
    assert exceeded(limits, standing, estimate) == period


async def reserve(budgets: Budgets, usd: str, limits: Limits = DAILY) -> UUID:
    return await budgets.reserve("set", limits, Decimal(usd), hold_s=60)


async def spent(pool: asyncpg.Pool) -> tuple[Decimal, Decimal]:
    [row] = await pool.fetch("SELECT day_usd, month_usd FROM agent.budget_accounts")
    return row["day_usd"], row["month_usd"]


async def test_what_is_reserved_is_taken_until_it_is_settled_at_its_real_cost(
    pool: asyncpg.Pool,
) -> None:
    budgets = Budgets(pool)
    first = await reserve(budgets, "0.90")
    with pytest.raises(BudgetExhausted) as caught:
        await reserve(budgets, "0.20")
    assert caught.value.period == "daily"
    await budgets.settle(first, Decimal("0.10"))
    await reserve(budgets, "0.90")
    with pytest.raises(BudgetExhausted):
        await reserve(budgets, "0.01")


async def test_settling_again_changes_nothing(pool: asyncpg.Pool) -> None:
    budgets = Budgets(pool)
    reservation = await reserve(budgets, "0.50")
    for _ in range(2):
        await budgets.settle(reservation, Decimal("0.30"))
    assert await spent(pool) == (Decimal("0.30"), Decimal("0.30"))


async def test_one_set_s_budget_is_not_another_s(pool: asyncpg.Pool) -> None:
    budgets = Budgets(pool)
    await reserve(budgets, "1.00")
    await budgets.reserve("other", DAILY, Decimal("1.00"), hold_s=60)


async def test_what_a_dead_process_reserved_is_free_when_it_expires(pool: asyncpg.Pool) -> None:
    await reserve(Budgets(pool, now=LATE - timedelta(minutes=5)), "1.00")
    with pytest.raises(BudgetExhausted):
        await reserve(Budgets(pool, now=LATE - timedelta(minutes=4, seconds=1)), "1.00")
    await reserve(Budgets(pool, now=LATE - timedelta(minutes=4)), "1.00")


async def test_a_call_that_ends_after_its_reservation_expired_is_counted(
    pool: asyncpg.Pool,
) -> None:
    reservation = await reserve(Budgets(pool, now=LATE - timedelta(hours=2)), "0.50")
    later = Budgets(pool, now=LATE)
    await reserve(later, "0.10")
    await later.settle(reservation, Decimal("0.80"))
    with pytest.raises(BudgetExhausted):
        await reserve(later, "0.20")


async def test_a_new_utc_day_has_a_new_budget_and_the_month_goes_on(pool: asyncpg.Pool) -> None:
    today, tomorrow = Budgets(pool, now=LATE), Budgets(pool, now=LATE + timedelta(minutes=2))
    await today.settle(await reserve(today, "1.00", BOTH), Decimal("1.00"))
    with pytest.raises(BudgetExhausted):
        await reserve(today, "0.01", BOTH)
    await tomorrow.settle(await reserve(tomorrow, "0.50", BOTH), Decimal("0.50"))
    with pytest.raises(BudgetExhausted) as caught:
        await reserve(tomorrow, "0.01", BOTH)
    assert caught.value.period == "monthly"
    next_month = Budgets(pool, now=LATE + timedelta(days=4))
    await reserve(next_month, "1.00", BOTH)


async def test_what_was_reserved_before_midnight_is_counted_on_the_day_it_ended(
    pool: asyncpg.Pool,
) -> None:
    before, after = Budgets(pool, now=LATE), Budgets(pool, now=LATE + timedelta(minutes=2))
    reservation = await reserve(before, "0.70")
    await after.settle(reservation, Decimal("0.60"))
    assert await spent(pool) == (Decimal("0.60"), Decimal("0.60"))
    with pytest.raises(BudgetExhausted):
        await reserve(after, "0.50")


async def test_concurrent_reservers_never_go_beyond_the_budget(
    database_url: str, pool: asyncpg.Pool
) -> None:
    async def one() -> Decimal:
        # A connection of its own, as another process has.
        async with asyncpg.create_pool(
            database_url, min_size=1, max_size=1, statement_cache_size=0
        ) as own:
            budgets = Budgets(own)
            paid = Decimal(0)
            for _ in range(5):
                try:
                    reservation = await reserve(budgets, "0.09")
                except BudgetExhausted:
                    continue
                await budgets.settle(reservation, Decimal("0.07"))
                paid += Decimal("0.07")
            return paid

    paid = sum(await asyncio.gather(*(one() for _ in range(20))), Decimal(0))
    assert (await spent(pool))[0] == paid
    # 14 at 0.07 are 0.98 at most; refused only when spent and held leave less than an estimate.
    assert paid <= Decimal("1.00")
    assert paid >= Decimal("0.07") * 10
    assert await pool.fetchval("SELECT count(*) FROM agent.budget_reservations") == 0


async def test_twenty_at_once_get_as_many_reservations_as_fit(
    database_url: str, pool: asyncpg.Pool
) -> None:
    async def one() -> bool:
        async with asyncpg.create_pool(
            database_url, min_size=1, max_size=1, statement_cache_size=0
        ) as own:
            try:
                await reserve(Budgets(own), "0.15")
            except BudgetExhausted:
                return False
            return True

    got = await asyncio.gather(*(one() for _ in range(20)))
    assert sum(got) == 6
    held = await pool.fetchval("SELECT sum(usd) FROM agent.budget_reservations")
    assert held == Decimal("0.90")


async def test_who_holds_an_account_for_long_holds_up_nobody_for_longer(
    pool: asyncpg.Pool, database_url: str
) -> None:
    budgets = Budgets(pool, within_s=0.2)
    first = await reserve(budgets, "0.10")
    frozen = await asyncpg.connect(database_url)
    try:
        async with frozen.transaction():
            await frozen.fetch("SELECT FROM agent.budget_accounts FOR UPDATE")
            with pytest.raises(TimeoutError):
                await reserve(budgets, "0.10")
            with pytest.raises(TimeoutError):
                await budgets.settle(first, CENT)
    finally:
        await frozen.close()
    await Budgets(pool).settle(first, CENT)
    assert await spent(pool) == (CENT, CENT)
