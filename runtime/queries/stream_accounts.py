"""Holding each group's account against its streams, while events flow.

Within a generation: entries-added − base = read + lost + what stands unread above the checkpoint.
The checkpoint is a fixed row of Postgres and entries-added and the last id belong to one moment,
so both sides are exact. Only what changes below our feet is looked at again: a loss that the owner
is about to account for, a new generation, entries trimmed between two looks.
"""

from __future__ import annotations

import asyncio
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
CHECK = "added to the stream = read + lost + unread"


async def check_streams(
    conn: asyncpg.Connection, redis: RedisClient, accounts: list[asyncpg.Record], prefix: str
) -> list[Check]:
    """One check a group and partition."""
    checks = []
    for account in accounts:
        key = stream_key(account["partition"], prefix)
        checks.append(await _settled(conn, redis, account, key))
    return checks


async def _settled(
    conn: asyncpg.Connection, redis: RedisClient, account: asyncpg.Record, key: str
) -> Check:
    """The check, looked at again while it does not hold and something still moves."""
    check = await _look(redis, account, key)
    moved = False
    for _ in range(_LOOKS):
        if check.state in (OK, UNCHECKED):
            return check
        await asyncio.sleep(_PAUSE_S)
        before = account
        row = await conn.fetchrow(_SQL["account"], account["group_name"], account["partition"])
        if row is None:
            return _check(account, None, None, UNCHECKED, "the group was removed meanwhile")
        account, check = row, await _look(redis, row, key)
        moved = any(row[name] != before[name] for name in ("entry_id", "generation", "lost"))
    if check.state == WRONG and moved:
        note = "it moved at every look; look again in a quiet moment"
        return _check(account, check.expected, check.found, NOT_QUIET, note)
    return check


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
