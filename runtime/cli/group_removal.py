"""`agent-runtime groups remove`: forgetting a group that will never run again."""

from __future__ import annotations

from typing import Annotated, Any

import asyncpg
import typer
from redis.exceptions import ResponseError

from events.partitioning import stream_key
from projections import groups as declared
from projections.statements import statements
from runtime.cli.acting import Actor, DryRun, Yes, actor, audit, confirm, must_be_askable
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.tables import say
from runtime.queries.conservation import LOG_GROUP
from runtime.queries.standings import standings

_SQL = statements("runtime.queries", "groups.sql")


def remove(
    name: Annotated[str, typer.Argument(help="The consumer group.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_: Actor = None,
) -> None:
    """Forget a group for good, so that it holds nothing back any more.

    Goes: its checkpoints, owners, members, losses, requests, parked events, dead letters and seen
    ids, and its consumer groups in Redis; its read models keep their rows. Refused while it has
    living members, and always for `projections`, which writes the log. A group that is started
    again reads its streams from their beginning. Asks before it does anything, or wants --yes.

    Example: agent-runtime groups remove agent --dry-run
    """
    if name == LOG_GROUP:
        fail(f"{LOG_GROUP} writes the event log and cannot be removed", code=WRONG_USE)
    must_be_askable(yes=yes, dry_run=dry_run)
    settings = settings_or_exit()
    by = actor(as_)

    async def work() -> int:
        async with opened(settings) as open_:
            streams = await _streams_with(open_, name)
            held = await open_.db.fetchrow(_SQL["footprint"], name)
            if not streams and not _any(held):
                fail(f"there is no group {name}")
            await _refuse_the_living(open_, name)
            await _tell(open_, name, held, streams)
            if dry_run:
                return 0
            if not confirm(f"Forget group {name} for good?", yes=yes):
                fail("nothing was done")
            rows = await _forget(open_, name, streams, by)
        say(f"group {name} is forgotten: {rows} rows, {len(streams)} Redis consumer groups")
        return 0

    carry_out(work)


def _any(held: asyncpg.Record | None) -> bool:
    return held is not None and any(held.values())


async def _tell(open_: Open, name: str, held: asyncpg.Record | None, streams: list[str]) -> None:
    found = await standings(open_.db, open_.redis, open_.settings.stream_prefix)
    lags = [one.lag for one in found if one.group == name]
    unread = "an unknown number of" if None in lags else sum(filter(None, lags))
    counts = dict(held) if held is not None else {}
    say(f"group {name} holds back {unread} unread entries from trimming; with it would go:")
    for what, count in counts.items():
        say(f"{count:>12}  {what.replace('_', ' ')}")
    say(f"{len(streams):>12}  consumer groups in Redis")
    if any(group.name == name for group in declared.ALL):
        say(f"This build runs {name}: started again, it reads its streams from their beginning.")


async def _refuse_the_living(open_: Open, name: str) -> None:
    living = await open_.db.fetch(_SQL["living members"], name)
    if living:
        told = ", ".join(f"{row['member_id']} ({row['host']}, pid {row['pid']})" for row in living)
        fail(f"group {name} has living members: {told}. Stop them first.")


async def _forget(open_: Open, name: str, streams: list[str], by: str) -> int:
    """Postgres and Redis together: when Redis fails, nothing is forgotten in Postgres.

    Nothing is locked that other groups need; who has joined meanwhile is noticed at the end.
    """
    async with open_.db.transaction():
        rows: int = await open_.db.fetchval(_SQL["forget"], name)
        await audit(open_.db, "groups remove", by=by, arguments={"group": name}, affected=rows)
        await _refuse_the_living(open_, name)
        for key in streams:
            await open_.redis.xgroup_destroy(key, name)
    return rows


async def _streams_with(open_: Open, name: str) -> list[str]:
    """The streams on which Redis knows the group."""
    found = []
    for partition in range(open_.settings.partitions):
        key = stream_key(partition, open_.settings.stream_prefix)
        try:
            infos: Any = await open_.redis.xinfo_groups(key)
        except ResponseError:
            continue
        if any(info["name"].decode() == name for info in infos):
            found.append(key)
    return found
