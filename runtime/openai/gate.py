"""What every call of a credential set passes: a free slot, the server's pace, the breaker.

An account that refuses every call (its key is rejected, its quota spent) is left alone as well, by a
breaker of its own that one refusal opens: each turn would wait for the same answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus

from runtime.agent.reasons import Reason
from runtime.openai.breaker import Breaker, BreakerSettings
from runtime.openai.clock import Clock
from runtime.openai.credentials import Credentials
from runtime.openai.errors import CallFault
from runtime.openai.pacing import Pacing

_MAX_GATES = 256
_REFUSED = BreakerSettings(failures=1, first_s=15.0, max_s=60.0)
"""Soon enough for whoever pays the bill or mends the key at the server's side; a new key has a gate of its own."""


class Permit:
    """Leave to make one call. Who has it tells how it went, then closes it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._told = False

    def heard(self, headers: Mapping[str, str]) -> None:
        """The server's answer, good or bad, had these headers."""
        self._gate.pacing.heard(headers, self._gate.clock.now_s())

    def answered(self) -> None:
        """The server answered, be it with a refusal."""
        self._told = True
        self._gate.breaker.succeeded()
        self._gate.accepted()

    def failed(self, fault: CallFault) -> None:
        """The call failed. Only what shows the server unable counts against it."""
        now_s = self._gate.clock.now_s()
        if fault.retry_after_s is not None:
            self._gate.pacing.told_to_wait(fault.retry_after_s, now_s)
        if fault.reason in {Reason.OPENAI_UNAVAILABLE, Reason.OPENAI_TIMEOUT}:
            self._told = True
            self._gate.breaker.failed(now_s)
            self._gate.refusals.not_made()
        elif refuses_all(fault):
            self._told = True
            self._gate.breaker.succeeded()
            self._gate.refused(fault, now_s)
        elif fault.status is not None:
            self.answered()

    def close(self) -> None:
        """Give the slot back."""
        if not self._told:
            self._gate.not_made()
        self._gate.slots.release()


def refuses_all(fault: CallFault) -> bool:
    """Whether the account will refuse any other call too. A 403 may be the model's alone."""
    is_key = fault.reason is Reason.OPENAI_KEY_REJECTED and fault.status == HTTPStatus.UNAUTHORIZED
    return is_key or fault.reason is Reason.OPENAI_QUOTA_EXHAUSTED


class Gate:
    """One credential set's gate. Calls queue for a slot, no longer than their deadline."""

    def __init__(self, *, slots: int, breaker: BreakerSettings, clock: Clock) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.pacing = Pacing()
        self.breaker = Breaker(breaker)
        self.refusals = Breaker(_REFUSED)
        self.clock = clock
        self._refusal: CallFault | None = None

    async def admit(self, deadline_s: float) -> Permit:
        """Wait for leave to call.

        Raises:
            CallFault: a breaker is open, or the wait would go past the deadline.
        """
        self._refuse_when_open()
        await self._take_slot(deadline_s)
        try:
            await self._keep_pace(deadline_s)
            self._pass_breakers()
        except BaseException:
            self.slots.release()
            raise
        return Permit(self)

    def refused(self, fault: CallFault, now_s: float) -> None:
        """The account refuses all calls: none is made until a trial is due."""
        self._refusal = fault
        self.refusals.failed(now_s)

    def accepted(self) -> None:
        """The account works."""
        self._refusal = None
        self.refusals.succeeded()

    def not_made(self) -> None:
        """The admitted call never went out."""
        self.breaker.not_made()
        self.refusals.not_made()

    async def _take_slot(self, deadline_s: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline_s - self.clock.now_s())):
                await self.slots.acquire()
        except TimeoutError as error:
            raise CallFault(
                Reason.OPENAI_TIMEOUT, "no call of this credential set ended in time to make room"
            ) from error

    async def _keep_pace(self, deadline_s: float) -> None:
        while (wait_s := self.pacing.wait_s(self.clock.now_s())) > 0:
            if self.clock.now_s() + wait_s >= deadline_s:
                raise CallFault(
                    Reason.OPENAI_RATE_LIMITED,
                    f"no request may be sent for {wait_s:.1f} s, longer than the turn can wait",
                )
            await self.clock.sleep(wait_s)

    def _pass_breakers(self) -> None:
        now_s = self.clock.now_s()
        if not self.refusals.admit(now_s):
            raise self._still_refused()
        if not self.breaker.admit(now_s):
            self.refusals.not_made()
            raise self._breaker_open()

    def _refuse_when_open(self) -> None:
        now_s = self.clock.now_s()
        if self.breaker.opens_in_s(now_s) > 0:
            raise self._breaker_open()
        if self.refusals.opens_in_s(now_s) > 0:
            raise self._still_refused()

    def _breaker_open(self) -> CallFault:
        seconds = self.breaker.opens_in_s(self.clock.now_s())
        return CallFault(
            Reason.OPENAI_BREAKER_OPEN,
            f"OpenAI failed repeatedly; the next trial is in {seconds:.0f} s",
        )

    def _still_refused(self) -> CallFault:
        seconds = self.refusals.opens_in_s(self.clock.now_s())
        assert self._refusal is not None  # noqa: S101 - what opened the breaker
        return CallFault(
            self._refusal.reason,
            f"{self._refusal.detail} (asked before; the next trial is in {seconds:.0f} s)",
        )


_Key = tuple[str, str, int, str, str | None, str | None, float]


class Gates:
    """The gates by credential set and key: a new key starts with a clean sheet. Bounded.

    Companies may share a set and change how they are served by it. Whoever calls another address,
    or for a shorter time, has a gate of its own: what fails there says nothing of the set.
    """

    def __init__(self, *, breaker: BreakerSettings, clock: Clock) -> None:
        self._breaker = breaker
        self._clock = clock
        self._gates: OrderedDict[_Key, Gate] = OrderedDict()

    def of(self, credentials: Credentials) -> Gate:
        """The gate that calls with these credentials pass."""
        config = credentials.config
        slots = config.max_concurrency
        key = (
            credentials.credential_set_id,
            credentials.api_key,
            slots,
            str(config.base_url),
            config.organization,
            config.project,
            config.timeout_s,
        )
        if key not in self._gates:
            self._gates[key] = Gate(slots=slots, breaker=self._breaker, clock=self._clock)
        self._gates.move_to_end(key)
        while len(self._gates) > _MAX_GATES:
            self._gates.popitem(last=False)
        return self._gates[key]

    def breaker_states(self) -> dict[str, str]:
        """By credential set, of the key used last."""
        now_s = self._clock.now_s()
        return {key[0]: str(gate.breaker.state(now_s)) for key, gate in self._gates.items()}
