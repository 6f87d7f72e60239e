"""Requests to the owners of partitions: leaving them, and waiting until they are carried out.

Only a partition's owner moves parked events; it looks for open requests with every heartbeat.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from projections.statements import statements
from runtime.cli.acting import audit, confirm, preview
from runtime.cli.context import FAILED, Open, errors, fail
from runtime.cli.tables import say, show, show_json

_SQL = statements("runtime.queries", "parked.sql")
_POLL_S = 0.2
_POLL_MANY_S = 1.0
_SHOWN = 50
_DONE = frozenset({"drained", "nothing_parked", "discarded"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked for: the request's kind, the command, and how the preview puts it."""

    kind: str
    action: str
    told: str


RETRY = Kind("retry_parked", "parked retry", "to be tried again")
DISCARD = Kind("discard_parked", "parked discard", "to be discarded")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a command goes about it. `by` is who asks; `timeout_s` bounds the wait."""

    dry_run: bool
    yes: bool
    no_wait: bool
    timeout_s: float
    by: str
    as_json: bool


async def carry_out_request(
    open_: Open,
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    arguments: Mapping[str, Any],
    manner: Manner,
) -> int:
    """Show, confirm, ask and wait; returns the exit code. `rows` are parked conversations."""
    events = sum(row["events"] for row in rows)
    if not manner.as_json:
        title = f"{kind.told}: parked conversations {len(rows)}, events {events}"
        columns = ("projection", "company", "conversation", "events", "why")
        preview(rows, title=title, columns=columns)
    elif manner.dry_run:
        show_json(rows)
    if manner.dry_run:
        return 0
    if not confirm(f"{kind.told}: {events} events. Go on?", yes=manner.yes):
        fail("nothing was done")
    ids = await _ask(open_, kind, rows, {**arguments, "events": events}, manner.by)
    if manner.no_wait:
        if manner.as_json:
            show_json([_told(row) for row in await open_.db.fetch(_SQL["outcomes"], ids)])
        else:
            say(f"{len(ids)} requests are left for the partitions' owners")
        return 0
    return await _follow(open_, ids, manner)


async def _ask(
    open_: Open,
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    arguments: Mapping[str, Any],
    by: str,
) -> list[int]:
    """Leave a request for each parked conversation, and the audit row, in one transaction.

    Returns the requests' ids; a conversation that somebody asked for already keeps that request.
    """
    keys = ("group", "partition", "projection", "company", "conversation")
    columns = [[row[key] for row in rows] for key in keys]
    async with open_.db.transaction():
        left = await open_.db.fetch(_SQL["request"], kind.kind, by, *columns)
        added = sum(row["added"] for row in left)
        await audit(open_.db, kind.action, by=by, arguments=arguments, affected=added)
    return [row["id"] for row in left]


async def _follow(open_: Open, ids: Sequence[int], manner: Manner) -> int:
    """Wait until the requests are carried out and show what came of them.

    Returns 0 when all events went where they should, 1 when some still wait. Does not wait for a
    group without any living member: says so, and leaves the requests to its next one.
    """
    complete = await _wait(open_, ids, manner.timeout_s)
    told = [_told(row) for row in await open_.db.fetch(_SQL["outcomes"], list(ids))]
    well = sum(row["outcome"] in _DONE for row in told)
    if manner.as_json:
        show_json(told)
    else:
        told.sort(key=lambda row: row["outcome"] in _DONE)
        columns = ("projection", "company", "conversation", "outcome", "moved")
        show(told[:_SHOWN], title="outcome", as_json=False, columns=columns, absent="-")
        say(f"{well} of {len(told)} done")
    if not complete:
        await _say_what_stays(open_, ids)
    return 0 if well == len(told) else FAILED


async def _wait(open_: Open, ids: Sequence[int], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    progress = Progress(
        TextColumn("waiting for the owners"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )
    with progress:
        task = progress.add_task("", total=len(ids))
        while True:
            row = await open_.db.fetchrow(_SQL["progress"], list(ids))
            still_open, in_reach = (row["open"], row["in_reach"]) if row is not None else (0, 0)
            progress.update(task, completed=len(ids) - still_open)
            if in_reach == 0 or time.monotonic() > deadline:
                return bool(still_open == 0)
            await asyncio.sleep(_POLL_S if len(ids) < 1000 else _POLL_MANY_S)


async def _say_what_stays(open_: Open, ids: Sequence[int]) -> None:
    unowned: dict[str, list[int]] = {}
    for row in await open_.db.fetch(_SQL["unowned"], list(ids)):
        unowned.setdefault(row["group_name"], []).append(row["partition"])
    for group, partitions in unowned.items():
        errors.print(
            f"nobody owns partition {', '.join(map(str, partitions))} of group {group}: the"
            " request stays, and is carried out when the group runs",
            markup=False,
        )
    if not unowned:
        errors.print("time ran out; the requests stay and will be carried out", markup=False)


def _told(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "group": row["group_name"],
        "partition": row["partition"],
        "projection": row["projection"],
        "company": row["company_id"],
        "conversation": row["conversation_id"],
        "outcome": row["outcome"] if row["done_at"] is not None else "not yet",
        "moved": row["moved"],
    }
