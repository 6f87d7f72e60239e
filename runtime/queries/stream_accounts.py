"""Holding each group's account against its streams, while events flow.

Within a generation: entries-added − base = read + lost + what stands unread above the checkpoint.
The checkpoint is a fixed row of Postgres and entries-added and the last id belong to one moment,
so both sides are exact. Only what changes below our feet is looked at again: a loss that the owner
is about to account for, a new generation, entries trimmed between two looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import asyncpg
from redis.exceptions import ResponseError

from consumers.redis_clients import RedisClient
from events.partitioning import stream_key
from projections.statements import statements
from runtime.queries.conservation import NOT_QUIET, OK, UNCHECKED, WRONG, Check
from runtime.queries.entries import count_entries

_SQL = statements("runtime.queries", "conservation.sql")
_LOOKS = 5
_PAUSE_S = 0.5
Place = tuple[str, int]
"""Group and partition."""
Look = tuple[asyncpg.Record, Check]
"""The account as it stood, and how it compared."""
CHECK = "added to the stream = read + lost + unread"


async def check_streams(
    conn: asyncpg.Connection, redis: RedisClient, accounts: Sequence[asyncpg.Record], prefix: str
) -> list[Check]:
    """One check a group and partition; those that do not hold are looked at again, together."""
    looks: dict[Place, list[Look]] = {}
    doubtful = list(accounts)
    for number in range(_LOOKS):
        if number:
            await asyncio.sleep(_PAUSE_S)
            doubtful = await _anew(conn, doubtful)
        for account in doubtful:
            check = await _look(redis, account, stream_key(account["partition"], prefix))
            looks.setdefault(_place(account), []).append((account, check))
        doubtful = [found[-1][0] for found in looks.values() if found[-1][1].state == WRONG]
        if not doubtful:
            break
    return [_judged(found) for found in looks.values()]


def _judged(looks: Sequence[Look]) -> Check:
    """The last look's check; `not quiet` when the account moved between all of them."""
    account, check = looks[-1]
    if check.state != WRONG or any(_same(one, other) for one, other in pairwise(looks)):
        return check
    note = "it moved at every look; look again in a quiet moment"
    return _check(account, check.expected, check.found, NOT_QUIET, note)


def _same(one: Look, other: Look) -> bool:
    return all(one[0][name] == other[0][name] for name in ("entry_id", "generation", "lost"))


async def _anew(
    conn: asyncpg.Connection, accounts: Sequence[asyncpg.Record]
) -> list[asyncpg.Record]:
    rows = [
        await conn.fetchrow(_SQL["account"], account["group_name"], account["partition"])
        for account in accounts
    ]
    return [row for row in rows if row is not None]


def _place(account: asyncpg.Record) -> Place:
    return account["group_name"], account["partition"]


async def _look(redis: RedisClient, account: asyncpg.Record, key: str) -> Check:
    if account["added_base"] is None:
        return _check(account, None, None, UNCHECKED, "no owner has looked at the stream yet")
    try:
        info: Any = await redis.xinfo_stream(key)
    except ResponseError:
        info = {"entries-added": 0, "last-generated-id": b"0-0"}
    added = info.get("entries-added")
    if added is None:
        return _check(account, None, None, UNCHECKED, "this Redis does not count what is added")
    last = info["last-generated-id"]
    end = last.decode() if isinstance(last, bytes) else str(last)
    unread = await count_entries(redis, key, after=account["entry_id"], up_to=end)
    read = account["read"] - account["read_before"]
    lost = account["lost"] - account["lost_before"]
    expected, found = int(added) - account["added_base"], read + lost + unread
    return _check(account, expected, found, OK if expected == found else WRONG)


def _check(
    account: asyncpg.Record, expected: int | None, found: int | None, state: str, note: str = ""
) -> Check:
    return Check(
        CHECK, account["group_name"], None, account["partition"], expected, found, state, note
    )
