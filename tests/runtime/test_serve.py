"""`serve` as operators meet it: a process, its signals, its sidecar, and servers that come and go."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from events.partitioning import topology_key
from tests.runtime.service_process import Gate, serving


async def test_without_connections_only_the_sidecar_answers() -> None:
    async with serving(DISABLE_CONNECTIONS="true") as service:
        assert (await service.get("/health"))[0] == 200
        found = await service.ready()
        assert (found["ready"], found["connection_mode"]) == (False, "disabled")

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0


async def test_ready_through_a_life(redis_url: str, database_url: str) -> None:
    """Servers may come, go and come back; the process stays, and says so each time."""
    db, redis = Gate(database_url), Gate(redis_url)
    await db.reserve()
    await redis.open()
    async with serving(SUPABASE_DB_URL=db.url, REDIS_URL=redis.url) as service:
        found = await service.wait_ready(lambda r: r["checks"]["redis"]["state"] == "ok")
        assert found["checks"]["db"]["state"] == "connecting"
        assert found["connection_mode"] == "connecting"
        assert (await service.get("/health"))[0] == 200

        await db.open()
        found = await service.wait_ready(lambda r: bool(r["ready"]))
        assert (found["status"], found["connection_mode"]) == ("ok", "connected")
        assert (await service.get("/ready?strict=1"))[0] == 200

        await redis.shut()
        found = await service.wait_ready(lambda r: r["checks"]["redis"]["state"] == "failed")
        assert (found["status"], found["connection_mode"]) == ("degraded", "failed")
        assert (await service.get("/ready?strict=1"))[0] == 503
        assert (await service.get("/health"))[0] == 200

        await redis.open()
        await service.wait_ready(lambda r: bool(r["ready"]))

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0
    await db.shut()
    await redis.shut()


async def test_an_unmigrated_database_is_waited_for(
    redis_url: str, empty_database_url: str
) -> None:
    async with serving(SUPABASE_DB_URL=empty_database_url, REDIS_URL=redis_url) as service:
        found = await service.wait_ready(lambda r: r["checks"]["consumers"]["state"] == "waiting")

        assert found["checks"]["consumers"]["reason"].startswith("run agent-runtime migrate")
        assert found["connection_mode"] in {"connecting", "connected"}

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0


async def test_other_partitions_than_the_recorded_ones_are_refused(
    redis_url: str, database_url: str
) -> None:
    async with serving(
        SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PARTITIONS="7"
    ) as service:
        assert await service.wait_exit() == 1
        line = await service.wait_line("serve.refused")

    assert "this program uses 7" in line["reason"]
    assert "PARTITIONS" in line["reason"]


async def test_embedded_servers_are_started_migrated_and_kept_between_starts(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        async with serving(str(tmp_path / "data")) as service:
            await service.wait_ready(lambda r: bool(r["ready"]))

            service.process.send_signal(signal.SIGTERM)
            assert await service.wait_exit() == 0


async def test_embedded_data_that_another_program_uses_is_refused(tmp_path: Path) -> None:
    directory = str(tmp_path / "data")
    async with serving(directory) as first:
        await first.wait_line("sidecar.listening")
        async with serving(directory) as second:
            assert await second.wait_exit() == 1
            line = await second.wait_line("serve.refused")

    assert str(first.pid) in line["reason"]


async def test_a_port_that_is_taken_is_refused() -> None:
    async with serving(DISABLE_CONNECTIONS="true") as first:
        port = (await first.wait_line("sidecar.listening"))["port"]
        async with serving(DISABLE_CONNECTIONS="true", PORT=str(port)) as second:
            assert await second.wait_exit() == 1
            line = await second.wait_line("serve.refused")

    assert f"PORT {port}" in line["reason"]


async def test_sigterm_hands_the_partitions_over(redis_url: str, database_url: str) -> None:
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url) as service:
        await service.wait_line("consumers.partition_taken", count=16)

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0
        await service.wait_line("serve.stopped")

    conn = await asyncpg.connect(database_url)
    try:
        held = await conn.fetchval(
            "SELECT count(*) FROM runtime.partition_leases WHERE owner IS NOT NULL"
        )
    finally:
        await conn.close()
    assert held == 0


async def test_a_second_signal_leaves_at_once(redis_url: str, database_url: str) -> None:
    """With Postgres gone the stop would take its whole grace."""
    db = Gate(database_url)
    await db.open()
    async with serving(
        SUPABASE_DB_URL=db.url, REDIS_URL=redis_url, SHUTDOWN_GRACE_S="600"
    ) as service:
        await service.wait_ready(lambda r: bool(r["ready"]))
        service.process.send_signal(signal.SIGSTOP)
        service.process.send_signal(signal.SIGTERM)
        service.process.send_signal(signal.SIGINT)
        service.process.send_signal(signal.SIGCONT)

        assert await service.wait_exit() in {128 + signal.SIGTERM, 128 + signal.SIGINT}
    await db.shut()


async def test_the_topology_is_told_to_producers(redis_url: str, database_url: str) -> None:
    """Producers read it from Redis; a fresh or flushed Redis gets it from Postgres."""
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url) as service:
        await service.wait_ready(lambda r: bool(r["ready"]))

    redis = Redis.from_url(redis_url)
    try:
        assert int(await redis.hget(topology_key("domain-events"), "partitions") or 0) == 16
    finally:
        await redis.aclose()


async def test_no_secret_is_logged_when_a_server_refuses_it() -> None:
    urls = {
        "SUPABASE_DB_URL": "postgresql://bot:hunter2@127.0.0.1:1/app",
        "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0",
    }
    async with serving(**urls, LOG_LEVEL="debug") as service:
        found = await service.wait_ready(
            lambda r: all(r["checks"][n]["reason"] != "not connected yet" for n in ("db", "redis"))
        )

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0

    assert found["connection_mode"] == "connecting"
    assert "hunter2" not in json.dumps([found, service.lines])
