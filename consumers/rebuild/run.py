"""One rebuild from its beginning to its end, whoever begins and whoever ends it.

fill → follow → compare → swap: all read models are filled together; each then follows and is compared,
and when all are, they are swapped in turn. What is done is written in the rebuild's own schema in the
transaction that does it, so a crash at any point leaves the live read models as they were, and the next
call with the same wish goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import asyncpg

from consumers.backoff import Backoff
from consumers.cancellation import raise_if_cancelled
from consumers.errors import ConsumerError, TransientFault, faults_translated
from consumers.rebuild.belongings import (
    hand_on,
    refuse_columns_of_others,
    refuse_what_stays_behind,
    stands,
)
from consumers.rebuild.errors import CannotRebuild, EventParked, RebuildError, RunLost
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.filling import Filler
from consumers.rebuild.following import Follower
from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.kept import drop_expired, kept, take_kept
from consumers.rebuild.narrowing import FILLING, note_touched, sums
from consumers.rebuild.observing import Progress, RebuildObserver
from consumers.rebuild.pace import LiveLook, Look, Pace, nobody_lives, share_after
from consumers.rebuild.plan import Kind, Operator, Plan, RebuildSettings
from consumers.rebuild.reading import Scope
from consumers.rebuild.replacing import Change, Reader, refuse_other_columns, undone
from consumers.rebuild.report import Report
from consumers.rebuild.scratch import PREPARING, FilledPart, ReadModelRun, Scratch, begin_or_resume
from consumers.rebuild.shadow import qualified
from consumers.rebuild.stages import ReadModel, Stages
from projections.migrate import table_statement
from projections.projection import Projection
from projections.statements import statements

_SQL = statements("consumers.rebuild", "scratch.sql")
_T = TypeVar("_T")

FillParts = Callable[[Scratch, Sequence[FilledPart], Pace], Awaitable[None]]
"""Fills these parts of a run, in this process or others."""


class Rebuild:
    """Carries out a plan. `fill` is by whom the past is filled in: by default this process.

    `workers` says how many processors are meant to be busy with it: with more than one, two read models are
    compared at once. `look` says how live traffic does, `full` asks for every row that differs.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        plan: Plan,
        operator: Operator,
        *,
        group: str,
        observer: RebuildObserver,
        settings: RebuildSettings = RebuildSettings(),  # noqa: B008 - frozen
        fill: FillParts | None = None,
        workers: int = 1,
        look: Look = nobody_lives,
        full: bool = False,
    ) -> None:
        self._pool = pool
        self._plan = plan
        self._operator = operator
        self._group = group
        self._observer = observer
        self._settings = settings
        self._fill_parts = fill or self._fill_here
        self._look = look
        self._full = full
        self._scope = scope_of(plan)
        self._workers = workers
        self._types = sorted({type_ for p in plan.projections for type_ in p.reads})
        self._pace = Pace()
        self._live = LiveLook(alone=False, lag_s=None)

    async def run(self) -> list[Report]:
        """Do it; the reports of all its read models, in order.

        Raises:
            RebuildError: the live read models are as they were, or as far as was told.
            ProjectionBroken: a fold fails on everything.
        """
        await drop_expired(self._pool)
        scratch, resumed = await begin_or_resume(
            self._pool,
            self._plan,
            self._operator,
            group=self._group,
            stale_s=self._settings.stale_s,
            waits_for=self._end_waits_for,
        )
        self._observer.began(self._plan.title, resumed=resumed)
        try:
            reports = await self._through_faults(lambda: self._told_when_lost(scratch))
            await self._observer.reached("done")
        except (EventParked, ConsumerError):
            # Nothing of it can be gone on with: other code makes other rows.
            await self._drop(scratch)
            raise
        except CannotRebuild:
            # What was read is kept for who asks again once nothing is in the way. The beats, which
            # look into it, have ended.
            if self._plan.kind is Kind.CHECK or await scratch.phase() == PREPARING:
                await self._drop(scratch)
            raise
        except BaseException:
            if self._plan.kind is Kind.CHECK:
                await asyncio.shield(_dropped(scratch))
            raise
        await self._drop(scratch)
        return reports

    async def _through_faults(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Work; faults of the surroundings are waited out, and it goes on where it stood."""
        backoff = Backoff(
            initial_s=self._settings.retry_initial_s, max_s=self._settings.retry_max_s
        )
        while True:
            try:
                with faults_translated():
                    return await work()
            except TransientFault as fault:
                wait_s = backoff.next_s()
                self._observer.retrying(fault.fault, wait_s)
                await asyncio.sleep(wait_s)

    async def _told_when_lost(self, scratch: Scratch) -> list[Report]:
        async with scratch.told_when_lost():
            return await self._beside_beats(scratch)

    async def _drop(self, scratch: Scratch) -> None:
        # Lost by now: it was dropped by a commit of which no answer came, or is another's to drop.
        with suppress(RunLost):
            await self._through_faults(lambda: scratch.drop(self._end_waits_for))

    def _end_waits_for(self, readers: Sequence[Reader]) -> None:
        self._observer.waits_for(None, readers)

    async def _beside_beats(self, scratch: Scratch) -> list[Report]:
        try:
            async with asyncio.TaskGroup() as group:
                beats = group.create_task(self._beat(scratch), name="rebuild beats")
                try:
                    return await self._work(scratch)
                finally:
                    beats.cancel()
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed

    async def _beat(self, scratch: Scratch) -> None:
        """Say that we live, keep the pace, and tell how far it is."""
        while True:
            look = await self._looked()
            share = share_after(look, self._settings)
            if (share == 0.0) != (self._pace.share == 0.0):
                self._observer.paused(look.lag_s if share == 0.0 else None)
            self._pace.share, self._live = share, look
            await scratch.beat(share=share)
            await self._tell_progress(scratch)
            raise_if_cancelled()
            await asyncio.sleep(self._settings.beat_s)

    async def _tell_progress(self, scratch: Scratch) -> None:
        expected = await self._pool.fetchval(_SQL["expected"], self._types)
        (row,) = await self._pool.fetch(scratch.sql("progress"))
        live = self._live
        self._observer.progress(
            Progress(
                *(row["read"], expected, row["filled"], row["partitions"]),
                live_lag_s=live.lag_s,
                live_alone=live.alone,
            )
        )

    async def _looked(self) -> LiveLook:
        # However long the look takes, others must hear of this run.
        try:
            async with asyncio.timeout(self._settings.stale_s / 4):
                return await self._look()
        except TimeoutError:
            return LiveLook(alone=False, lag_s=None)

    async def _work(self, scratch: Scratch) -> list[Report]:
        models = {one.name: one for one in await scratch.read_models()}
        left = [p for p in self._plan.projections if not models[p.name].swapped]
        await self._observer.reached("begun")
        if await scratch.phase() == PREPARING:
            await self._prepare(scratch, left, models)
        await self._fill(scratch)
        parked = await scratch.parked()
        followed = []
        for projection in left:
            waits = parked.get(projection.name, set())
            feed = ShadowFeed(scratch, projection, waits, fail_fast=self._plan.fail_fast)
            page = self._settings.page_events
            follower = Follower(scratch, feed, scope=self._scope, page_events=page)
            followed.append(ReadModel(feed, follower, models[projection.name].replaces))
        reports = {name: Report.from_json(one.report) for name, one in models.items() if one.report}
        stages = Stages(
            scratch,
            self._plan,
            scope=self._scope,
            observer=self._observer,
            settings=self._settings,
            workers=self._workers,
            full=self._full,
        )
        reports |= await stages.compare(followed)
        if self._plan.kind is not Kind.CHECK:
            await stages.swap(followed, who=self._operator.who)
        return [reports[p.name] for p in self._plan.projections]

    async def _prepare(
        self, scratch: Scratch, left: Sequence[Projection], models: dict[str, ReadModelRun]
    ) -> None:
        """What must be known before anything is read; refusals come here, not after an hour."""
        for projection in left:
            replaces = models[projection.name].replaces
            if self._scope is not Scope.ALL and replaces != projection.version:
                raise CannotRebuild(
                    f"{projection.name} stands in version {replaces}, this build has "
                    f"{projection.version}: replay it as a whole first",
                )
            if self._plan.kind is not Kind.CHECK and self._scope is Scope.ALL:
                await self._refuse_what_cannot_be_replaced(scratch, projection, replaces)
        if self._plan.kind is Kind.UNDO:
            await kept_version(self._pool, left[0].name)
            await take_kept(scratch, left[0])
        elif self._plan.selection is not None:
            shadows = [scratch.shadow(p) for p in left]
            if not await note_touched(scratch, self._plan.selection, shadows):
                raise CannotRebuild(f"{self._plan.title}: no event of the log is meant by that")
        else:
            await scratch.enter(FILLING)

    async def _refuse_what_cannot_be_replaced(
        self, scratch: Scratch, projection: Projection, replaces: int
    ) -> None:
        """Try on the empty tables whether they can be given what the old ones have."""
        shadow = scratch.shadow(projection)
        for live, new in shadow.pairs():
            old, public = qualified(live, replaces), f"{live.schema}.{live.name}"
            to, stays = qualified(new, projection.version), qualified(live, projection.version)
            async with self._pool.acquire() as conn:
                if not await stands(conn, old):
                    continue
                await refuse_what_stays_behind(conn, old, public=public, moves_to=stays)
                if replaces == projection.version:
                    await refuse_columns_of_others(conn, old, to)
                async with undone(conn):
                    await hand_on(conn, old, to=to)
                change = Change(public, old, to, table_statement(shadow, new, "view"))
                await refuse_other_columns(conn, change, within_s=self._settings.lock_timeout_s)

    async def _fill(self, scratch: Scratch) -> None:
        self._observer.phase("fill", None)
        parts = [part for part in await scratch.parts() if not part.is_filled]
        if parts:
            await self._fill_parts(scratch, parts, self._pace)
        await self._tell_progress(scratch)
        await self._observer.reached("filled")

    async def _fill_here(self, scratch: Scratch, parts: Sequence[FilledPart], pace: Pace) -> None:
        filler = await filler_of(
            scratch,
            self._plan.projections,
            scope=self._scope,
            fail_fast=self._plan.fail_fast,
            settings=self._settings,
            pace=pace,
            chunk_done=lambda: self._observer.reached("chunk"),
        )
        await filler.fill(parts)


def scope_of(plan: Plan) -> Scope:
    """Whose events a plan reads.

    Raises:
        CannotRebuild: read models of sums and others, narrowed, want a plan each.
    """
    if plan.selection is None:
        return Scope.ALL
    kinds = {sums(projection) for projection in plan.projections}
    if len(kinds) > 1:
        raise CannotRebuild("sums and other read models are narrowed apart")
    return Scope.COMPANIES if kinds == {True} else Scope.CONVERSATIONS


async def filler_of(
    scratch: Scratch,
    projections: Sequence[Projection],
    *,
    scope: Scope,
    fail_fast: bool,
    settings: RebuildSettings,
    pace: Pace,
    chunk_done: Callable[[], Awaitable[None]] | None = None,
) -> Filler:
    """A filler for those of a run's read models that are not swapped yet."""
    swapped = {one.name for one in await scratch.read_models() if one.swapped}
    parked = await scratch.parked()
    feeds = [
        ShadowFeed(scratch, p, parked.get(p.name, set()), fail_fast=fail_fast)
        for p in projections
        if p.name not in swapped
    ]
    return Filler(scratch, feeds, scope=scope, settings=settings, pace=pace, chunk_done=chunk_done)


async def kept_version(pool: asyncpg.Pool, name: str) -> int:
    """The version of what is kept for an undo.

    Raises:
        CannotRebuild: nothing is.
    """
    async with pool.acquire() as conn:
        for one in await kept(conn):
            if one.name == name:
                return one.version
    raise CannotRebuild(f"nothing is kept of {name}: no replay, or {kept_schema(name)} was dropped")


async def _dropped(scratch: Scratch) -> None:
    """Drop it if that can be done now; who checks next drops it otherwise."""
    with suppress(RunLost, TransientFault), faults_translated():
        await scratch.drop_now()


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong, of work and beats; a refusal says more than the fault that came with it."""
    found: list[BaseException] = []
    for one in failed.exceptions:
        found.append(_first(one) if isinstance(one, BaseExceptionGroup) else one)
    return next((one for one in found if isinstance(one, RebuildError)), found[0])
