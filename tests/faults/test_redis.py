"""Redis goes away, hangs or refuses: the member waits and goes on by itself, nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.faults.servers import BreakableValkey, sockets_directory
from tests.faults.under_load import working

Command = tuple[str, ...]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(url, single_connection_client=True) as client:
        await client.ping()
        yield client


async def tell(client: Redis, commands: Sequence[Command]) -> None:
    for command in commands:
        await client.execute_command(*command)  # type: ignore[no-untyped-call]


async def test_a_killed_redis_comes_back_with_its_file(
    database_url: str, valkey: BreakableValkey
) -> None:
    async with working(database_url, valkey.url) as work:
        for _ in range(2):
            valkey.kill()
            await work.wait_retrying("redis: ConnectionError")
            valkey.start()
            await work.wait_flowing()
        await work.finish()


async def test_a_redis_that_does_not_answer_is_waited_for(
    database_url: str, valkey: BreakableValkey
) -> None:
    """Longer than every time-out; afterwards it carries out what nobody waits for any more."""
    async with working(database_url, valkey.url) as work:
        for _ in range(2):
            valkey.signal(signal.SIGSTOP)
            await work.wait_retrying("Timeout reading")
            work.check_paced()
            valkey.signal(signal.SIGCONT)
            await work.wait_flowing()
        await work.finish()


async def test_a_paused_redis_is_waited_for(database_url: str, valkey: BreakableValkey) -> None:
    async with working(database_url, valkey.url) as work, connected(valkey.url) as admin:
        await tell(admin, [("CLIENT", "PAUSE", "4000", "ALL")])
        await work.wait_retrying("Timeout reading")
        await work.finish()


async def test_a_redis_that_loads_its_data_is_waited_for(database_url: str, tmp_path: Path) -> None:
    with sockets_directory() as sockets:
        # It answers while loading after so many bytes; compressed there would be too few.
        plain = ("--rdbcompression", "no", "--loading-process-events-interval-bytes", "1024")
        valkey = BreakableValkey(tmp_path / "valkey", sockets, "--save", "", *plain)
        valkey.start()
        try:
            async with working(database_url, valkey.url) as work, connected(valkey.url) as admin:
                await tell(admin, [("SET", f"filler:{n}", "x" * 2000) for n in range(40)])
                # Nothing is confirmed between the snapshot and the end.
                await work.load.stop()
                await tell(admin, [("SAVE",)])
                valkey.kill()
                valkey.start("--key-load-delay", "40000")
                await work.wait_retrying("redis: BusyLoadingError")
                work.load.start()
                await work.finish()
        finally:
            valkey.kill()


NOT_THERE = ("REPLICAOF", "127.0.0.1", "1")
PROMOTE = ("REPLICAOF", "NO", "ONE")
CUT = ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def _set(name: str, value: str) -> Command:
    return ("CONFIG", "SET", name, value)


REFUSALS: dict[str, tuple[str, list[Command], list[Command]]] = {
    "READONLY": ("ReadOnlyError", [NOT_THERE], [PROMOTE]),
    "MASTERDOWN": (
        "MasterDownError",
        [_set("replica-serve-stale-data", "no"), NOT_THERE],
        [_set("replica-serve-stale-data", "yes"), PROMOTE],
    ),
    "NOREPLICAS": (
        "NOREPLICAS",
        [_set("min-replicas-to-write", "1")],
        [_set("min-replicas-to-write", "0")],
    ),
    "OOM": (
        "OutOfMemoryError",
        [_set("maxmemory", "1"), ("XGROUP", "DESTROY", "domain-events:{0}", "projections")],
        [_set("maxmemory", "0")],
    ),
    "NOPERM": (
        "NoPermissionError",
        [("ACL", "SETUSER", "default", "-xreadgroup"), CUT],
        [("ACL", "SETUSER", "default", "+xreadgroup")],
    ),
    "NOAUTH": (
        "authenticated",
        [("ACL", "SETUSER", "default", "resetpass", ">secret"), CUT],
        [("ACL", "SETUSER", "default", "nopass")],
    ),
    "max clients": (
        "max number of clients reached",
        [_set("maxclients", "1"), CUT],
        [_set("maxclients", "1000")],
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_redis_that_refuses_is_waited_for(
    database_url: str, valkey: BreakableValkey, refusal: str
) -> None:
    named, refuse, allow = REFUSALS[refusal]
    async with working(database_url, valkey.url) as work, connected(valkey.url) as admin:
        await tell(admin, refuse)
        await work.wait_retrying(named)
        await work.wait_more_retries(4)
        work.check_paced()
        await tell(admin, allow)
        await work.finish()


async def test_a_redis_that_cannot_write_its_snapshot_is_waited_for(
    database_url: str, tmp_path: Path
) -> None:
    with sockets_directory() as sockets:
        valkey = BreakableValkey(tmp_path / "valkey", sockets, "--save", "3600 1000000")
        valkey.start()
        async with connected(valkey.url) as admin:
            # It listens before it looks for a snapshot, and answers after.
            await admin.ping()
        # A folder stands where the snapshot must go.
        (tmp_path / "valkey" / "dump.rdb" / "x").mkdir(parents=True)
        try:
            async with working(database_url, valkey.url) as work, connected(valkey.url) as admin:
                await tell(admin, [("BGSAVE",)])
                await work.wait_retrying("MISCONF")
                await admin.config_set("stop-writes-on-bgsave-error", "no")
                await work.finish()
        finally:
            valkey.kill()


async def test_a_redis_busy_with_a_script_is_waited_for(
    database_url: str, valkey: BreakableValkey
) -> None:
    async with working(database_url, valkey.url) as work, connected(valkey.url) as admin:
        await admin.config_set("busy-reply-threshold", 10)
        busy = await admin.client_id()
        async with Redis.from_url(valkey.url, single_connection_client=True) as other:
            assert await other.client_id() != busy
            connection = other.connection
            assert connection is not None
            await connection.send_command("EVAL", "while true do end", "0")
            await work.wait_retrying("BUSY")
            await admin.script_kill()
            await work.wait_flowing()
        await work.finish()
