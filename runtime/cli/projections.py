"""`agent-runtime projections`: read models and where they stand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from consumers.rebuild.kept import Kept, kept
from consumers.rebuild.plan import Kind, RebuildSettings
from consumers.rebuild.standing import StandingRun, standing_runs
from projections.drift import Drift, DriftKind, drifts
from projections.registry import ALL
from projections.statements import statements
from runtime.cli.acting import Actor, DryRun, actor, audit
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.rebuilding import Wish, default_workers, read_models
from runtime.cli.replay import rebuild
from runtime.cli.tables import Json, say, show

_SQL = statements("runtime.queries", "projections.sql")
_DECLARED = frozenset(projection.name for projection in ALL)
_COLUMNS = ("name", "version", "state", "position", "behind", "parked", "code")

projections = typer.Typer(help="Read models and where they stand.", no_args_is_help=True)


@projections.command("list")
def projections_list(as_json: Json = False) -> None:
    """List the read models: version, state, position, how far behind, whether the code still fits.

    A detached one is not fed: since when and why stands beside it, and how many events it lacks.
    `agent-runtime projections attach NAME` lets it go on. Of one that other code made than this
    program's, or that stands in another version, the command that mends it is named. Below them:
    a replay or a check that is under way or was left unfinished, and what is kept for an undo.

    Example: agent-runtime projections list --json
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await _all(open_)
            runs, old = await standing_runs(open_.db), await kept(open_.db)
        show(rows, title="read models", as_json=as_json, columns=_COLUMNS)
        for row in rows:
            if row["state"] == "detached" and not as_json:
                say(_why(row), prose=True)
            if row["problem"] and not as_json:
                say(f"{row['problem']}{': run ' + row['run'] if row['run'] else ''}", prose=True)
        if not as_json:
            for run in runs:
                say(_run(run), prose=True)
            if old:
                title = "kept for agent-runtime replay --projection NAME --undo"
                show([_kept(one) for one in old], title=title, as_json=False, whole=("until",))
        return 0

    carry_out(work)


@projections.command("check")
def projections_check(
    names: Annotated[
        list[str] | None, typer.Argument(help="The read models; all without one.")
    ] = None,
    rows: Annotated[
        int, typer.Option(min=0, max=100_000, help="Show so many rows that differ of each table.")
    ] = 20,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; else half the cores.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make read models anew apart, and compare them with the live ones: exit 1 when a row differs.

    The live tables are only read, events go on flowing, and nothing is left behind. What differs is
    named by its key; `agent-runtime replay --projection NAME` mends it.

    Example: agent-runtime projections check leads conversations
    """
    rebuild(
        Wish(
            names=read_models(names or ()),
            kind=Kind.CHECK,
            selection=None,
            settings=RebuildSettings(sample=rows),
            workers=workers or default_workers(),
            fails_on_change=True,
            as_json=as_json,
        )
    )


@projections.command("attach")
def projections_attach(
    name: Annotated[str, typer.Argument(help="The projection.")],
    dry_run: DryRun = False,
    as_: Actor = None,
) -> None:
    """Let a detached projection go on: it is fed from the log where it stopped, then rides along.

    Do it after the cause is mended; a projection that fails as before is detached again.

    Example: agent-runtime projections attach leads --dry-run
    """
    settings = settings_or_exit()
    by = actor(as_)

    async def work() -> int:
        async with opened(settings) as open_:
            rows = [row for row in await _all(open_) if row["name"] == name]
            if not rows:
                fail(f"there is no projection {name}", code=WRONG_USE)
            if rows[0]["state"] != "detached":
                say(f"{name} is {rows[0]['state']}: nothing to do")
                return 0
            show(rows, title="to be attached", as_json=False, columns=_COLUMNS)
            say(_why(rows[0]), prose=True)
            if dry_run:
                return 0
            async with open_.db.transaction():
                done = await open_.db.fetch(_SQL["attach"], name)
                await audit(
                    open_.db,
                    "projections attach",
                    by=by,
                    arguments={"projection": name},
                    affected=len(done),
                )
        say(f"{name} is live again and is fed from where it stopped")
        return 0

    carry_out(work)


def _run(run: StandingRun) -> str:
    begun = f"{run.title}, begun by {run.who} at {run.started_at:%Y-%m-%d %H:%M:%SZ}"
    if run.is_under_way:
        return f"under way: {begun}: {run.phase}"
    if run.title.startswith(Kind.CHECK):
        return f"left behind: {begun}: the next check drops it"
    return f"never ended: {begun}: the same command goes on, and agent-runtime replay --abandon drops it"


def _kept(one: Kept) -> dict[str, Any]:
    until = "over: it is about to be dropped" if one.is_over else one.keep_until
    return {
        "name": one.name,
        "version": one.version,
        "replaced by": one.replaced_by,
        "until": until,
    }


def _why(row: dict[str, Any]) -> str:
    since = f"{row['since']:%Y-%m-%d %H:%M:%SZ}" if row["since"] else "an unknown time"
    return f"{row['name']} is detached since {since}: {row['why'] or 'no reason was recorded'}"


def _told(one: Kept) -> dict[str, Any]:
    return {
        "version": one.version,
        "replaced_at": one.replaced_at,
        "keep_until": one.keep_until,
        "replaced_by": one.replaced_by,
    }


async def _all(open_: Open) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await open_.db.fetch(_SQL["list"])]
    replaced = {one.name: _told(one) for one in await kept(open_.db)}
    found = {drift.projection: drift for drift in await drifts(open_.db)}
    for row in rows:
        drift = found.get(row["name"])
        row["code"] = _code(row["name"], drift)
        row["problem"] = drift.problem if drift is not None else None
        row["run"] = drift.command if drift is not None else None
        row["kept"] = replaced.get(row["name"])
        row["since"], row["why"] = row.pop("detached_at"), row.pop("detail")
    return rows


def _code(name: str, drift: Drift | None) -> str:
    if drift is not None:
        return "changed" if drift.kind is DriftKind.CODE_CHANGED else "other version"
    return "unchanged" if name in _DECLARED else "not in this build"
