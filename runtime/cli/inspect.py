"""Commands that look: events, projections, groups, streams, dead letters."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from rich.console import Console

from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key
from projections.registry import by_name, fingerprint
from projections.statements import statements
from runtime.cli.context import (
    FAILED,
    WRONG_USE,
    Open,
    carry_out,
    errors,
    fail,
    opened,
    settings_or_exit,
    show,
)

_SQL = statements("runtime.queries", "operators.sql")
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

events = typer.Typer(help="Look into the event log.", no_args_is_help=True)
projections = typer.Typer(help="Read models and where they stand.", no_args_is_help=True)
groups = typer.Typer(help="Consumer groups: owners, positions, lag.", no_args_is_help=True)
streams = typer.Typer(help="The Redis streams.", no_args_is_help=True)
dead_letters = typer.Typer(help="Entries that could not be events.", no_args_is_help=True)


@events.command("show")
def events_show(event_id: str, as_json: Json = False) -> None:
    """Show one event, its place in the log and its body.

    Example: agent-runtime events show 01a19c21-7200-7b8d-a027-95174d80f062
    """
    try:
        wanted = UUID(event_id)
    except ValueError:
        fail(f"{event_id}: not an event id (a UUID)", code=WRONG_USE)
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await open_.db.fetch(_SQL["events"], wanted, None, None, None, None, 10)
        if not rows:
            fail(f"no event {event_id} in the log")
        for row in rows:
            found = {**_event(row), "body": orjson.loads(row["body"])}
            if as_json:
                show([found], title="event", as_json=True)
            else:
                Console().print_json(orjson.dumps(found, default=str).decode())
        return 0

    carry_out(work)


@events.command("tail")
def events_tail(
    type_: Annotated[str | None, typer.Option("--type", help="Only this type.")] = None,
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Only this conversation.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Recorded after this time.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest events, oldest first; with --follow also those that come.

    Example: agent-runtime events tail --type message.sent --follow
    """
    settings = settings_or_exit()

    async def work() -> int:
        after = since.astimezone() if since is not None else None
        async with opened(settings) as open_:
            places = await _places(open_)
            rows = await open_.db.fetch(
                _SQL["events"], None, type_, company, conversation, after, limit
            )
            found = [_event(row) for row in reversed(rows)]
            show(found, title="events", as_json=as_json)
            while follow:
                await asyncio.sleep(0.5)
                known, places = places, await _places(open_)
                wanted = (list(known), list(known.values()), [places[p] for p in known])
                rows = await open_.db.fetch(
                    _SQL["events between"], type_, company, conversation, *wanted
                )
                if rows:
                    show([_event(row) for row in rows], title="events", as_json=as_json)
        return 0

    carry_out(work)


async def _places(open_: Open) -> dict[int, int]:
    """Each partition's last position in the log."""
    rows = await open_.db.fetch(_SQL["places"])
    return {row["partition"]: row["position"] for row in rows}


@projections.command("list")
def projections_list(as_json: Json = False) -> None:
    """List the read models: version, position, how far behind, whether the code still fits."""
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = [dict(row) for row in await open_.db.fetch(_SQL["projections"])]
        for row in rows:
            try:
                fits = fingerprint(by_name(row["name"])) == row.pop("fingerprint")
            except LookupError:
                fits = False
            row["code"] = "unchanged" if fits else "changed"
        show(rows, title="read models", as_json=as_json)
        return 0

    carry_out(work)


