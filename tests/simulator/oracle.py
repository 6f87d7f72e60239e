"""What must hold after a run, from SQL, Redis and the plan alone: no code of the engine.

Every check returns what is wrong in words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg
from redis.asyncio import Redis

from tests.simulator.schedule import PARTITIONS, PlannedEvent
from tests.simulator.traffic import event_id, partition, stream

# Other groups' read models are migrated too, and nobody feeds them here.
_PROJECTIONS = (
    "SELECT c.* FROM runtime.projection_checkpoints AS c"
    " JOIN runtime.projections AS p ON p.name = c.projection AND p.version = c.version"
    " WHERE p.group_name = 'projections'"
)
_Conversation = tuple[str, str]


async def caught_up(conn: asyncpg.Connection, redis: Redis) -> bool:
    """Whether the checkpoints are at the streams' ends, and every read model at the log's."""
    rows = await conn.fetch("SELECT partition, entry_id, position FROM runtime.checkpoints")
    cursors = {row["partition"]: _id(row["entry_id"]) for row in rows}
    asked = redis.pipeline(transaction=False)
    for number in range(PARTITIONS):
        asked.xrevrange(stream(number), count=1)
    for number, last in enumerate(await asked.execute()):
        if last and _id(last[0][0].decode()) > cursors.get(number, (0, 0)):
            return False
    behind = await conn.fetchval(
        f"SELECT count(*) FROM ({_PROJECTIONS}) AS p"
        " JOIN runtime.checkpoints AS c USING (partition) WHERE p.position <> c.position"
    )
    return bool(behind == 0)


async def find_faults(
    conn: asyncpg.Connection, redis: Redis, seed: int, events: Sequence[PlannedEvent]
) -> list[str]:
    """Everything that is wrong; empty when all that was promised holds."""
    return [
        *await _log_faults(conn, seed, events),
        *await _transcript_faults(conn, seed, events),
        *await _conversation_faults(conn, events),
        *await _sum_faults(conn, events),
        *await _account_faults(conn, redis),
        *await _waiting_faults(conn),
    ]


async def _log_faults(
    conn: asyncpg.Connection, seed: int, events: Sequence[PlannedEvent]
) -> list[str]:
    rows = await conn.fetch(
        "SELECT partition, position, event_id::text, company_id, conversation_id"
        " FROM runtime.event_log ORDER BY partition, position"
    )
    faults = _differences(
        "event_log", {event_id(seed, e.number): partition(e) for e in events}, rows
    )
    positions = defaultdict(list)
    order = defaultdict(list)
    for row in rows:
        positions[row["partition"]].append(row["position"])
        order[row["company_id"], row["conversation_id"]].append(row["event_id"])
    for number, found in positions.items():
        if found != list(range(1, len(found) + 1)):
            faults.append(f"event_log: positions of partition {number} are {found}")
    for conversation, wanted in _by_conversation(events).items():
        ids = [event_id(seed, e.number) for e in wanted]
        if order[conversation] != ids:
            faults.append(f"event_log: {conversation} is {order[conversation]}, not {ids}")
    return faults


def _differences(what: str, wanted: dict[str, int], rows: Sequence[Any]) -> list[str]:
    """Events that are missing, twice, unknown or in another partition."""
    found = Counter((row["event_id"], row["partition"]) for row in rows)
    expected = Counter(wanted.items())
    faults = [f"{what}: lacks {key} in partition {at}" for key, at in expected - found]
    faults += [f"{what}: has {key} in partition {at} beyond" for key, at in found - expected]
    return faults


async def _transcript_faults(
    conn: asyncpg.Connection, seed: int, events: Sequence[PlannedEvent]
) -> list[str]:
    rows = await conn.fetch(
        "SELECT company_id, conversation_id, message_id, event_id::text, direction, text, status"
        " FROM projections.messages ORDER BY position"
    )
    found = defaultdict(list)
    for row in rows:
        found[row["company_id"], row["conversation_id"]].append(tuple(row)[2:])
    faults = []
    for conversation, planned in _by_conversation(events).items():
        wanted = [
            (f"m-{e.number}", event_id(seed, e.number), *_sides(e))
            for e in planned
            if conversation[1]
        ]
        if found.pop(conversation, []) != wanted:
            faults.append(f"messages: {conversation} is not {wanted}")
    return faults + [f"messages: unknown conversation {key}" for key in found]


def _sides(event: PlannedEvent) -> tuple[str, str, str]:
    if event.type == "message.sent":
        return "out", event.text, "sent"
    return "in", event.text, "received"


async def _conversation_faults(
    conn: asyncpg.Connection, events: Sequence[PlannedEvent]
) -> list[str]:
    rows = await conn.fetch(
        "SELECT company_id, conversation_id, received_count, sent_count, last_message_text"
        " FROM projections.conversations ORDER BY 1, 2"
    )
    wanted = [
        (
            *conversation,
            sum(e.type == "message_received.text" for e in planned),
            sum(e.type == "message.sent" for e in planned),
            planned[-1].text,
        )
        for conversation, planned in sorted(_by_conversation(events).items())
        if conversation[1]
    ]
    found = [tuple(row) for row in rows]
    return [
        f"conversations: {row} {how}"
        for how, more, less in (("is wrong", found, wanted), ("is missing", wanted, found))
        for row in more
        if row not in less
    ]


async def _sum_faults(conn: asyncpg.Connection, events: Sequence[PlannedEvent]) -> list[str]:
    daily = await conn.fetch(
        "SELECT company_id, type, day::text, count FROM projections.daily_counts"
    )
    counts = await conn.fetch("SELECT partition, type, count FROM runtime.event_counts")
    faults = []
    wanted_daily = Counter((e.company, e.type, f"2026-11-{e.day + 1:02}") for e in events)
    found_daily = {tuple(row)[:3]: row["count"] for row in daily}
    if found_daily != wanted_daily:
        faults.append(f"daily_counts: {found_daily}, not {dict(wanted_daily)}")
    wanted_counts = Counter((partition(e), e.type) for e in events)
    found_counts = {tuple(row)[:2]: row["count"] for row in counts}
    if found_counts != wanted_counts:
        faults.append(f"event_counts: {found_counts}, not {dict(wanted_counts)}")
    return faults


async def _account_faults(conn: asyncpg.Connection, redis: Redis) -> list[str]:
    """Conservation, and every entry of the stream counted once as read."""
    faults = []
    rows = await conn.fetch("SELECT * FROM runtime.checkpoints ORDER BY partition")
    for row in rows:
        added = await _entries_added(redis, row["partition"])
        told = {name: row[name] for name in ("read", "applied", "duplicate", "dead", "position")}
        if not row["read"] == added == row["applied"] + row["duplicate"] + row["dead"]:
            faults.append(f"checkpoint {row['partition']}: {told}, stream has {added}")
        if row["applied"] != row["position"] or row["lost"] or row["generation"] != 1:
            told |= {name: row[name] for name in ("lost", "generation")}
            faults.append(f"checkpoint {row['partition']}: {told}")
    projections = await conn.fetch(_PROJECTIONS)
    positions = {row["partition"]: row["position"] for row in rows}
    for row in projections:
        total = row["applied"] + row["filtered"] + row["parked"] + row["discarded"]
        if not total == row["position"] == positions[row["partition"]]:
            faults.append(f"projection checkpoint: {dict(row)}")
    return faults


async def _entries_added(redis: Redis, number: int) -> int:
    if not await redis.exists(stream(number)):
        return 0
    return int((await redis.xinfo_stream(stream(number)))["entries-added"])


async def _waiting_faults(conn: asyncpg.Connection) -> list[str]:
    faults = []
    for table in ("parked", "dead_letters", "losses"):
        rows = await conn.fetch(f"SELECT * FROM runtime.{table}")
        faults += [f"{table}: {dict(row)}" for row in rows]
    return faults


def _by_conversation(events: Sequence[PlannedEvent]) -> dict[_Conversation, list[PlannedEvent]]:
    grouped: dict[_Conversation, list[PlannedEvent]] = defaultdict(list)
    for event in events:
        grouped[event.company, event.conversation].append(event)
    return grouped


def _id(text: str) -> tuple[int, int]:
    ms, seq = text.split("-")
    return int(ms), int(seq)
