"""Where each group stands in each partition: position, lag, rate. Unknown is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consumers.redis_clients import RedisClient
from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key
from projections.migrate import Database
from projections.statements import statements
from runtime.queries.entries import count_entries

_SQL = statements("runtime.queries", "groups.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """One group in one partition.

    `parked` counts conversations and projections, `dead` open dead letters, `lost` what is lost and
    not acknowledged (`lost_at_least`: or more). `added` is Redis' count of all entries ever
    appended.
    """

    group: str
    partition: int
    generation: int
    owner: str | None
    alive: bool
    epoch: int | None
    position: int
    cursor: str
    read: int
    duplicate: int
    parked: int
    dead: int
    lost: int
    lost_at_least: bool
    lag: int | None
    lag_s: float | None
    added: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a group reads and the stream grows, entries a second; None where not measured."""

    rate: float | None
    arrival_rate: float | None

    def catch_up(self, lag: int | None) -> tuple[str, float | None]:
        """A word (`caught_up`, `draining`, `never`, `unknown`) and seconds where they are known."""
        if lag == 0:
            return "caught_up", 0.0
        if lag is None or self.rate is None or self.arrival_rate is None:
            return "unknown", None
        gain = self.rate - self.arrival_rate
        return ("draining", lag / gain) if gain > 0 else ("never", None)


def pace(before: Standing, after: Standing, seconds: float) -> Pace:
    """The pace between two looks at the same group and partition."""
    if before.generation != after.generation or seconds <= 0:
        return Pace(None, None)
    arrived = (
        None
        if before.added is None or after.added is None or after.added < before.added
        else (after.added - before.added) / seconds
    )
    return Pace((after.read - before.read) / seconds, arrived)


async def standings(conn: Database, redis: RedisClient, prefix: str) -> list[Standing]:
    """A row a group and partition, by group, then partition."""
    rows = await conn.fetch(_SQL["standings"])
    if not rows:
        return []
    # Apart from the pipeline: a cluster's refuses TIME, which belongs to no slot.
    seconds, micros = await redis.time()
    now_ms = seconds * 1000 + micros // 1000
    async with redis.pipeline(transaction=False) as pipe:
        for row in rows:
            key = stream_key(row["partition"], prefix)
            pipe.xinfo_stream(key)
            pipe.xrange(key, min=f"({row['entry_id']}", count=1)
            pipe.xinfo_groups(key)
        answers = await pipe.execute(raise_on_error=False)
    found = []
    for row, info, first, groups in zip(
        rows, answers[::3], answers[1::3], answers[2::3], strict=True
    ):
        lag, lag_s = _lag(row, info, first, groups, now_ms)
        if lag is None and lag_s is not None:
            key = stream_key(row["partition"], prefix)
            lag = await count_entries(redis, key, after=row["entry_id"], up_to="+")
        found.append(_standing(row, lag, lag_s, _added(info)))
    return found


def _standing(row: Any, lag: int | None, lag_s: float | None, added: int | None) -> Standing:
    return Standing(
        group=row["group_name"],
        partition=row["partition"],
        generation=row["generation"],
        owner=row["owner"],
        alive=row["alive"],
        epoch=row["epoch"],
        position=row["position"],
        cursor=row["entry_id"],
        read=row["read"],
        duplicate=row["duplicate"],
        parked=row["parked"],
        dead=row["dead"],
        lost=row["open_losses"],
        lost_at_least=row["open_at_least"],
        lag=lag,
        lag_s=lag_s,
        added=added,
    )


def _lag(
    row: Any, info: Any, first: Any, groups: Any, now_ms: int
) -> tuple[int | None, float | None]:
    """Entries above the cursor and the age of the oldest, None where it cannot be known."""
    cursor = EntryId.parse(row["entry_id"])
    if isinstance(info, Exception) or EntryId.parse(info["last-generated-id"]) < cursor:
        # No stream, or one that went backwards: what was in it cannot be known.
        return (0, 0.0) if cursor == ZERO else (None, None)
    if isinstance(first, Exception):
        return None, None
    if not first:
        return 0, 0.0
    age_s = max(0.0, (now_ms - EntryId.parse(first[0][0]).ms) / 1000)
    added = _added(info)
    if row["added_base"] is not None and added is not None:
        accounted = row["read"] - row["read_before"] + row["lost"] - row["lost_before"]
        return max(1, added - row["added_base"] - accounted), age_s
    if not isinstance(groups, Exception):
        for group in groups:
            if group["name"].decode() == row["group_name"] and group.get("lag") is not None:
                return max(1, group["lag"] + group["pending"]), age_s
    return None, age_s


def _added(info: Any) -> int | None:
    added = None if isinstance(info, Exception) else info.get("entries-added")
    return int(added) if added is not None else None
