"""Rebuilds from the command line: which read models, in how many processes, and what is told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg

from consumers.errors import ProjectionBroken
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.narrowing import sums
from consumers.rebuild.pace import LiveLook
from consumers.rebuild.plan import Kind, Operator, Plan, RebuildSettings
from consumers.rebuild.run import Rebuild, kept_version
from consumers.rebuild.scratch import abandon, unfinished
from consumers.rebuild.undoing import put_back
from consumers.selection import Selection
from projections.group import Basis
from projections.projection import Projection
from projections.registry import ALL, by_name, group_of
from projections.statements import statements
from runtime.cli.acting import actor, audit
from runtime.cli.context import FAILED, WRONG_USE, Open, errors, fail, opened
from runtime.cli.rebuild_advice import advices
from runtime.cli.rebuild_progress import InTheWay, Shown
from runtime.cli.rebuild_report import ReportPrinter, differing
from runtime.cli.tables import say
from runtime.memory import BULK_NEW_OBJECTS, settle_memory
from runtime.postgres_connection import StatelessConnection
from runtime.rebuilding.hands import Hand, forked
from runtime.rebuilding.live import look
from runtime.rebuilding.processes import WorkerProcesses
from runtime.settings import Settings

_SQL = statements("runtime.queries", "projections.sql")
_FAR_BEHIND = 10_000
"""Events; a read model that lacks more is not made to wait for by the others."""
INTERRUPTED = 130
_TITLES = {
    Kind.REPLAY: "old and new",
    Kind.CHECK: "live (old) and made anew (new)",
    Kind.UNDO: "what stood (old) and what came back (new)",
}
_ACTIONS = {Kind.REPLAY: "replay", Kind.UNDO: "replay --undo"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. `names` are of read models of the log's group."""

    names: tuple[str, ...]
    kind: Kind
    selection: Selection | None
    settings: RebuildSettings
    workers: int
    keep_old_h: float = 24.0
    fail_fast: bool = False
    full: bool = False
    """Every row that differs is told, not the first of them."""
    fails_on_change: bool = False
    """Exit 1 when a row differs."""
    as_json: bool = False
    by: str | None = None


def read_models(names: Sequence[str]) -> tuple[str, ...]:
    """Those names, or all read models of the log, in their group's order; ends with exit 2."""
    rebuildable = [p.name for p in ALL if group_of(p).basis is Basis.LOG]
    known = {p.name for p in ALL}
    for name in names:
        if name not in known:
            fail(
                f"there is no read model {name or 'without a name'}; there are "
                f"{', '.join(rebuildable)}",
                code=WRONG_USE,
            )
        if name not in rebuildable:
            group = group_of(by_name(name)).name
            fail(
                f"{name} is a work queue of the group {group}: it holds what is still to be done, "
                "and is never made again from the log",
                code=WRONG_USE,
            )
    return tuple(name for name in rebuildable if not names or name in names)


def default_workers() -> int:
    """Half the cores: the other half is the servers' and live traffic's."""
    return max(1, (os.cpu_count() or 1) // 2)


@contextmanager
def hands(settings: Settings, wish: Wish) -> Iterator[list[Hand]]:
    """Workers for it, before anything else is begun."""
    settle_memory(BULK_NEW_OBJECTS)
    with forked(wish.workers if wish.workers > 1 else 0, settings) as idle:
        yield idle


async def carry_out_wish(
    settings: Settings, wish: Wish, printer: ReportPrinter, idle: list[Hand]
) -> int:
    """Rebuild and tell; 0, or 1 when it was refused or did not come to its end."""
    operator = Operator(actor(wish.by), socket.gethostname())
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, signal.raise_signal, signal.SIGINT
    )
    async with opened(settings) as open_, _pool(settings, wish) as pool:
        try:
            await _carried_out(_Ground(open_, pool, idle), wish, operator, printer)
        except (RebuildError, ProjectionBroken) as error:
            errors.print(str(error), style="red", markup=False)
            return FAILED
    return FAILED if wish.fails_on_change and printer.differing else 0


@dataclass(frozen=True, slots=True)
class _Ground:
    """What it is done with."""

    open_: Open
    pool: asyncpg.Pool
    idle: list[Hand]


async def _carried_out(
    ground: _Ground, wish: Wish, operator: Operator, printer: ReportPrinter
) -> None:
    """Do it; however it ends, what stands by it is audited and shown."""
    outcome = "stopped"
    try:
        for plan in await _plans(ground.open_.db, wish):
            await _run(ground, plan, wish, operator, printer)
        outcome = "done"
    except (RebuildError, ProjectionBroken):
        outcome = "failed"
        raise
    finally:
        if wish.kind is not Kind.CHECK and (printer.live or outcome == "done"):
            await _audit(ground.pool, wish, operator, printer, outcome)
        printer.total(_TITLES[wish.kind])
    narrowed, every = wish.selection is not None, wish.names == read_models(())
    for advice in await advices(ground.pool, wish.kind, printer, narrowed=narrowed, every=every):
        printer.advise(advice)


