"""`serve` with several processes: one sidecar, children that die and come back, no orphans."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from events.publisher import Publisher
from tests.runtime.service_process import DEADLINE_S, ServiceProcess, serving


async def samples(service: ServiceProcess) -> dict[tuple[str, tuple[str, ...]], float]:
    _, text = await service.get("/metrics")
    return {
        (s.name, tuple(s.labels.values())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def owned(found: dict[tuple[str, tuple[str, ...]], float]) -> int:
    """Partitions of the log's group that somebody owns."""
    return sum(
        name == "agent_runtime_consumer_partition_owned" and labels[0] == "projections"
        for name, labels in found
    )


async def child_pids(service: ServiceProcess, count: int) -> list[int]:
    await service.wait_line("supervisor.child_started", count=count)
    return [ln["pid"] for ln in service.lines if ln["event"] == "supervisor.child_started"]


def ready(found: dict[str, Any]) -> bool:
    return bool(found["ready"])


async def wait_gone(pids: list[int]) -> None:
    until = time.monotonic() + DEADLINE_S
    while alive := [pid for pid in pids if _runs(pid)]:
        assert time.monotonic() < until, alive
        await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def publish(redis_url: str, numbers: range) -> None:
    """One lead a conversation; the same number is the same event."""
    bodies = [
        orjson.dumps(
            {
                "id": str(UUID(int=number + 1)),
                "type": "lead.created",
                "version": 1,
                "occurred_at": "2026-11-01T12:00:00Z",
                "company_id": "acme",
                "conversation_id": f"acme:{number}",
                "source": "test",
                "correlation_id": f"c{number}",
                "payload": {"lead_id": f"l{number}", "contact": {"id": "+5511999990000"}},
            }
        )
        for number in numbers
    ]
    redis = Redis.from_url(redis_url)
    try:
        await Publisher(redis).publish_raw(bodies)
    finally:
        await redis.aclose()


async def wait_counted(service: ServiceProcess, events: int) -> None:
    """Until `domain_events_total` is exactly `events`; it must never be above."""
    until = time.monotonic() + DEADLINE_S
    while True:
        found = await samples(service)
        counted = sum(v for (name, _), v in found.items() if name == "domain_events_total")
        assert counted <= events
        if counted == events:
            return
        assert time.monotonic() < until, (counted, service.lines[-8:])
        await asyncio.sleep(0.1)


async def wait_all_owned(service: ServiceProcess) -> None:
    until = time.monotonic() + DEADLINE_S
    while owned(await samples(service)) != 16:
        assert time.monotonic() < until
        await asyncio.sleep(0.1)


async def test_children_share_the_partitions_behind_one_sidecar(
    redis_url: str, database_url: str
) -> None:
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PROCESSES="2") as service:
        found = await service.wait_ready(ready)
        assert found["connection_mode"] == "connected"
        assert found["checks"]["processes"]["state"] == "ok"
        await wait_all_owned(service)
        pids = await child_pids(service, 2)
        assert len(set(pids)) == 2

        service.process.send_signal(signal.SIGTERM)
        assert await service.wait_exit() == 0
        await wait_gone(pids)


async def test_a_dead_child_is_started_again_and_sums_never_go_back(
    redis_url: str, database_url: str
) -> None:
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PROCESSES="2") as service:
        await service.wait_ready(ready)
        await wait_all_owned(service)
        taken = ("agent_runtime_partitions_taken_total", ("projections",))
        before = (await samples(service))[taken]
        first, *_ = await child_pids(service, 2)

        os.kill(first, signal.SIGKILL)

        died = await service.wait_line("supervisor.child_died")
        assert died["code"] == -signal.SIGKILL
        found = await service.ready()
        assert not found["ready"]
        await child_pids(service, 3)
        await service.wait_ready(ready)
        await wait_all_owned(service)
        assert (await samples(service))[taken] >= before


async def test_events_by_type_are_the_rows_of_the_log(redis_url: str, database_url: str) -> None:
    """Also after a child died and other processes own its partitions."""
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PROCESSES="2") as service:
        await service.wait_ready(ready)
        await publish(redis_url, range(200))
        await wait_counted(service, 200)
        first, *_ = await child_pids(service, 2)

        os.kill(first, signal.SIGKILL)
        await service.wait_line("supervisor.child_died")
        await publish(redis_url, range(150, 300))

        await wait_counted(service, 300)

    conn = await asyncpg.connect(database_url)
    try:
        assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 300
    finally:
        await conn.close()


async def test_killing_the_parent_leaves_no_orphan(redis_url: str, database_url: str) -> None:
    async with serving(SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PROCESSES="2") as service:
        await service.wait_ready(ready)
        pids = await child_pids(service, 2)

        service.process.send_signal(signal.SIGKILL)

        await wait_gone(pids)


async def test_children_that_refuse_stop_the_service(redis_url: str, database_url: str) -> None:
    async with serving(
        SUPABASE_DB_URL=database_url, REDIS_URL=redis_url, PROCESSES="2", PARTITIONS="7"
    ) as service:
        assert await service.wait_exit() == 1
        line = await service.wait_line("serve.refused")

    assert "this program uses 7" in line["reason"]
