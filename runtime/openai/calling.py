"""Makes a call as it should be made: pace, breaker, time limit, retries, accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import uniform

import httpx2
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from runtime.agent.reasons import Reason
from runtime.openai.accounting import A, Account, Accounts, Call, Paid
from runtime.openai.background import Background
from runtime.openai.breaker import BreakerSettings
from runtime.openai.clients import Clients
from runtime.openai.clock import Clock
from runtime.openai.credentials import Credentials
from runtime.openai.errors import CallFault
from runtime.openai.faults import translated
from runtime.openai.gate import Gates, Permit

_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.5, 8.0
_TELLS_AFTER_S = 0.02
"""An answer is written down and sent first: its report would take the processor and the disk from it."""


class Caller:
    """Makes calls for all companies of the process."""

    def __init__(
        self, clients: Clients, accounts: Accounts, *, breaker: BreakerSettings, clock: Clock
    ) -> None:
        self._clients = clients
        self._accounts = accounts
        self._clock = clock
        self._gates = Gates(breaker=breaker, clock=clock)
        self._background = Background()

    async def call(self, credentials: Credentials, call: Call[A], *, deadline_s: float) -> Paid[A]:
        """The answer, after as many attempts as the credentials' configuration allows.

        `deadline_s`, by the clock, bounds attempts and pauses together. A caller that is cancelled
        leaves the request under way running, so that its cost is counted.

        Raises:
            CallFault: the last attempt's.
        """

        def enough(state: RetryCallState) -> bool:
            too_late = self._clock.now_s() + state.upcoming_sleep >= deadline_s
            return too_late or state.attempt_number >= credentials.config.max_attempts

        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            retry=retry_if_exception(_passes),
            wait=_pause_s,
            stop=enough,
            reraise=True,
        )
        return await retrying(self._attempt, credentials, call, deadline_s)

    def breaker_states(self) -> Mapping[str, str]:
        """By credential set: `closed`, `open`, `half_open`."""
        return self._gates.breaker_states()

    async def aclose(self, *, within_s: float) -> None:
        """Wait for calls under way, at most so long, then close the clients."""
        await self._background.aclose(within_s=within_s)
        await self._clients.aclose()

    async def _attempt(self, credentials: Credentials, call: Call[A], deadline_s: float) -> Paid[A]:
        permit = await self._gates.of(credentials).admit(deadline_s)
        # Nothing is awaited between the permit and the task that gives it back.
        work = self._made(permit, credentials, call, deadline_s)
        return await self._background.run(work, name=f"openai-{call.origin.purpose}")

    async def _made(
        self, permit: Permit, credentials: Credentials, call: Call[A], deadline_s: float
    ) -> Paid[A]:
        account = Account(self._accounts, credentials, call)
        try:
            timeout_s = min(credentials.config.timeout_s, deadline_s - self._clock.now_s())
            if timeout_s <= 0:
                raise CallFault(Reason.OPENAI_TIMEOUT, "no time is left for an attempt")
            await account.reserve(for_s=timeout_s)
            started_s = self._clock.now_s()
            try:
                answer = await self._sent(credentials, call, timeout_s)
            except CallFault as fault:
                permit.failed(fault)
                await account.failed(fault, ms=self._ms_since(started_s))
                raise
            except asyncio.CancelledError:
                # Only a process that stops cancels what runs in the background.
                stopped = CallFault(Reason.OPENAI_UNAVAILABLE, "stopped", may_have_cost=True)
                await account.failed(stopped, ms=self._ms_since(started_s))
                raise
            permit.heard(answer.headers)
            permit.answered()
            ms = self._ms_since(started_s)
            paid = await account.completed(answer)
            # The budget is settled; who asked need not wait until the rest is written. That the credentials
            # work is noted at once, before what a later call shows: mostly it is no news.
            self._background.begin(account.works(), name=f"openai-{call.origin.purpose}-works")
            telling = _told_soon(account, paid, ms)
            self._background.begin(telling, name=f"openai-{call.origin.purpose}-told")
            return paid
        finally:
            permit.close()

    async def _sent(self, credentials: Credentials, call: Call[A], timeout_s: float) -> A:
        try:
            async with self._clients.lease(credentials) as client, asyncio.timeout(timeout_s):
                return await call.send(client)
        except (openai.OpenAIError, httpx2.HTTPError, TimeoutError) as error:
            raise translated(error, now=self._clock.utc(), api_key=credentials.api_key) from error
        except UnicodeError as error:
            raise CallFault(
                Reason.OPENAI_REQUEST_INVALID,
                "the credentials' configuration holds a character that no header can have",
            ) from error

    def _ms_since(self, started_s: float) -> int:
        return round((self._clock.now_s() - started_s) * 1000)


async def _told_soon(account: Account[A], paid: Paid[A], ms: int) -> None:
    await asyncio.sleep(_TELLS_AFTER_S)
    await account.tell(paid, ms=ms)


def _passes(error: BaseException) -> bool:
    return isinstance(error, CallFault) and error.retryable


def _pause_s(state: RetryCallState) -> float:
    """What the server asked for and a little more, else doubling with jitter."""
    fault = state.outcome.exception() if state.outcome else None
    jitter = uniform(0.0, 1.0)  # noqa: S311 - jitter, not a secret
    if isinstance(fault, CallFault) and fault.retry_after_s is not None:
        return fault.retry_after_s * (1 + jitter / 10)
    whole = min(_MAX_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (state.attempt_number - 1))
    return whole * (0.5 + jitter / 2)
