"""What becomes of a call in the books: its budget, cost, report and the credentials' health."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import asyncpg
import openai

from runtime.agent.reasons import Reason
from runtime.logs import get_logger
from runtime.openai.budget import BudgetExhausted, Budgets, Limits
from runtime.openai.clock import Clock
from runtime.openai.credentials import Credentials
from runtime.openai.errors import CallFault
from runtime.openai.health import Health, HealthBook, health_of
from runtime.openai.prices import Prices, TokenCount
from runtime.openai.usages import CallCompleted, CallFailed, Origin, Usages

_log = get_logger(__name__)
_SETTLING_S = 60.0
"""How much longer than its call a reservation holds."""
_POSTGRES_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class Answered(Protocol):
    """What is accounted for of any answer, whatever was asked."""

    @property
    def model(self) -> str:
        """The model that answered."""

    @property
    def tokens(self) -> TokenCount | None:
        """None where the server tells no usage."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer, by lower-case name."""


A = TypeVar("A", bound=Answered)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One call to make. `send` may raise what the client raises, and `CallFault`."""

    origin: Origin
    model: str
    most_tokens: TokenCount
    send: Callable[[openai.AsyncOpenAI], Awaitable[A]]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where calls are accounted for."""

    budgets: Budgets
    prices: Prices
    health: HealthBook
    usages: Usages
    clock: Clock


@dataclass(frozen=True, slots=True)
class Paid(Generic[A]):
    """An answer with what it cost; None where that is not known."""

    answer: A
    cost_usd: Decimal | None


class Account(Generic[A]):
    """One attempt's: `reserve`, then either `completed`, `works` and `tell`, or `failed`."""

    def __init__(self, accounts: Accounts, credentials: Credentials, call: Call[A]) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._call = call
        self._reservation: UUID | None = None
        self._estimate_usd = Decimal(0)

    async def reserve(self, *, for_s: float) -> None:
        """Hold the most that the attempt may cost, where there is a budget.

        Raises:
            CallFault: the budget is spent; or the model has no price, so that it could not be kept;
                or Postgres does not answer.
        """
        limits = _limits(self._credentials)
        if not limits.any:
            return
        estimate_usd = self._price(self._call.model, self._call.most_tokens)
        if estimate_usd is None:
            raise CallFault(
                Reason.OPENAI_BUDGET_EXHAUSTED,
                f"there is a budget, and the price list has no price for {self._call.model}",
            )
        try:
            self._reservation = await self._accounts.budgets.reserve(
                self._credentials.credential_set_id,
                limits,
                estimate_usd,
                hold_s=for_s + _SETTLING_S,
            )
        except BudgetExhausted as error:
            raise CallFault(Reason.OPENAI_BUDGET_EXHAUSTED, str(error)) from error
        except _POSTGRES_AWAY as error:
            raise CallFault(
                Reason.OPENAI_UNAVAILABLE, "Postgres did not answer for the budget"
            ) from error
        self._estimate_usd = estimate_usd

    async def completed(self, answer: A) -> Paid[A]:
        """Settle an answer; one whose usage is not told counts as the estimate."""
        tokens = answer.tokens
        cost_usd = None if tokens is None else self._cost(answer.model, tokens)
        await self._settle(self._estimate_usd if cost_usd is None else cost_usd)
        return Paid(answer, cost_usd)

    async def works(self) -> None:
        """Note that the credentials work."""
        await self._accounts.health.note(self._call.origin.company_id, Health.OK)

    async def tell(self, paid: Paid[A], *, ms: int) -> None:
        """Report an answer that is settled."""
        answer = paid.answer
        await self._accounts.usages.completed(
            CallCompleted(
                origin=self._call.origin,
                model=answer.model,
                credential_set_id=self._credentials.credential_set_id,
                tokens=answer.tokens or TokenCount(0, 0),
                cost_usd=paid.cost_usd,
                ms=ms,
            )
        )

    async def failed(self, fault: CallFault, *, ms: int) -> None:
        """Count a call without an answer; one that may have cost something counts as the estimate."""
        await self._settle(self._estimate_usd if fault.may_have_cost else Decimal(0))
        await self._accounts.usages.failed(
            CallFailed(
                origin=self._call.origin,
                model=self._call.model,
                credential_set_id=self._credentials.credential_set_id,
                reason=fault.reason,
                status=fault.status,
                retryable=fault.retryable,
                ms=ms,
            )
        )
        health = health_of(fault.reason)
        await self._accounts.health.note(
            self._call.origin.company_id,
            health,
            None if health is Health.OK else fault.detail,
        )

    async def _settle(self, cost_usd: Decimal) -> None:
        if self._reservation is None:
            return
        try:
            await self._accounts.budgets.settle(self._reservation, cost_usd)
        except _POSTGRES_AWAY as error:
            # The reservation holds the money until it expires; the call's report has the cost.
            _log.warning(
                "openai.budget_not_settled",
                company_id=self._call.origin.company_id,
                cost_usd=str(cost_usd),
                error=type(error).__name__,
            )

    def _cost(self, model: str, tokens: TokenCount) -> Decimal | None:
        """By the model that answered, else by the one that was asked: an alias may have the price."""
        cost_usd = self._price(model, tokens)
        return self._price(self._call.model, tokens) if cost_usd is None else cost_usd

    def _price(self, model: str, tokens: TokenCount) -> Decimal | None:
        return self._accounts.prices.cost_usd(model, tokens, self._accounts.clock.utc().date())


def _limits(credentials: Credentials) -> Limits:
    config = credentials.config
    return Limits(_usd(config.daily_budget_usd), _usd(config.monthly_budget_usd))


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
