"""`agent-runtime events`: a look into the event log."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from rich.console import Console

from projections.statements import statements
from runtime.cli.context import WRONG_USE, Open, carry_out, fail, opened, settings_or_exit
from runtime.cli.tables import Json, show

_SQL = statements("runtime.queries", "events.sql")

events = typer.Typer(help="Look into the event log.", no_args_is_help=True)


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


def _event(row: Any) -> dict[str, Any]:
    return {
        "recorded_at": row["recorded_at"].isoformat(timespec="milliseconds"),
        "type": row["type"],
        "company": row["company_id"],
        "conversation": row["conversation_id"],
        "place": f"{row['partition']}:{row['position']}",
        "id": str(row["event_id"]),
    }
