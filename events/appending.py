"""Appends batches of bodies to streams: one round trip for many, tried again while Redis is away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import (
    ClusterError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from events.entry_id import EntryId

# JSON never holds a zero byte. Bodies that come as one argument are packed at no cost to the client.
# What one stream refuses is told in its place; what the server refuses, for all: clients act upon it.
_APPEND = """
local add, find, sub = redis.pcall, string.find, string.sub
local told = {}
for n, key in ipairs(KEYS) do
  local all, ids, count, from, refused = ARGV[n], {}, 0, 1, nil
  repeat
    local zero = find(all, '\\0', from, true)
    local id = add('XADD', key, '*', 'event', sub(all, from, zero and zero - 1))
    if type(id) == 'table' then
      if not (find(id.err, '^WRONGTYPE') or find(id.err, '^ERR')) then
        return id
      end
      refused = id
      break
    end
    count = count + 1
    ids[count] = id
    from = zero and zero + 1
  until not zero
  told[n] = refused or table.concat(ids, ' ')
end
return told
"""
_STREAMS_AT_ONCE = 4
"""Of a command: its start costs the server as much as ten entries, and nobody else is served meanwhile."""
_FEW = 100
"""So many entries are one command over all streams: who waits for any of them is given what is there of all."""
_IN_FULL = ("EVAL", _APPEND)
_BY_HASH = ("EVALSHA", hashlib.sha1(_APPEND.encode(), usedforsecurity=False).hexdigest())
_ENTRY_ID: Callable[[tuple[int, int]], EntryId] = partial(tuple.__new__, EntryId)
"""As `EntryId._make`, in a third of its time."""
TRANSIENT = (
    *(RedisConnectionError, RedisTimeoutError, OSError),
    # While a replica takes over: nobody serves the slot, or who did is a replica now.
    *(ClusterError, RedisClusterException, TryAgainError, ReadOnlyError),
)
"""Redis may take the same again a moment later."""

Batches = Mapping[str, Sequence[bytes]]
"""Stream → bodies of JSON, at least one."""


class Appender:
    """Appends to several streams at once, each batch whole and in order, or not known to be.

    `attempts` counts tries of one batch; waits between them double from 50 ms.
    """

    def __init__(self, redis: Redis | RedisCluster, *, attempts: int) -> None:
        self._redis = redis
        self._attempts = attempts

    @property
    def one_server(self) -> bool:
        """Whether all streams are on one server, which then takes all batches in one round trip.

        In a cluster only the stream's node must be up, so each batch goes on its own.
        """
        return not isinstance(self._redis, RedisCluster)

    async def append(self, batches: Batches) -> dict[str, list[EntryId] | Exception]:
        """The ids of each stream's batch, in order, or what Redis said instead at the last try."""
        settled: dict[str, list[EntryId] | Exception] = {}
        failed: Exception | None = None
        try:
            # To be ready to try again costs more than most batches do: only who has failed is.
            await self._try(batches, settled)
        except (RedisError, RedisClusterException, OSError) as error:
            failed = error
        else:
            return settled
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TRANSIENT),
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    if failed is not None:
                        first, failed = failed, None
                        raise first
                    await self._try(batches, settled)
        except (RedisError, RedisClusterException, OSError) as error:
            return {key: settled.get(key, error) for key in batches}
        return settled

    async def _try(self, batches: Batches, settled: dict[str, list[EntryId] | Exception]) -> None:
        """Send what is not settled yet; raises when some of it is to be tried again."""
        left = {key: bodies for key, bodies in batches.items() if key not in settled}
        again: Exception | None = None
        for key, answer in (await self._answers(left)).items():
            if isinstance(answer, TRANSIENT):
                again = answer
            else:
                settled[key] = answer if isinstance(answer, Exception) else _ids(answer)
        if again is not None:
            raise again

    async def _answers(self, batches: Batches) -> dict[str, Any]:
        """The script by its hash; in full where the stream's server does not know it yet."""
        joined = {key: b"\0".join(bodies) for key, bodies in batches.items()}
        is_few = sum(map(len, batches.values())) <= _FEW
        at_once = len(batches) if is_few else _STREAMS_AT_ONCE
        answers = await self._run(_BY_HASH, joined, at_once)
        unknown = {key: joined[key] for key in joined if isinstance(answers[key], NoScriptError)}
        if unknown:
            answers |= await self._run(_IN_FULL, unknown, at_once)
        return answers

    async def _run(
        self, script: tuple[str, str], joined: Mapping[str, bytes], at_once: int
    ) -> dict[str, Any]:
        """What the script answers for each stream, or the server's error; `at_once` streams a command."""
        keys = list(joined)
        groups = [keys[n : n + at_once] for n in range(0, len(keys), at_once)]
        calls = [(*script, len(of), *of, *(joined[key] for key in of)) for of in groups]
        answers: dict[str, Any] = {}
        for of, answer in zip(groups, await self._called(calls), strict=True):
            refused = isinstance(answer, Exception)
            answers |= zip(of, [answer] * len(of) if refused else answer, strict=True)
        return answers

    async def _called(self, calls: list[tuple[Any, ...]]) -> list[Any]:
        """What the server answers to each, in one round trip."""
        if len(calls) == 1:
            # Without a pipeline, which a cluster's client would have to plan and retry by itself.
            try:
                return [await self._redis.execute_command(*calls[0])]
            except ResponseError as error:
                return [error]
        # The first in full, so that the server knows it for the others: else all bodies went twice.
        calls[0] = (*_IN_FULL, *calls[0][2:])
        async with self._redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.execute_command(*call)
            return await pipe.execute(raise_on_error=False)


def _ids(answer: bytes | str) -> list[EntryId]:
    text = answer if isinstance(answer, str) else answer.decode()
    first, last = EntryId.written(text.partition(" ")[0]), EntryId.written(text.rpartition(" ")[2])
    if first.ms == last.ms and last.seq - first.seq == text.count(" "):
        # Ids only grow: with so many between them, these are all that there are.
        return list(map(_ENTRY_ID, zip(repeat(first.ms), range(first.seq, last.seq + 1))))
    return [EntryId.written(found) for found in text.split()]
