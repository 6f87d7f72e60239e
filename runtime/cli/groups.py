"""`agent-runtime groups`: consumer groups, their members and what they still have to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated, Any

import typer

from projections.statements import statements
from runtime.cli.conservation import audit_conservation
from runtime.cli.context import FAILED, Open, carry_out, errors, opened, settings_or_exit
from runtime.cli.group_removal import remove
from runtime.cli.losses import acknowledge_losses, losses
from runtime.cli.tables import Json, duration, say, show, show_json
from runtime.queries.standings import Pace, Standing, pace, standings

_SQL = statements("runtime.queries", "groups.sql")
_UNMEASURED = Pace(None, None)
_OWNER = 20

groups = typer.Typer(help="Consumer groups: owners, positions, lag.", no_args_is_help=True)


@groups.command("status")
def groups_status(
    wait: Annotated[bool, typer.Option("--wait", help="Until everything is caught up.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait.")] = 300,
    sample_s: Annotated[
        float,
        typer.Option("--sample", min=0, max=60, help="Seconds to measure rates; 0 does not."),
    ] = 1.0,
    audit: Annotated[
        bool, typer.Option("--audit", help="Recount everything: does nothing lack?")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show each partition's owner, position, lag and pace, and each group's members.

    Rates are measured over --sample seconds; the time to catch up follows from them: `never` when
    the lag grows. What is not known is `unknown`, never 0. Groups that nobody runs are named with
    what they hold back. With --audit everything is counted again from the log and the streams, and
    the exit code is 1 when something does not add up. Exit 1 too when --wait runs out of time.

    Example: agent-runtime groups status --wait --timeout 60
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            in_time = not wait or await _wait_caught_up(open_, timeout_s)
            if audit and in_time:
                return await audit_conservation(open_, as_json=as_json)
            found, paces = await _measured(open_, 0 if wait and in_time else sample_s)
            members = [dict(row) for row in await open_.db.fetch(_SQL["members"])]
        if as_json:
            show_json(_json(found, paces, members))
        else:
            _print(found, paces, members, settings.partitions)
        if not in_time:
            errors.print("not caught up in time")
        return 0 if in_time else FAILED

    carry_out(work)


async def _wait_caught_up(open_: Open, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while True:
        found = await _look(open_)
        if _caught_up(found, open_.settings.partitions):
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)


async def _look(open_: Open) -> list[Standing]:
    return await standings(open_.db, open_.redis, open_.settings.stream_prefix)


async def _measured(open_: Open, sample_s: float) -> tuple[list[Standing], list[Pace]]:
    found = await _look(open_)
    if sample_s <= 0 or not found:
        return found, [_UNMEASURED] * len(found)
    earlier = {(one.group, one.partition): one for one in found}
    started = time.monotonic()
    await asyncio.sleep(sample_s)
    found = await _look(open_)
    seconds = time.monotonic() - started
    paces = [
        pace(before, one, seconds)
        if (before := earlier.get((one.group, one.partition)))
        else _UNMEASURED
        for one in found
    ]
    return found, paces


def _caught_up(found: Sequence[Standing], partitions: int) -> bool:
    """Every partition of every group has a checkpoint, and nothing unread above it."""
    names = {one.group for one in found}
    complete = len(found) == partitions * len(names) > 0
    return complete and all(one.lag == 0 for one in found)


def _owner(one: Standing) -> str:
    return (one.owner or "nobody") if one.alive else "nobody alive"


def _json(
    found: Sequence[Standing], paces: Sequence[Pace], members: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one, measured in zip(found, paces, strict=True):
        word, seconds = measured.catch_up(one.lag)
        rows.append(
            {
                "kind": "partition",
                **asdict(one),
                "owner": _owner(one),
                **asdict(measured),
                "catch_up": word,
                "catch_up_s": seconds,
            }
        )
    rows += [{"kind": "member", **_member(row)} for row in members]
    rows += [{"kind": "dead_group", **row} for row in _dead(found, members)]
    return rows


def _member(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": row["group_name"],
        "member": row["member_id"],
        "host": row["host"],
        "pid": row["pid"],
        "alive": row["alive"],
        "heartbeat_age_s": row["heartbeat_age_s"],
        "partitions": row["partitions"],
    }


def _dead(found: Sequence[Standing], members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups with checkpoints and no living member, and what they hold back."""
    living = {row["group_name"] for row in members if row["alive"]}
    rows = []
    for group, of_group in groupby(found, key=lambda one: one.group):
        if group in living:
            continue
        standing = list(of_group)
        lags = [one.lag for one in standing]
        ages = [one.lag_s for one in standing if one.lag != 0]
        rows.append(
            {
                "group": group,
                "lag": None if None in lags else sum(lag for lag in lags if lag is not None),
                "oldest_s": None if None in ages else max(filter(None, ages), default=0.0),
            }
        )
    return rows


def _print(
    found: Sequence[Standing],
    paces: Sequence[Pace],
    members: Sequence[dict[str, Any]],
    partitions: int,
) -> None:
    together = list(zip(found, paces, strict=True))
    for group, of_group in groupby(together, key=lambda pair: pair[0].group):
        show([_row(*pair) for pair in of_group], title=f"group {group}", as_json=False)
    if not found:
        show([], title="consumer groups", as_json=False)
    rows = [_member(row) for row in members]
    for row in rows:
        row["alive"] = "yes" if row["alive"] else "no"
        row["heartbeat"] = f"{duration(row.pop('heartbeat_age_s'))} ago"
    show(rows, title="members", as_json=False, whole=("member",))
    for row in _dead(found, members):
        say(_told(row), prose=True)
    say("caught up" if _caught_up(found, partitions) else "not caught up")


def _row(one: Standing, measured: Pace) -> dict[str, Any]:
    word, seconds = measured.catch_up(one.lag)
    told = {"caught_up": "—", "never": "never at this rate", "unknown": "unknown"}
    return {
        "part": one.partition,
        "owner": _short(_owner(one)),
        "epoch": one.epoch,
        "position": one.position,
        "lag": one.lag,
        "lag_s": one.lag_s,
        "rate/s": measured.rate,
        "catch-up": told.get(word) or duration(seconds),
        "parked": one.parked,
        "dead": one.dead,
        "lost": f"≥ {one.lost}" if one.lost_at_least else one.lost,
    }


def _short(owner: str) -> str:
    """The end of a long member's name; it is whole in the table of members."""
    return owner if len(owner) <= _OWNER else f"…{owner[-_OWNER + 1 :]}"


def _told(row: dict[str, Any]) -> str:
    lag = "an unknown number of" if row["lag"] is None else f"{row['lag']}"
    oldest = "" if row["lag"] == 0 else f", the oldest for {duration(row['oldest_s']) or 'unknown'}"
    start = "start it with `agent-runtime serve`"
    forget = f", or forget it with `agent-runtime groups remove {row['group']}`"
    return (
        f"group {row['group']} has no living member: {lag} entries unread{oldest}; {start}"
        f"{'' if row['group'] == 'projections' else forget}"
    )


groups.command("losses")(losses)
groups.command("acknowledge-losses")(acknowledge_losses)
groups.command("remove")(remove)
