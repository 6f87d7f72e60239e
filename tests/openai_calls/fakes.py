"""A clock that tests turn, and a `Usages` that keeps what it hears."""

from __future__ import annotations

import asyncio

from runtime.openai.clock import Clock
from runtime.openai.usages import CallCompleted, CallFailed


class TurnedClock:
    """Sleeping turns it on at once; `slept` has each sleep's seconds."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(now_s=lambda: self.now_s, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


class KeptUsages:
    """Writes down an answered call at once, or once it may."""

    def __init__(self) -> None:
        self.completed_calls: list[CallCompleted] = []
        self.failed_calls: list[CallFailed] = []
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def completed(self, call: CallCompleted) -> None:
        await self.may_write.wait()
        self.completed_calls.append(call)

    async def failed(self, call: CallFailed) -> None:
        self.failed_calls.append(call)
