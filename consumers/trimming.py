"""Trims streams below what every registered group has committed and the event log holds.

One member does it for a partition: the owner in the group that writes the log. What to trim is
decided by `consumers.retention`, purely.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from consumers.errors import faults_translated
from consumers.lineage import hash_of
from consumers.redis_clients import RedisClients
from consumers.retention import GroupStanding, Holding, Retention, Trimming, plan_trimming
from consumers.stream_watch import StreamWatch
from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key
from projections.statements import statements

_SQL = statements("consumers", "trimming.sql")
_TRIM = """
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
local page = redis.call('XRANGE', KEYS[1], '-', '(' .. ARGV[2], 'COUNT', ARGV[3])
local below = ARGV[2]
if #page == tonumber(ARGV[3]) then below = page[#page][1] end
return redis.call('XTRIM', KEYS[1], 'MINID', below)
"""
_PAGE = 10_000
"""Only while the entry at the lowest checkpoint stands: in a stream that was flushed or replaced,
ids below it prove nothing. Source: https://redis.io/docs/latest/commands/xtrim/"""
Standings = Mapping[int, tuple[Sequence[GroupStanding], int]]
"""Partition → every group's standing in it, and the newest generation of its stream."""


@dataclass(frozen=True, slots=True)
class TrimReport:
    """What was trimmed, or would be, and who holds back what."""

    trimmed: dict[int, tuple[int, EntryId]] = field(default_factory=dict)
    """Partition → how many entries went, and below which id."""
    holdings: dict[int, tuple[Holding, ...]] = field(default_factory=dict)


class Trimmer:
    """Trims some partitions. Raises `TransientFault` for everything that will pass."""

    def __init__(
        self, db: asyncpg.Pool | asyncpg.Connection, redis: RedisClients, *, prefix: str
    ) -> None:
        self._db = db
        self._redis = redis
        self._prefix = prefix
        self._watch = StreamWatch(redis, group="", prefix=prefix)

    async def trim(
        self, partitions: Sequence[int], retention: Retention, *, dry_run: bool = False
    ) -> TrimReport:
        """Remove what may go; with `dry_run` count it only.

        Checkpoints are read first: what is committed meanwhile only makes more of it trimmable.
        """
        report = TrimReport()
        with faults_translated():
            standings = await self._standings(partitions)
            now_ms = await self._now_ms()
            for partition, (groups, newest) in standings.items():
                plan = plan_trimming(groups, generation=newest, now_ms=now_ms, retention=retention)
                report.holdings[partition] = plan.holdings
                cursor = min(standing.cursor for standing in groups)
                await self._carry_out(partition, plan, cursor, report, dry_run=dry_run)
        return report

    async def _carry_out(
        self,
        partition: int,
        plan: Trimming,
        cursor: EntryId,
        report: TrimReport,
        *,
        dry_run: bool,
    ) -> None:
        if plan.min_id is None:
            return
        if dry_run:
            count = await self._watch.count(partition, after=ZERO, up_to=plan.min_id.before())
        else:
            count = await self._trim(partition, cursor, plan.min_id)
        if count:
            report.trimmed[partition] = (int(count), plan.min_id)

    async def _trim(self, partition: int, cursor: EntryId, min_id: EntryId) -> int:
        """In pages: one command on millions of entries would stop Redis for its length."""
        key, total, removed = stream_key(partition, self._prefix), 0, _PAGE
        while removed >= _PAGE - 1:
            removed = await self._redis.commands.eval(
                _TRIM, 1, key, str(cursor), str(min_id), str(_PAGE)
            )
            total += removed
        return total

    async def _standings(self, partitions: Sequence[int]) -> Standings:
        rows = await self._db.fetch(_SQL["standings"], list(partitions))
        grouped: dict[int, list[asyncpg.Record]] = defaultdict(list)
        for row in rows:
            grouped[row["partition"]].append(row)
        return {
            partition: (
                [await self._standing(partition, row) for row in found],
                max(row["newest"] for row in found),
            )
            for partition, found in grouped.items()
        }

    async def _standing(self, partition: int, row: asyncpg.Record) -> GroupStanding:
        key, cursor = stream_key(partition, self._prefix), EntryId.parse(row["entry_id"])
        above: Any = await self._redis.commands.xrange(key, min=f"({cursor}", count=1)
        at: Any = await self._redis.commands.xrange(key, min=str(cursor), max=str(cursor))
        # A group that was behind a break of the history has not noticed it: its own entry, still
        # standing, proves its cursor better than the count of generations.
        proved = cursor == ZERO or (bool(at) and hash_of(at[0][1]) == row["entry_hash"])
        return GroupStanding(
            group=row["group_name"],
            cursor=cursor,
            generation=row["newest"] if proved else row["generation"],
            next_unread=EntryId.parse(above[0][0]) if above else None,
            progressed_ms=row["progressed_ms"],
            has_members=row["has_members"],
        )

    async def _now_ms(self) -> int:
        seconds, micros = await self._redis.commands.time()
        return int(seconds) * 1000 + int(micros) // 1000


def held_back(report: TrimReport) -> tuple[dict[str, float], dict[str, str]]:
    """Groups that hold entries back → for how many seconds; and the forgotten ones → what."""
    seconds: dict[str, float] = {}
    forgotten: dict[str, list[int]] = defaultdict(list)
    for partition, holdings in sorted(report.holdings.items()):
        for holding in holdings:
            held_s = holding.held_ms / 1000
            seconds[holding.group] = max(held_s, seconds.get(holding.group, 0.0))
            if holding.forgotten:
                forgotten[holding.group].append(partition)
    told = {
        group: f"partitions {partitions} since {seconds[group] / 3600:.0f} h"
        for group, partitions in forgotten.items()
    }
    return seconds, told
