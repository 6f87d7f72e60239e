"""All companies' way to OpenAI: one for the process, shared by whatever asks a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from runtime.openai.accounting import A, Accounts, Call, Paid
from runtime.openai.breaker import BreakerSettings
from runtime.openai.budget import Budgets
from runtime.openai.calling import Caller
from runtime.openai.clients import Clients
from runtime.openai.clock import Clock
from runtime.openai.credentials import Cipher, Credentials, CredentialStore, Undecryptable
from runtime.openai.health import Health, HealthBook
from runtime.openai.prices import Prices
from runtime.openai.usages import Usages


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`closing_s` bounds the wait for calls under way at the end; `prices` is an own price list."""

    closing_s: float = 10.0
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    prices: Path | None = None


class OpenAIAccess:
    """Credentials by company, and calls made with them as they should be made."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        cipher: Cipher,
        usages: Usages,
        *,
        settings: AccessSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Opens no connection. `pool`'s need no session state.

        Raises:
            OSError, yaml.YAMLError, pydantic.ValidationError: the price list cannot be used.
        """
        self._settings = settings or AccessSettings()
        self.clock = clock or Clock()
        self._credentials = CredentialStore(pool, cipher, clock=self.clock)
        self._health = HealthBook(pool, clock=self.clock)
        accounts = Accounts(
            budgets=Budgets(pool),
            prices=Prices.load(self._settings.prices),
            health=self._health,
            usages=usages,
            clock=self.clock,
        )
        self._caller = Caller(Clients(), accounts, breaker=self._settings.breaker, clock=self.clock)

    async def credentials_of(self, company_id: str) -> Credentials:
        """The company's credentials; a secret that cannot be opened shows in its binding.

        Raises:
            CannotThink: `openai_not_configured` or `openai_disabled`.
        """
        try:
            return await self._credentials.of(company_id)
        except Undecryptable as error:
            await self._health.note(company_id, Health.UNDECRYPTABLE, error.detail)
            raise

    async def call(self, credentials: Credentials, call: Call[A], *, deadline_s: float) -> Paid[A]:
        """The answer, after as many attempts as the credentials allow, before `deadline_s`.

        `deadline_s` is a moment of `clock`. A caller that is cancelled leaves the request under way
        running, so that its cost is counted.

        Raises:
            CallFault: the last attempt's.
        """
        return await self._caller.call(credentials, call, deadline_s=deadline_s)

    def breaker_states(self) -> Mapping[str, str]:
        """By credential set: `closed`, `open` or `half_open`."""
        return self._caller.breaker_states()

    async def aclose(self) -> None:
        """Wait for calls under way, bounded, and close the connections."""
        await self._caller.aclose(within_s=self._settings.closing_s)
