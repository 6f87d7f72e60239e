"""Looking at streams and their servers: what the judgement of a stream's history rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoPermissionError, ResponseError

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
_SIGHTS = """
local sights = {}
for i, key in ipairs(KEYS) do
  local told = redis.pcall('XINFO', 'STREAM', key)
  if told.err then
    if not string.find(told.err, 'no such key', 1, true) then return told end
    sights[i] = false
  else
    local info = {}
    for at = 1, #told, 2 do info[told[at]] = told[at + 1] end
    local known = 0
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      for at = 1, #group, 2 do
        if group[at] == 'name' and group[at + 1] == ARGV[1] then known = 1 end
      end
    end
    local cursor = ARGV[1 + i]
    local standing = redis.call('XRANGE', key, cursor, cursor)
    local above = redis.call('XRANGE', key, '(' .. cursor, '+', 'COUNT', 1)
    sights[i] = {
      known, info['entries-added'], info['last-generated-id'], info['max-deleted-entry-id'],
      standing[1] and standing[1][2] or false, #above
    }
  end
end
return sights
"""
"""Of each stream what a look tells, or nil where there is none: as its own answers, which hold whole
entries, all of it takes ten times as long to read. Keys: the streams; arguments: group, the cursors."""


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
            keys = {p: stream_key(p, self._prefix) for p in cursors}
            if isinstance(self._clients.commands, RedisCluster):
                # It runs a script for the keys of one slot only.
                asked = (self._ask([keys[p]], [c]) for p, c in cursors.items())
                answers = [one for [one] in await asyncio.gather(*asked)]
            else:
                answers = await self._ask(keys.values(), cursors.values())
        return {
            partition: self._sight(answer, servers[partition])
            for partition, answer in zip(cursors, answers, strict=True)
        }

    async def _ask(self, keys: Collection[str], cursors: Iterable[EntryId]) -> list[Any]:
        answers: list[Any] = await self._clients.commands.eval(
            _SIGHTS, len(keys), *keys, self._group, *map(str, cursors)
        )
        return answers

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

    def _sight(self, answer: list[Any] | None, server: _Server) -> Sight:
        if answer is None:
            return Sight(
                exists=False,
                group_exists=False,
                added=0,
                last_id=ZERO,
                max_deleted_id=ZERO,
                cursor_hash=None,
                nothing_above=True,
                server_id=server.run_id,
                at=server.now,
            )
        known, added, last_id, max_deleted_id, standing, above = answer
        return Sight(
            exists=True,
            group_exists=bool(known),
            added=int(added),
            last_id=EntryId.parse(_text(last_id)),
            max_deleted_id=EntryId.parse(_text(max_deleted_id)),
            cursor_hash=(
                hash_of(dict(zip(standing[::2], standing[1::2], strict=True))) if standing else None
            ),
            nothing_above=not above,
            server_id=server.run_id,
            at=server.now,
        )


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
