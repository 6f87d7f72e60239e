"""The worker `debounce`: claims bursts that have become quiet and runs their turns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic

from consumers.cancellation import raise_if_cancelled
from consumers.errors import told
from consumers.rhythm import until_next_s
from consumers.turnstile import on_behalf_of
from runtime.companies.config import Centurion, Company
from runtime.companies.directory import Directory
from runtime.companies.errors import ConfigInvalid
from runtime.turns.claims import Claim, Claims, Pace, Waiting
from runtime.turns.dues import Dues
from runtime.turns.errors import ClaimLost
from runtime.turns.pacing import Pacing
from runtime.turns.parts import TurnParts
from runtime.turns.turn import Turn

NAME = "debounce"
_NOBODY = (3000, 30_000, 8)
"""Debounce and longest wait in milliseconds, turns at once, where nobody answers: to be closed."""


@dataclass(frozen=True, slots=True)
class DebounceSettings:
    """`turns` bounds this process's; durations in seconds.

    Bursts are looked at when something was written, when the next is due, and each `poll_s`.
    """

    turns: int = 32
    poll_s: float = 1.0
    gather_s: float = 0.1
    """The least time from one look to the next that something written is the reason of; no more than
    a quarter of the shortest debounce that was met."""
    watch_s: float = 0.2
    """How often running turns are held against what their customers wrote since."""
    stop_grace_s: float = 10.0


class Debounce:
    """Start/stop contract: `run` is awaited once and returns after `stop`, its turns done.

    Turns that are not done within the grace are cancelled: their leases run out, and others take
    them up.
    """

    def __init__(
        self, parts: TurnParts, claims: Claims, *, settings: DebounceSettings | None = None
    ) -> None:
        self._parts = parts
        self._claims = claims
        self._settings = settings or DebounceSettings()
        self._running: dict[asyncio.Task[None], Turn] = {}
        self._pacing = Pacing(monotonic)
        self._dues = Dues(self._pacing, monotonic)
        self._shortest_s = inf
        self._elsewhere: dict[str, int] = {}
        self._has_withheld = True
        self._woken = asyncio.Event()
        self._waking: asyncio.TimerHandle | None = None
        self._looked_s = -inf
        self._at_work = asyncio.Event()
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """Something was written: look soon. Under load one look serves several messages."""
        if self._waking is None and not self._woken.is_set():
            loop = asyncio.get_running_loop()
            gather_s = min(self._settings.gather_s, self._shortest_s / 4)
            at_s = self._looked_s + gather_s
            self._waking = loop.call_at(max(at_s, loop.time()), self._look)

    @property
    def is_at_work(self) -> bool:
        """Whether there are turns that are not done."""
        return bool(self._running)

    def _look(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the running turns are done."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Claim and run turns until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            looking = [
                tasks.create_task(self._renewing(), name=f"{NAME}-renewing"),
                tasks.create_task(self._watching(), name=f"{NAME}-watching"),
            ]
            is_due = False
            while not self._stopping.is_set():
                is_woken = self._woken.is_set()
                self._woken.clear()
                wait_s = await self._tick(tasks, is_due=is_due, is_woken=is_woken)
                raise_if_cancelled()
                is_due = await self._wait(wait_s)
            if self._running:
                _, late = await asyncio.wait(self._running, timeout=self._settings.stop_grace_s)
                for task in late:
                    task.cancel()
            for task in looking:
                task.cancel()

    def _looks_now(self) -> None:
        self._looked_s = asyncio.get_running_loop().time()
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None

    async def _tick(self, tasks: asyncio.TaskGroup, *, is_due: bool, is_woken: bool) -> float:
        """Claim what is due, then look what is next, where that is not known; how long to wait then.

        In this order: who was waited for begins at once. Seconds.
        """
        free = self._settings.turns - len(self._running)
        is_known = held_back = False
        try:
            if is_due and (due := self._dues.due()):
                allowed = [self._allowed(pace) for pace in due]
                claimed = await self._claims.claim(allowed, free)
                self._begin(tasks, claimed)
                is_known = self._dues.claimed(due, len(claimed))
                # Another worker was faster, or its company has as much at work as it may.
                held_back = allowed == due and not claimed
            if is_woken or not is_known or self._is_long_ago():
                await self._look_who_waits()
        except Exception as error:  # noqa: BLE001 - the next tick comes
            self._parts.observer.tick_failed(NAME, told(error))
            return self._settings.poll_s
        self._parts.observer.ticked(NAME)
        if len(self._running) >= self._settings.turns:
            # The end of a turn wakes.
            self._has_withheld = True
            return self._settings.poll_s
        next_s = self._dues.next_s()
        if next_s <= 0 and held_back:
            return self._settings.watch_s
        return max(0.0, min(next_s, until_next_s(self._settings.poll_s, monotonic())))

    def _is_long_ago(self) -> bool:
        return asyncio.get_running_loop().time() - self._looked_s >= self._settings.poll_s

    async def _look_who_waits(self) -> None:
        self._looks_now()
        # Until the look is done: a turn that ends during it may be one that it still counts.
        self._has_withheld = True
        waiting = await self._claims.who_waits()
        self._elsewhere = {
            one.company_id: max(0, one.turns - self._pacing.running(one.company_id))
            for one in waiting
        }
        paces = [await self._pace(one.company_id, one.centurion_id) for one in waiting]
        self._shortest_s = min([self._shortest_s, *(pace.debounce_ms / 1000 for pace in paces)])
        self._dues.looked(list(zip(paces, waiting, strict=True)))
        self._has_withheld = _withholds(waiting, paces)

    def _allowed(self, pace: Pace) -> Pace:
        return self._pacing.allowed(pace, self._elsewhere.get(pace.company_id, 0))

    def _begin(self, tasks: asyncio.TaskGroup, claimed: Sequence[Claim]) -> None:
        for claim in claimed:
            turn = Turn(self._parts, claim)
            task = tasks.create_task(self._work(turn), name=f"turn-{claim.turn_id}")
            self._running[task] = turn
            self._pacing.began(claim.company_id)
            self._at_work.set()
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        turn = self._running.pop(task, None)
        if turn is not None:
            self._pacing.ended(turn.claim.company_id, turn.took_s)
        if not self._running:
            self._at_work.clear()
        # A turn that made no room for anybody, and left nothing behind, is no reason to look.
        if self._has_withheld or turn is None or not turn.leaves_nothing:
            self._woken.set()

    async def _work(self, turn: Turn) -> None:
        with on_behalf_of(turn.claim.company_id):
            await self._work_on(turn)

    async def _work_on(self, turn: Turn) -> None:
        observer = self._parts.observer
        try:
            await turn.run()
        except ClaimLost:
            observer.lost(turn.claim)
        except Exception as error:  # noqa: BLE001 - one turn's fault is not another's
            try:
                await turn.failed(error)
            except ClaimLost:
                observer.lost(turn.claim)
            except Exception as fault:  # noqa: BLE001 - its lease runs out
                observer.failed(turn.claim, told(fault), self._parts.lease_s)
        raise_if_cancelled()

    async def _pace(self, company_id: str, centurion_id: str) -> Pace:
        found = await _speaks(self._parts.directory, company_id, centurion_id)
        if found is None:
            return Pace(company_id, centurion_id, *_NOBODY)
        company, centurion = found
        return Pace(
            company_id,
            centurion_id,
            centurion.debounce_ms,
            centurion.max_wait_ms,
            company.settings.turns_at_once,
        )

    async def _renewing(self) -> None:
        """Keep the leases of running turns; who has lost one stops at once."""
        while True:
            await asyncio.sleep(self._parts.lease_s / 4)
            turns = dict(self._running)
            try:
                kept = await self._claims.renew([turn.claim for turn in turns.values()])
            except Exception as error:  # noqa: BLE001 - tried again well within the lease
                self._parts.observer.tick_failed(NAME, told(error))
                continue
            for task, turn in turns.items():
                if turn.claim.turn_id not in kept and not task.done():
                    task.cancel()
                    self._parts.observer.lost(turn.claim)

    async def _watching(self) -> None:
        """Interrupt thoughts that a newer message has overtaken, as long as the burst may wait."""
        while True:
            await self._at_work.wait()
            await asyncio.sleep(self._settings.watch_s)
            thinking = {
                turn.claim.turn_id: turn for turn in self._running.values() if turn.max_wait_s
            }
            try:
                found = await self._claims.written_to([t.claim for t in thinking.values()])
            except Exception as error:  # noqa: BLE001 - the gate looks too
                self._parts.observer.tick_failed(NAME, told(error))
                continue
            for turn_id, open_s in found.items():
                if open_s < thinking[turn_id].max_wait_s:
                    thinking[turn_id].interrupt()

    async def _wait(self, seconds: float) -> bool:
        """Wait so long, or until something was written; whether the time is over."""
        if seconds <= 0:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return True
        return False


def _withholds(waiting: Sequence[Waiting], paces: Sequence[Pace]) -> bool:
    """Whether a company has as much at work as it may: the end of a turn makes room."""
    return any(one.turns >= pace.turns_at_once for one, pace in zip(waiting, paces, strict=True))


async def _speaks(
    directory: Directory, company_id: str, centurion_id: str
) -> tuple[Company, Centurion] | None:
    """Who answers; None where nobody does, or where the rows say what cannot be used."""
    try:
        company = await directory.company(company_id)
        centurion = await directory.centurion(company_id, centurion_id or None)
    except ConfigInvalid:
        return None
    return None if company is None or centurion is None else (company, centurion)
