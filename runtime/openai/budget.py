"""Daily and monthly budgets of credential sets (UTC), kept by all processes together.

Before a call its greatest possible cost is reserved, after it the real one is settled. What dead
processes reserved is free again when the reservation expires.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg

from projections.statements import statements

_SQL = statements("runtime.openai", "budget.sql")


@dataclass(frozen=True, slots=True)
class Limits:
    """USD; None is without limit."""

    daily_usd: Decimal | None
    monthly_usd: Decimal | None

    @property
    def any(self) -> bool:
        """Whether there is a budget at all."""
        return self.daily_usd is not None or self.monthly_usd is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account has spent, and what is held for calls under way; USD."""

    day_usd: Decimal
    month_usd: Decimal
    held_usd: Decimal


class BudgetExhausted(Exception):
    """The call would go beyond a budget. `.period` is `daily` or `monthly`."""

    def __init__(self, period: str) -> None:
        super().__init__(f"the {period} budget is spent or reserved")
        self.period = period


def exceeded(limits: Limits, standing: Standing, estimate_usd: Decimal) -> str | None:
    """The budget that a call of this estimate would exceed, if any. Pure."""
    needed = standing.held_usd + estimate_usd
    if limits.daily_usd is not None and standing.day_usd + needed > limits.daily_usd:
        return "daily"
    if limits.monthly_usd is not None and standing.month_usd + needed > limits.monthly_usd:
        return "monthly"
    return None


class Budgets:
    """The accounts in Postgres, each method within `within_s` seconds.

    `now` replaces the database's clock.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, now: datetime | None = None, within_s: float = 5.0
    ) -> None:
        self._pool = pool
        self._now = now
        self._within_s = within_s

    async def reserve(
        self, credential_set_id: str, limits: Limits, estimate_usd: Decimal, *, hold_s: float
    ) -> UUID:
        """Hold the estimate for `hold_s` seconds, in one transaction under the account's row lock.

        Raises:
            BudgetExhausted: nothing was reserved.
            TimeoutError: another process holds the account, or Postgres does not answer.
        """
        reservation = uuid4()
        async with (
            asyncio.timeout(self._within_s),
            self._pool.acquire() as conn,
            conn.transaction(),
        ):
            await conn.execute(_SQL["bound the transaction"], f"{int(self._within_s * 1000)}ms")
            [spent] = await conn.fetch(_SQL["lock account"], credential_set_id, self._now)
            await conn.execute(_SQL["forget the dead"], credential_set_id, self._now)
            held = await conn.fetchval(_SQL["held"], credential_set_id, self._now)
            standing = Standing(spent["day_usd"], spent["month_usd"], held)
            if (period := exceeded(limits, standing, estimate_usd)) is not None:
                raise BudgetExhausted(period)
            await conn.execute(
                _SQL["hold"], reservation, credential_set_id, estimate_usd, self._now, hold_s
            )
        return reservation

    async def settle(self, reservation: UUID, cost_usd: Decimal) -> None:
        """End a reservation and count the real cost. Again changes nothing.

        Raises:
            TimeoutError: as `reserve`; the reservation holds the money until it expires.
        """
        async with asyncio.timeout(self._within_s):
            await self._pool.execute(_SQL["settle"], reservation, cost_usd, self._now)
