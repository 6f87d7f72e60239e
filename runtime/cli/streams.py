"""`agent-runtime streams`: the Redis streams."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from redis.exceptions import ResponseError

from consumers.redis_clients import RedisClient, RedisClients
from consumers.retention import Retention
from consumers.trimming import Trimmer, TrimReport
from events.partitioning import stream_key
from projections import groups
from runtime.cli.acting import Actor, DryRun, actor, audit
from runtime.cli.context import carry_out, opened, settings_or_exit
from runtime.cli.tables import Json, say, show

streams = typer.Typer(help="The Redis streams.", no_args_is_help=True)


@streams.command("status")
def streams_status(as_json: Json = False) -> None:
    """Show each stream's length, first and last entry, memory and groups.

    Example: agent-runtime streams status --json
    """
    settings = settings_or_exit()

    async def work() -> int:
        rows = []
        async with opened(settings) as open_:
            for partition in range(settings.partitions):
                key = stream_key(partition, settings.stream_prefix)
                rows.append({"stream": key, **await _stream(open_.redis, key)})
        show(rows, title="streams", as_json=as_json)
        return 0

    carry_out(work)


@streams.command("trim")
def streams_trim(
    keep_hours: Annotated[
        float | None,
        typer.Option(min=0, help="Keep entries younger than so many hours; STREAM_KEEP_HOURS."),
    ] = None,
    dry_run: DryRun = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Remove entries that every group has committed and the event log holds. The service does it too.

    Never removes what anybody has not read, whatever its age; shows who holds the rest back.

    Example: agent-runtime streams trim --keep-hours 6 --dry-run
    """
    settings = settings_or_exit()
    hours = settings.stream_keep_hours if keep_hours is None else keep_hours
    by = actor(as_)

    async def work() -> int:
        async with opened(settings) as open_:
            clients = RedisClients(reading=open_.redis, commands=open_.redis)
            trimmer = Trimmer(open_.db, clients, prefix=settings.stream_prefix)
            declared = frozenset(group.name for group in groups.ALL)
            retention = Retention(keep_ms=int(hours * 3_600_000), declared=declared)
            partitions = range(settings.partitions)
            report = await trimmer.trim(partitions, retention, dry_run=dry_run)
            removed = sum(count for count, _ in report.trimmed.values())
            if not dry_run:
                arguments = {"keep_hours": hours}
                await audit(open_.db, "streams trim", by=by, arguments=arguments, affected=removed)
        show(
            _trimmed(report, settings.stream_prefix), title="trimming", as_json=as_json, absent="-"
        )
        if not as_json:
            say(f"{removed} entries {'would be' if dry_run else 'were'} removed")
        return 0

    carry_out(work)


def _trimmed(report: TrimReport, prefix: str) -> list[dict[str, Any]]:
    rows = []
    for partition, holdings in sorted(report.holdings.items()):
        count, below = report.trimmed.get(partition, (0, None))
        held = [f"{h.group}: {h.because.value}, {h.held_ms / 3_600_000:.1f} h" for h in holdings]
        if count or held:
            rows.append(
                {
                    "stream": stream_key(partition, prefix),
                    "removed": count,
                    "below": str(below) if below is not None else None,
                    "held back by": "; ".join(held) or None,
                }
            )
    return rows


async def _stream(redis: RedisClient, key: str) -> dict[str, Any]:
    try:
        info: Any = await redis.xinfo_stream(key)
    except ResponseError:
        return {"length": 0, "first": "-", "last": "-", "added": 0, "bytes": 0, "groups": 0}
    first, last = info["first-entry"], info["last-generated-id"]
    return {
        "length": info["length"],
        "first": first[0].decode() if first else "-",
        "last": last.decode() if isinstance(last, bytes) else last,
        "added": info.get("entries-added"),
        "bytes": await redis.memory_usage(key),
        "groups": info["groups"],
    }
