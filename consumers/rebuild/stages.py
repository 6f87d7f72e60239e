"""Each read model's way from the filling to its swap: it follows the log, is compared, and is swapped.

All are compared before the first is swapped: a swap waits for transactions that are older than its new
rows, and a comparison is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from consumers.rebuild.belongings import hand_on, stands
from consumers.rebuild.comparing import Comparison
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.following import Follower
from consumers.rebuild.observing import RebuildObserver
from consumers.rebuild.plan import Kind, Plan, RebuildSettings
from consumers.rebuild.reading import Scope
from consumers.rebuild.report import Report
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import qualified
from consumers.rebuild.swapping import Swap
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "scratch.sql")
_COMPARED_AT_ONCE = 2
"""Read models at the most, with a connection each, and one more that makes its statistics meanwhile."""


@dataclass(frozen=True, slots=True)
class ReadModel:
    """One read model on its way from the filling to the swap. `replaces`: the version that is live."""

    feed: ShadowFeed
    follower: Follower
    replaces: int

    @property
    def name(self) -> str:
        """As it is called."""
        return self.feed.shadow.name


class Stages:
    """Takes a run's read models through theirs. `full`: every row that differs is told, so one at a time."""

    def __init__(
        self,
        scratch: Scratch,
        plan: Plan,
        *,
        scope: Scope,
        observer: RebuildObserver,
        settings: RebuildSettings,
        workers: int,
        full: bool,
    ) -> None:
        self._scratch = scratch
        self._plan = plan
        self._scope = scope
        self._observer = observer
        self._settings = settings
        self._full = full
        self._at_once = 1 if full else min(workers, _COMPARED_AT_ONCE)

    async def compare(self, models: Sequence[ReadModel]) -> dict[str, Report]:
        """Follow and compare, as many at once as may be; told in their order, whichever ends first.

        Raises:
            BaseExceptionGroup: of RunLost, ProjectionBroken, EventParked, or faults; all stand as they stood.
        """
        found: dict[str, Report] = {}
        untold, turns = [model.name for model in models], asyncio.Semaphore(self._at_once)

        async def compare(model: ReadModel) -> None:
            async with turns:
                found[model.name] = await self._compare(model)
                while untold and untold[0] in found:
                    self._observer.compared(found[untold.pop(0)])

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(compare(model), name=model.name) for model in models]
            # Within the block, as for workers: a group that is told of a failure at its end swallows a Ctrl-C.
            if tasks:
                await asyncio.wait(tasks)
        return found

    async def _compare(self, model: ReadModel) -> Report:
        await self._enter("follow", model.name)
        await self._hand_on(model)
        if self._at_once == 1:
            await self._settle(model)
            return await self._compared(model)
        async with asyncio.TaskGroup() as group:
            settling = group.create_task(self._settle(model), name=f"settling {model.name}")
            report = await self._compared(model)
            await asyncio.wait({settling})
        return report

    async def _compared(self, model: ReadModel) -> Report:
        name, feed, follower = model.name, model.feed, model.follower
        comparison = Comparison(
            self._scratch, feed, follower, scope=self._scope, replaces=model.replaces
        )
        await follower.follow(await comparison.live_positions(self._scratch.pool))
        await self._enter("compare", name)
        report = await comparison.run(
            sample=self._settings.sample,
            each=(lambda one: self._observer.differs(name, one)) if self._full else None,
        )
        await self._scratch.keep_report(name, report.as_json())
        return report

    async def swap(self, models: Sequence[ReadModel], *, who: str) -> None:
        """In turn; `who` replaces them.

        Raises:
            CannotRebuild, RunLost, ProjectionBroken, EventParked: those before are live.
        """
        for model in models:
            await self._swap(model, who)

    async def _swap(self, model: ReadModel, who: str) -> None:
        name = model.name
        await self._enter("swap", name)
        swap = Swap(
            self._scratch,
            model.feed,
            model.follower,
            scope=self._scope,
            replaces=model.replaces,
            settings=self._settings,
            reached=self._observer.reached,
        )
        await swap.run(
            keep_old_s=self._plan.keep_old_s,
            who=who,
            waits_for=lambda readers: self._observer.waits_for(name, readers),
        )
        self._observer.swapped(name)
        await self._observer.reached("swapped")

    async def _hand_on(self, model: ReadModel) -> None:
        """What others gave the old table."""
        if self._plan.kind is Kind.CHECK or self._scope is not Scope.ALL:
            return
        shadow = model.feed.shadow
        for live, new in shadow.pairs():
            old = qualified(live, model.replaces)
            async with self._scratch.holding() as conn:
                if await stands(conn, old):
                    await hand_on(conn, old, to=qualified(new, shadow.version))

    async def _settle(self, model: ReadModel) -> None:
        """Statistics, before readers come."""
        shadow = model.feed.shadow
        for table in shadow.tables:
            new = qualified(table, shadow.version)
            await self._scratch.pool.execute(filled(_SQL["settle table"], table=new))

    async def _enter(self, phase: str, projection: str) -> None:
        await self._scratch.enter(f"{phase} {projection}")
        self._observer.phase(phase, projection)
        await self._observer.reached(phase)