@groups.command("status")
def groups_status(
    wait: Annotated[bool, typer.Option("--wait", help="Until everything is caught up.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait.")] = 300,
    as_json: Json = False,
) -> None:
    """Show each partition's owner, position and lag; `caught up` when nothing is unread.

    Exit 1 when --wait runs out of time.
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            deadline = time.monotonic() + timeout_s
            rows = await group_rows(open_)
            while wait and not _caught_up(rows, settings.partitions):
                if time.monotonic() > deadline:
                    show(rows, title="consumer groups", as_json=as_json)
                    errors.print("not caught up in time")
                    return FAILED
                await asyncio.sleep(0.1)
                rows = await group_rows(open_)
        show(rows, title="consumer groups", as_json=as_json)
        if not as_json:
            Console().print(
                "caught up" if _caught_up(rows, settings.partitions) else "not caught up"
            )
        return 0

    carry_out(work)


async def group_rows(open_: Open) -> list[dict[str, Any]]:
    """A row a group and partition; lag is None where it is not known."""
    seconds, micros = await open_.redis.time()
    now_ms = seconds * 1000 + micros // 1000
    rows = []
    for row in await open_.db.fetch(_SQL["groups"]):
        key = stream_key(row["partition"], open_.settings.stream_prefix)
        cursor = EntryId.parse(row["entry_id"])
        lag_events, lag_s = await _lag(open_.redis, key, row["group_name"], cursor, now_ms)
        rows.append(
            {
                "group": row["group_name"],
                "partition": row["partition"],
                "owner": (row["owner"] or "nobody") if row["alive"] else "nobody alive",
                "epoch": row["epoch"],
                "position": row["position"],
                "cursor": row["entry_id"],
                "lag": lag_events,
                "lag_s": lag_s,
                "dup": row["duplicate"],
                "dead": row["dead"],
                "parked": row["parked"],
            }
        )
    return rows


async def _lag(
    redis: Redis, key: str, group: str, cursor: EntryId, now_ms: int
) -> tuple[int | None, float | None]:
    """Entries above the cursor and the age of the oldest, None where Redis does not know."""
    last = await _last_id(redis, key)
    if last is None or last < cursor:
        # No stream, or one that went backwards: what was in it cannot be known.
        return (0, 0.0) if cursor == ZERO else (None, None)
    found: Any = await redis.xrange(key, min=f"({cursor}", count=1)
    if not found:
        return 0, 0.0
    age_s = max(0.0, (now_ms - EntryId.parse(found[0][0]).ms) / 1000)
    infos: Any = await redis.xinfo_groups(key)
    for info in infos:
        if info["name"].decode() == group and info.get("lag") is not None:
            return max(1, info["lag"] + info["pending"]), age_s
    return None, age_s


async def _last_id(redis: Redis, key: str) -> EntryId | None:
    try:
        info: Any = await redis.xinfo_stream(key)
    except ResponseError:
        return None
    return EntryId.parse(info["last-generated-id"])


def _caught_up(rows: list[dict[str, Any]], partitions: int) -> bool:
    """Every partition of every group has a checkpoint, and nothing unread above it."""
    groups_found = {row["group"] for row in rows}
    complete = len(rows) == partitions * len(groups_found) > 0
    return complete and all(row["lag"] == 0 for row in rows)


@streams.command("status")
def streams_status(as_json: Json = False) -> None:
    """Show each stream's length, first and last entry, memory and groups."""
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


async def _stream(redis: Redis, key: str) -> dict[str, Any]:
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


@dead_letters.command("list")
def dead_letters_list(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, as_json: Json = False
) -> None:
    """List entries that could not be events, newest first, with the reason."""
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = [dict(row) for row in await open_.db.fetch(_SQL["dead letters"], limit)]
        for row in rows:
            row["raw"] = row["raw"].decode("utf-8", "backslashreplace")[: None if as_json else 40]
        show(rows, title="dead letters", as_json=as_json)
        return 0

    carry_out(work)


def _event(row: Any) -> dict[str, Any]:
    return {
        "recorded_at": row["recorded_at"].isoformat(timespec="milliseconds"),
        "type": row["type"],
        "company": row["company_id"],
        "conversation": row["conversation_id"],
        "place": f"{row['partition']}:{row['position']}",
        "id": str(row["event_id"]),
    }
