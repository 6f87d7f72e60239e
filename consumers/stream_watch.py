"""Looking at streams and their servers: what the judgement of a stream's history rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from consumers.errors import faults_translated
from consumers.lineage import Sight, hash_of
from consumers.redis_clients import RedisClients
from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key

_COUNT_PAGE = """
local found = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])
if #found == 0 then return {0, ARGV[1]} end
return {#found, found[#found][1]}
"""
_PAGE = 5000


@dataclass(frozen=True, slots=True)
class _Server:
    run_id: str | None
    now: datetime


class StreamWatch:
    """One group's look at its streams. Raises `TransientFault` for everything that will pass."""

    def __init__(self, clients: RedisClients, *, group: str, prefix: str) -> None:
        self._clients = clients
        self._group = group
        self._prefix = prefix

    async def look(self, cursors: Mapping[int, EntryId]) -> dict[int, Sight]:
        """What each stream shows now, held against the group's checkpoint in it."""
        with faults_translated():
            servers = await self._servers(cursors)
            async with self._clients.commands.pipeline(transaction=False) as pipe:
                for partition, cursor in cursors.items():
                    key = stream_key(partition, self._prefix)
                    pipe.xinfo_stream(key)
                    pipe.xinfo_groups(key)
                    pipe.xrange(key, min=str(cursor), max=str(cursor), count=1)
                    pipe.xrange(key, min=f"({cursor}", max="+", count=1)
                answers = await pipe.execute(raise_on_error=False)
        sights = {}
        for number, partition in enumerate(cursors):
            four = answers[4 * number : 4 * number + 4]
            sights[partition] = self._sight(four, servers[partition])
        return sights

    async def count(self, partition: int, *, after: EntryId, up_to: EntryId) -> int:
        """How many entries stand in `(after, up_to]`; a page a round trip."""
        key, total, at = stream_key(partition, self._prefix), 0, str(after)
        with faults_translated():
            while True:
                found: Any = await self._clients.commands.eval(
                    _COUNT_PAGE, 1, key, at, str(up_to), str(_PAGE)
                )
                total += int(found[0])
                if int(found[0]) < _PAGE:
                    return total
                at = found[1].decode() if isinstance(found[1], bytes) else found[1]

    async def lift(self, partition: int, above: EntryId) -> None:
        """Make sure that ids to come are above `above`.

        Source: https://redis.io/docs/latest/commands/xsetid/
        """
        key = stream_key(partition, self._prefix)
        with faults_translated():
            try:
                await self._clients.commands.execute_command("XSETID", key, str(above))
            except ResponseError:
                # Refused when the stream's end is above it by now; then there is nothing to lift.
                info: Any = await self._clients.commands.xinfo_stream(key)
                if EntryId.parse(info["last-generated-id"]) < above:
                    raise

    async def highest_standing(
        self,
        partition: int,
        known: Mapping[EntryId, bytes],
        *,
        identity: Callable[[Mapping[bytes, bytes]], bytes | None],
    ) -> tuple[EntryId, bytes | None]:
        """The highest of the known entries that the stream still has, and its hash.

        `known` tells each by its `identity`; (ZERO, None) when none stands there.
        """
        key = stream_key(partition, self._prefix)
        with faults_translated():
            async with self._clients.commands.pipeline(transaction=False) as pipe:
                for entry_id in known:
                    pipe.xrange(key, min=str(entry_id), max=str(entry_id), count=1)
                answers = await pipe.execute()
        standing = {
            entry_id: found[0][1]
            for entry_id, found in zip(known, answers, strict=True)
            if found and identity(found[0][1]) == known[entry_id]
        }
        if not standing:
            return ZERO, None
        highest = max(standing)
        return highest, hash_of(standing[highest])

    async def _servers(self, partitions: Mapping[int, EntryId]) -> dict[int, _Server]:
        """What each stream's server says of itself."""
        client: Any = self._clients.commands
        if not isinstance(client, RedisCluster):
            return dict.fromkeys(partitions, await _asked(client))
        await client.initialize()
        nodes = {p: client.get_node_from_key(stream_key(p, self._prefix)) for p in partitions}
        asked = {}
        for node in {id(n): n for n in nodes.values() if n is not None}.values():
            asked[node.name] = await _asked(client, target_nodes=node)
        untold = _Server(None, datetime.now(UTC))
        return {p: asked.get(n.name, untold) if n is not None else untold for p, n in nodes.items()}

    def _sight(self, answers: list[Any], server: _Server) -> Sight:
        info, groups, at_cursor, above = answers
        for answer in answers:
            if isinstance(answer, RedisError) and not _no_such_key(answer):
                raise answer
        exists = isinstance(info, dict)
        known = groups if isinstance(groups, list) else []
        return Sight(
            exists=exists,
            group_exists=any(_text(found["name"]) == self._group for found in known),
            added=int(info["entries-added"]) if exists else 0,
            last_id=EntryId.parse(info["last-generated-id"]) if exists else ZERO,
            max_deleted_id=EntryId.parse(info["max-deleted-entry-id"]) if exists else ZERO,
            cursor_hash=hash_of(at_cursor[0][1]) if at_cursor else None,
            nothing_above=not above,
            server_id=server.run_id,
            at=server.now,
        )


def _no_such_key(error: RedisError) -> bool:
    return isinstance(error, ResponseError) and "no such key" in str(error)


async def _asked(client: Any, **where: Any) -> _Server:
    """The server's identity and time; this host's time where it may not be asked."""
    try:
        answer = await client.execute_command("INFO", "server", **where)
    except NoPermissionError:
        answer = None
    run_id, now_us = _told(answer, "run_id"), _told(answer, "server_time_usec")
    now = datetime.fromtimestamp(int(now_us) / 1e6, UTC) if now_us else datetime.now(UTC)
    return _Server(str(run_id) if run_id else None, now)


def _told(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict):
        return None
    return answer.get(name) or next(
        (v.get(name) for v in answer.values() if isinstance(v, dict)), None
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
