"""Reading a group's streams. Redis' cursor and pending lists are hints; Postgres has the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from consumers.cluster_reading import ClusterReading
from consumers.errors import faults_translated
from consumers.intake import Entry
from consumers.new_entries import STANDING, NewEntries, Standing, entries_of, streams_of
from consumers.redis_clients import RedisClients
from events.entry_id import EntryId
from events.partitioning import stream_key

_DELETE_IF_NOTHING_ABOVE = """
local held = redis.call('XPENDING', KEYS[1], ARGV[1], '(' .. ARGV[3], '+', 1, ARGV[2])
if #held > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
"""

_ACKNOWLEDGE_OWN = """
local held = redis.call('XPENDING', KEYS[1], ARGV[1], '-', ARGV[3], 1000, ARGV[2])
for _, one in ipairs(held) do redis.call('XACK', KEYS[1], ARGV[1], one[1]) end
return #held
"""


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a partition's cursor is behind its stream; None where Redis does not know."""

    lag_events: int | None
    lag_s: float | None


class GroupStreams:
    """One consumer of one group over its streams.

    The consumer's name is unique to this start of the process: entries that a stale owner took
    are told apart from ours by name. Raises `TransientFault` for everything that will pass.
    """

    def __init__(self, clients: RedisClients, *, group: str, consumer: str, prefix: str) -> None:
        self._clients = clients
        self._group = group
        self._consumer = consumer
        self._prefix = prefix
        self._in_cluster = (
            ClusterReading(clients.reading, group=group, consumer=consumer)
            if isinstance(clients.reading, RedisCluster)
            else None
        )

    def key(self, partition: int) -> str:
        """The partition's stream."""
        return stream_key(partition, self._prefix)

    async def ensure_group(self, partition: int, at: EntryId) -> bool:
        """Create the group at the checkpoint where it is missing; True when it was.

        Source: https://redis.io/docs/latest/commands/xgroup-create/
        """
        with faults_translated():
            try:
                await self._clients.commands.xgroup_create(
                    self.key(partition), self._group, id=str(at), mkstream=True
                )
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
                return False
            return True

    async def last_delivered(self, partition: int) -> EntryId:
        """Up to where the group's entries were given to some consumer."""
        with faults_translated():
            for info in await self._clients.commands.xinfo_groups(self.key(partition)):
                if _text(info["name"]) == self._group:
                    return EntryId.parse(info["last-delivered-id"])
            raise ResponseError(f"NOGROUP {self._group} on {self.key(partition)}")

    async def read_new(
        self,
        cursors: Mapping[int, EntryId],
        *,
        count: int,
        block_ms: int,
        settled: Mapping[int, Sequence[EntryId]],
    ) -> NewEntries:
        """Entries that no consumer has been given, at most `count` a stream, of these partitions.

        First takes what is `settled` off the pending lists, and looks at the end what stands above
        the `cursors`: all in one round trip, but in a cluster. When it is interrupted or raises,
        entries may have been given to this consumer that nobody saw.

        Source: https://redis.io/docs/latest/commands/xreadgroup/
        """
        keys = {self.key(p): p for p in cursors}
        with faults_translated():
            if self._in_cluster is not None:
                await self.acknowledge(settled)
                raw = await self._in_cluster.read_new(keys, count=count, block_ms=block_ms)
                found = {keys[key]: _entries(items) for key, items in raw.items()}
                return NewEntries(found, await self._standing_in_cluster(cursors))
            reading: Any = self._clients.reading
            async with reading.pipeline(transaction=False) as pipe:
                self._settle(pipe, settled)
                pipe.execute_command(
                    # As bytes the name finds no parser of redis-py's, which would go over it all twice.
                    *(b"XREADGROUP", "GROUP", self._group, self._consumer),
                    *("COUNT", count, "BLOCK", block_ms, "STREAMS", *keys, *(">" for _ in keys)),
                )
                ends = (str(cursor) for cursor in cursors.values())
                pipe.eval(STANDING, len(keys), *keys, self._group, self._consumer, *ends)
                # Its own errors would tell the whole command.
                answers = await pipe.execute(raise_on_error=False)
            for failure in answers:
                if isinstance(failure, Exception):
                    raise failure
        raw, standing = answers[-2:]
        return NewEntries(
            {keys[_text(key)]: entries_of(items) for key, items in streams_of(raw)},
            {
                partition: Standing(bool(others), EntryId.written(first) if first else None)
                for partition, (others, first) in zip(cursors, standing, strict=True)
            },
        )

    def skipped(self, read: NewEntries) -> set[int]:
        """Partitions in which the read may have passed something over.

        Another consumer was given entries that are not acknowledged; or what stands first above the
        checkpoint is not the first entry found, so that there is one that we were not given: by a
        late answer that we had given up, or by somebody's own XREADGROUP or XGROUP SETID.

        Source: https://redis.io/docs/latest/commands/xpending/ (summary form)
        """
        return {
            partition
            for partition, standing in read.standing.items()
            if standing.others_hold
            or ((new := read.found.get(partition)) and standing.first != new[0].id)
        }

    async def _standing_in_cluster(self, cursors: Mapping[int, EntryId]) -> dict[int, Standing]:
        """As the script does it: a cluster runs one for the keys of a slot only."""
        async with self._clients.commands.pipeline(transaction=False) as pipe:
            for partition, cursor in cursors.items():
                pipe.xpending(self.key(partition), self._group)
                pipe.xrange(self.key(partition), min=f"({cursor}", max="+", count=1)
            answers = await pipe.execute()
        return {
            partition: Standing(
                any(_text(other["name"]) != self._consumer for other in _consumers(pending)),
                EntryId.written(first[0][0]) if first else None,
            )
            for partition, pending, first in zip(cursors, answers[::2], answers[1::2], strict=True)
        }

    async def read_range(
        self, partition: int, *, after: EntryId, up_to: EntryId, count: int
    ) -> list[Entry]:
        """Entries in `(after, up_to]`, whoever was given them.

        Source: https://redis.io/docs/latest/commands/xrange/
        """
        with faults_translated():
            items = await self._clients.commands.xrange(
                self.key(partition), min=f"({after}", max=str(up_to), count=count
            )
        return _entries(items)

    async def acknowledge(self, entries: Mapping[int, Sequence[EntryId]]) -> None:
        """Take committed entries off the pending lists.

        Source: https://redis.io/docs/latest/commands/xack/
        """
        with faults_translated():
            async with self._clients.commands.pipeline(transaction=False) as pipe:
                self._settle(pipe, entries)
                await pipe.execute()

    def _settle(self, pipe: Any, entries: Mapping[int, Sequence[EntryId]]) -> None:
        for partition, ids in entries.items():
            pipe.xack(self.key(partition), self._group, *(b"%d-%d" % one for one in ids))

    async def settle_own_pending(self, partition: int, cursor: EntryId) -> None:
        """Acknowledge what we were given and have committed, but never acknowledged."""
        key, done = self.key(partition), 1
        with faults_translated():
            while done:
                done = await self._clients.commands.eval(
                    _ACKNOWLEDGE_OWN, 1, key, self._group, self._consumer, str(cursor)
                )

    async def forget_other_consumers(self, partition: int, cursor: EntryId) -> None:
        """Delete other members' consumers that hold nothing above the committed cursor.

        Check and deletion are one step: deleting a consumer destroys its pending entries, and a
        stale owner may take one between two commands.
        """
        key = self.key(partition)
        with faults_translated():
            for info in await self._clients.commands.xinfo_consumers(key, self._group):
                name = _text(info["name"])
                if name != self._consumer:
                    await self._clients.commands.eval(
                        _DELETE_IF_NOTHING_ABOVE, 1, key, self._group, name, str(cursor)
                    )

    async def forget_self(self, partitions: Sequence[int], cursors: Mapping[int, EntryId]) -> None:
        """Delete our own consumers on the way out, where they hold nothing above the cursor."""
        if self._in_cluster is not None:
            self._in_cluster.give_up_waiting()
        with faults_translated():
            for partition in partitions:
                await self._clients.commands.eval(
                    _DELETE_IF_NOTHING_ABOVE,
                    1,
                    self.key(partition),
                    self._group,
                    self._consumer,
                    str(cursors[partition]),
                )

    async def tails(self, cursors: Mapping[int, EntryId]) -> dict[int, Tail]:
        """How far each cursor is behind its stream's end, by Redis' clock."""
        with faults_translated():
            async with self._clients.commands.pipeline(transaction=False) as pipe:
                for partition, cursor in cursors.items():
                    pipe.xrange(self.key(partition), min=f"({cursor}", max="+", count=1)
                firsts = await pipe.execute(raise_on_error=False)
            above = {p: first for p, first in zip(cursors, firsts, strict=True) if first}
            if not above:
                return dict.fromkeys(cursors, Tail(0, 0.0))
            # Apart from the pipeline: a cluster's refuses TIME, which belongs to no slot.
            seconds, micros = await self._clients.commands.time()
            async with self._clients.commands.pipeline(transaction=False) as pipe:
                for partition in above:
                    pipe.xinfo_groups(self.key(partition))
                groups = dict(zip(above, await pipe.execute(raise_on_error=False), strict=True))
        now_ms = seconds * 1000 + micros // 1000
        return {
            p: self._tail(above[p], groups[p], now_ms) if p in above else Tail(0, 0.0)
            for p in cursors
        }

    def _tail(self, first: Any, groups: Any, now_ms: int) -> Tail:
        if isinstance(first, Exception):
            return Tail(None, None)
        age_s = max(0.0, (now_ms - EntryId.parse(first[0][0]).ms) / 1000)
        if isinstance(groups, Exception):
            return Tail(None, age_s)
        for info in groups:
            if _text(info["name"]) == self._group and info.get("lag") is not None:
                return Tail(info["lag"] + info["pending"], age_s)
        return Tail(None, age_s)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _consumers(summary: Any) -> list[dict[str, Any]]:
    return list(summary["consumers"])


def _entries(items: Any) -> list[Entry]:
    return [Entry(EntryId.written(entry_id), fields or {}) for entry_id, fields in items]
