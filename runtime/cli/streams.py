"""`agent-runtime streams`: the Redis streams."""

from __future__ import annotations

from typing import Any

import typer
from redis.exceptions import ResponseError

from consumers.redis_clients import RedisClient
from events.partitioning import stream_key
from runtime.cli.context import carry_out, opened, settings_or_exit
from runtime.cli.tables import Json, show

streams = typer.Typer(help="The Redis streams.", no_args_is_help=True)


@streams.command("status")
def streams_status(as_json: Json = False) -> None:
    """Show each stream's length, first and last entry, memory and groups."""
    settings = settings_or_exit()

    async def work() -> int:
        rows = []
        async with opened(settings) as open_:
            for partition in range(settings.partitions):
                key = stream_key(partition, settings.stream_prefix)
                rows.append({"stream": key, **await _stream(open_.redis, key)})
        show(rows, title="streams", as_json=as_json)
        return 0

    carry_out(work)


async def _stream(redis: RedisClient, key: str) -> dict[str, Any]:
    try:
        info: Any = await redis.xinfo_stream(key)
    except ResponseError:
        return {"length": 0, "first": "-", "last": "-", "added": 0, "bytes": 0, "groups": 0}
    first, last = info["first-entry"], info["last-generated-id"]
    return {
        "length": info["length"],
        "first": first[0].decode() if first else "-",
        "last": last.decode() if isinstance(last, bytes) else last,
        "added": info.get("entries-added"),
        "bytes": await redis.memory_usage(key),
        "groups": info["groups"],
    }