async def abandon_unfinished(settings: Settings, by: str | None) -> int:
    """Drop a replay that never ended."""
    operator = Operator(actor(by), socket.gethostname())
    rebuild = RebuildSettings()
    async with asyncpg.create_pool(settings.database_dsn(), min_size=1, max_size=2) as pool:
        try:
            title = await abandon(
                pool,
                "replay_scratch",
                operator,
                stale_s=rebuild.stale_s,
                waits_for=partial(
                    InTheWay(partial(errors.print, style="dim", markup=False)), "the end"
                ),
            )
        except RebuildError as error:
            errors.print(str(error), style="red", markup=False)
            return FAILED
        if title is not None:
            async with pool.acquire() as conn:
                await audit(
                    conn, "replay --abandon", by=operator.who, arguments={"run": title}, affected=1
                )
    say("there is no unfinished replay" if title is None else f"dropped: {title}")
    return 0


def _pool(settings: Settings, wish: Wish) -> asyncpg.Pool:
    return asyncpg.create_pool(
        settings.database_dsn(),
        min_size=1,
        max_size=5,
        statement_cache_size=0,
        connection_class=StatelessConnection,
        server_settings={"application_name": f"agent-runtime {wish.kind}"},
    )


async def _run(
    ground: _Ground, plan: Plan, wish: Wish, operator: Operator, printer: ReportPrinter
) -> None:
    open_, pool = ground.open_, ground.pool
    if plan.kind is Kind.UNDO:
        (projection,) = plan.projections
        if await kept_version(pool, projection.name) != projection.version:
            shown = Shown(errors, printer, kind=plan.kind, narrowed=False)
            with shown:
                version = await put_back(
                    pool,
                    projection,
                    keep_old_s=plan.keep_old_s,
                    who=operator.who,
                    settings=wish.settings,
                    waits_for=lambda readers: shown.waits_for(projection.name, readers),
                )
            printer.live.append(projection.name)
            printer.advise(
                f"{projection.name} stands again in version {version}, as it was when it was "
                "replaced; a build of that version feeds it on from there"
            )
            return
    fill = None
    if wish.workers > 1:
        fill = WorkerProcesses(
            plan, open_.settings, count=wish.workers, idle=ground.idle, rebuild=wish.settings
        ).fill

    async def looked() -> LiveLook:
        return await look(
            pool, open_.redis, group="projections", prefix=open_.settings.stream_prefix
        )

    shown = Shown(errors, printer, kind=plan.kind, narrowed=plan.selection is not None)
    with shown:
        rebuild = Rebuild(
            pool,
            plan,
            operator,
            group="projections",
            observer=shown,
            settings=wish.settings,
            fill=fill,
            workers=wish.workers,
            look=looked,
            full=wish.full,
        )
        reports = await rebuild.run()
    # What an earlier process of the same run has found.
    if plan.kind is Kind.CHECK:
        for report in reports:
            printer.report(report)
    else:
        printer.add(report for report in reports if report.projection not in printer.live)


async def _plans(db: asyncpg.Connection, wish: Wish) -> list[Plan]:
    """What is made together: the log is read once for all that stand at the same place."""
    wanted = [by_name(name) for name in wish.names]
    if wish.kind is Kind.UNDO:
        together = [[projection] for projection in wanted]
    elif wish.selection is not None:
        together = [[p for p in wanted if sums(p) is kind] for kind in (False, True)]
    else:
        together = await _by_place(db, wanted)
    plans = [
        Plan(
            wish.kind,
            tuple(projections),
            selection=wish.selection,
            keep_old_s=wish.keep_old_h * 3600,
            fail_fast=wish.fail_fast,
        )
        for projections in together
        if projections
    ]
    begun = await unfinished(db, plans[0].schema)
    return sorted(plans, key=lambda plan: plan.title != begun)


async def _by_place(db: asyncpg.Connection, wanted: list[Projection]) -> list[list[Projection]]:
    rows = {row["name"]: row for row in await db.fetch(_SQL["list"])}
    apart = [
        p
        for p in wanted
        if (row := rows.get(p.name)) is not None
        and (row["state"] != "live" or (row["behind"] or 0) > _FAR_BEHIND)
    ]
    return [[p for p in wanted if p not in apart], *([p] for p in apart)]


async def _audit(
    pool: asyncpg.Pool, wish: Wish, operator: Operator, printer: ReportPrinter, outcome: str
) -> None:
    """One row a command: what stands by it, and how many rows of that differed."""
    found = {report.projection: differing(report) for report in printer.reports}
    affected = sum(found.get(name, 0) for name in printer.live)
    arguments = {
        "projections": [name for name in wish.names if name in printer.live],
        **({} if wish.selection is None else wish.selection.told()),
        "differing": {name: count for name, count in found.items() if count} or None,
        "outcome": outcome,
    }
    async with pool.acquire() as conn:
        await audit(
            conn, _ACTIONS[wish.kind], by=operator.who, arguments=arguments, affected=affected
        )
