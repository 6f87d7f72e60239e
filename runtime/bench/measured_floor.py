"""A process that does what nothing can do without, as fast as the machine lets one process do it.

It reads the streams with XREADGROUP, parses each body and acknowledges; then it sends the log's and
the messages' rows, encoded beforehand, with binary COPY. One after the other, so that both are known.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, cast

import asyncpg
import orjson
import uvloop

from events.partitioning import stream_key
from projections import messages
from projections.migrate import physical_name
from runtime.bench.plain_way import make_group
from runtime.bench.usage import own_cpu_s
from runtime.memory import settle_memory
from runtime.postgres_connection import connect
from runtime.redis_client import redis_client
from runtime.settings import Settings, load_settings

GROUP = "bench-floor"
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Told:
    """How many entries were read and rows copied, and what each took."""

    entries: int
    read_s: float
    read_cpu_s: float
    rows: int
    copy_s: float
    copy_cpu_s: float


def main() -> int:
    """Arguments: the files of the log's and the messages' rows, as COPY gave them."""
    settings = load_settings(env_file=None)
    log, messages_ = (Path(name).read_bytes() for name in sys.argv[1:3])
    settle_memory()
    uvloop.run(_run(settings, log, messages_))
    return 0


async def _run(settings: Settings, log: bytes, texts: bytes) -> None:
    batch = settings.batch_events
    logged = list(parts(log, batch))
    # As many messages beside each part of the log as stand in all of it.
    rows = sum(1 for _ in tuples(texts))
    beside = list(parts(texts, max(1, -(-rows // max(1, len(logged))))))
    cpu_s, began_s = own_cpu_s(), monotonic()
    entries = await _read(settings)
    read_cpu_s, read_s = own_cpu_s() - cpu_s, monotonic() - began_s
    cpu_s, began_s = own_cpu_s(), monotonic()
    await _copy(settings, logged, beside)
    told = Told(entries, read_s, read_cpu_s, rows, monotonic() - began_s, own_cpu_s() - cpu_s)
    sys.stdout.write(orjson.dumps(asdict(told)).decode())


async def _read(settings: Settings) -> int:
    keys = [stream_key(p, settings.stream_prefix) for p in range(settings.partitions)]
    redis = redis_client(settings.redis_dsn(), timeout_s=30)
    entries = 0
    try:
        for key in keys:
            await make_group(redis, key, GROUP)
        count = -(-settings.batch_events // settings.partitions)
        unread: Any = dict.fromkeys(keys, ">")
        while found := cast("Any", await redis.xreadgroup(GROUP, "one", unread, count=count)):
            async with redis.pipeline(transaction=False) as pipe:
                for key, several in found:
                    for _, fields in several:
                        orjson.loads(fields[b"event"])
                    entries += len(several)
                    pipe.xack(key, GROUP, *(entry_id for entry_id, _ in several))
                await pipe.execute()
    finally:
        await redis.aclose()
    return entries


async def _copy(settings: Settings, logged: list[bytes], beside: list[bytes]) -> None:
    table = messages.PROJECTION.tables[0]
    name = physical_name(table, messages.PROJECTION.version)
    db = await connect(settings.database_dsn())
    try:
        for number, part in enumerate(logged):
            async with db.transaction():
                await _send(db, "runtime", "event_log", part)
                if number < len(beside):
                    await _send(db, table.schema, name, beside[number])
    finally:
        await db.close()


async def _send(db: asyncpg.Connection, schema: str, table: str, rows: bytes) -> None:
    await db.copy_to_table(table, schema_name=schema, source=io.BytesIO(rows), format="binary")


def parts(data: bytes, rows: int) -> Iterator[bytes]:
    """A binary COPY's output as several of so many rows each.

    Source: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
    """
    start = end = len(_HEAD)
    held = 0
    for end in tuples(data):
        held += 1
        if held == rows:
            yield _HEAD + data[start:end] + _END
            start, held = end, 0
    if held:
        yield _HEAD + data[start:end] + _END


def tuples(data: bytes) -> Iterator[int]:
    """Where each row ends."""
    at = len(_HEAD)
    while (fields := struct.unpack_from(">h", data, at)[0]) >= 0:
        at += 2
        for _ in range(fields):
            at += 4 + max(0, struct.unpack_from(">i", data, at)[0])
        yield at


if __name__ == "__main__":
    sys.exit(main())
