"""`agent-runtime events`: a look into the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from projections.migrate import Database
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.following import polled
from runtime.cli.moments import parse_time
from runtime.cli.tables import Json, output, show, show_json
from runtime.history.event import Told, events_by_id, told
from runtime.queries.events import Places, Wanted, newest, next_after, places

events = typer.Typer(help="Look into the event log.", no_args_is_help=True)


@events.command("show")
def events_show(
    event_id: Annotated[str, typer.Argument(help="The event's id, a UUID.")], as_json: Json = False
) -> None:
    """Show one event: its place in the log, its body, its cause and what it caused.

    Also for which read models it is parked, and the version that it was logged in and is read as.
    Effects in other conversations of the company are looked for within a day.

    Example: agent-runtime events show 01a19c21-7200-7b8d-a027-95174d80f062
    """
    try:
        wanted = UUID(event_id)
    except ValueError:
        fail(f"{event_id}: not an event id (a UUID)", code=WRONG_USE)
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            found = [
                await told(open_.db, row) for row in await events_by_id(open_.db, [wanted], None)
            ]
        if not found:
            fail(f"no event {event_id} in the log")
        for one in found:
            _print(one, as_json=as_json)
        return 0

    carry_out(work)


@events.command("tail")
def events_tail(
    type_: Annotated[str | None, typer.Option("--type", help="Only this type.")] = None,
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Only this conversation.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_time,
            metavar="TIME",
            help="Recorded after this time (RFC 3339; UTC without an offset).",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many at first.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest events, oldest first; with --follow also those that come.

    Following outlasts a Postgres that is away for a while, and misses nothing; Ctrl-C ends it.

    Example: agent-runtime events tail --type message.sent --follow
    """
    settings = settings_or_exit()
    wanted = Wanted(type_, company, conversation, since)

    async def work() -> int:
        async with opened(settings) as open_:
            seen = await places(open_.db)
            rows = await newest(open_.db, wanted, seen, limit=limit)
            show([_event(row) for row in reversed(rows)], title="events", as_json=as_json)
            if follow:
                await _follow(open_, wanted, seen, as_json=as_json)
        return 0

    carry_out(work)


async def _follow(open_: Open, wanted: Wanted, seen: Places, *, as_json: bool) -> None:
    async def ask(db: Database) -> tuple[list[Any], Places]:
        return await next_after(db, wanted, seen)

    async for rows, now_seen in polled(open_, ask):
        seen = now_seen
        if rows:
            show([_event(row) for row in rows], title="events", as_json=as_json)


def _event(row: Any) -> dict[str, Any]:
    return {
        "recorded_at": row["recorded_at"].isoformat(timespec="milliseconds"),
        "type": row["type"],
        "company": row["company_id"],
        "conversation": row["conversation_id"],
        "place": f"{row['partition']}:{row['position']}",
        "id": str(row["event_id"]),
    }


def _print(one: Told, *, as_json: bool) -> None:
    found = {
        **_event(one.row),
        "version": {"logged": one.row["version"], "read": one.read_version},
        "upcast": one.upcast,
        "cause": one.cause,
        "effects": one.effects,
        "parked": one.parked,
        "body": orjson.loads(one.row["body"]),
    }
    if as_json:
        show_json([found])
    else:
        output().print_json(orjson.dumps(found, default=str).decode())
