"""A process that publishes the same events in each of the ways that are compared."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import uvloop
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from consumers.redis_clients import RedisClient
from events.partitioning import stream_key
from events.publisher import Publisher, PublisherSettings
from runtime.bench.log_events import Corpus, LogEvents, LogShape
from runtime.bench.settling import settle_redis
from runtime.bench.streams import Entry
from runtime.bench.usage import own_cpu_s
from runtime.memory import settle_memory
from runtime.redis_client import redis_client
from runtime.redis_urls import RedisMode, RedisUrl
from runtime.settings import Settings, load_settings

_AT_ONCE = 1000
"""Events of one call of the publisher, and commands of one pipeline."""
_PORTION = 20_000
"""Events that one way publishes before it is another's turn: too few for Redis to rewrite its log."""


def main() -> int:
    """The shape of the events on standard input; what each way took on standard output."""
    settings = load_settings(env_file=None)
    given: dict[str, Any] = orjson.loads(sys.stdin.buffer.read())
    corpus = given.pop("corpus")
    shape = LogShape(**given, corpus=Path(corpus) if corpus else None)
    events = LogEvents(
        Corpus.read(shape.corpus),
        conversations=shape.conversations,
        companies=shape.companies,
        partitions=settings.partitions,
    )
    entries = [Entry(row[0], row[-1].encode()) for row in islice(events.rows(), shape.events)]
    settle_memory()
    sys.stdout.write(orjson.dumps(uvloop.run(_run(settings, entries))).decode())
    return 0


async def _run(settings: Settings, entries: Sequence[Entry]) -> dict[str, dict[str, float]]:
    """Each way publishes all entries, in portions and in turns: what the machine does, all bear alike."""
    url = settings.redis_dsn()
    is_one_server = RedisUrl.parse(url).mode is RedisMode.STANDALONE
    # What a producer has, where it can be had: redis-py's own client, whose commands ours packs faster.
    redis: RedisClient = (
        AsyncRedis.from_url(url) if is_one_server else redis_client(url, timeout_s=30)
    )
    ways: dict[str, Callable[[Sequence[Entry]], Awaitable[None]]] = {
        "XADD, pipelined": partial(_pipelined, redis, settings),
        "Publisher": partial(_published, redis, settings),
    }
    with ExitStack() as held:
        if is_one_server:
            client = held.enter_context(Redis.from_url(url))
            ways["XADD, pipelined without asyncio"] = partial(_sync, client, settings)
        told = {way: {"wall_s": 0.0, "cpu_s": 0.0} for way in ways}
        try:
            for start in range(0, len(entries), _PORTION):
                portion = entries[start : start + _PORTION]
                for way, work in ways.items():
                    await _empty(redis, settings)
                    cpu_s, began_s = own_cpu_s(), monotonic()
                    await work(portion)
                    told[way]["wall_s"] += monotonic() - began_s
                    told[way]["cpu_s"] += own_cpu_s() - cpu_s
        finally:
            await redis.aclose()
    return told


async def _empty(redis: RedisClient, settings: Settings) -> None:
    """Empty the streams, and wait until Redis has done what follows from the last portion."""
    for partition in range(settings.partitions):
        await redis.delete(stream_key(partition, settings.stream_prefix))
    await settle_redis(redis)


async def _published(redis: RedisClient, settings: Settings, entries: Sequence[Entry]) -> None:
    publisher = Publisher(
        redis,
        settings=PublisherSettings(partitions=settings.partitions, prefix=settings.stream_prefix),
    )
    for start in range(0, len(entries), _AT_ONCE):
        bodies = [entry.body for entry in entries[start : start + _AT_ONCE]]
        await publisher.publish_raw(bodies)


async def _pipelined(redis: RedisClient, settings: Settings, entries: Sequence[Entry]) -> None:
    keys = [stream_key(p, settings.stream_prefix) for p in range(settings.partitions)]
    for start in range(0, len(entries), _AT_ONCE):
        async with redis.pipeline(transaction=False) as pipe:
            for entry in entries[start : start + _AT_ONCE]:
                pipe.xadd(keys[entry.partition], {"event": entry.body})
            await pipe.execute()


async def _sync(redis: Redis, settings: Settings, entries: Sequence[Entry]) -> None:
    """Nothing else runs in this process' loop that it could hold up."""
    keys = [stream_key(p, settings.stream_prefix) for p in range(settings.partitions)]
    for start in range(0, len(entries), _AT_ONCE):
        with redis.pipeline(transaction=False) as pipe:
            for entry in entries[start : start + _AT_ONCE]:
                pipe.xadd(keys[entry.partition], {"event": entry.body})
            pipe.execute()


if __name__ == "__main__":
    sys.exit(main())
