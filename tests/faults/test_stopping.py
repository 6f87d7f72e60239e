"""A stop ends in time and cleanly, also against a Postgres that neither answers nor closes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg
import pytest

import consumers.engine
from consumers.bounded_pool import bounded
from tests.faults.servers import BreakablePostgres
from tests.faults.under_load import QUICK, Recorder, engine_running, wait_until
from tests.runtime.service_process import serving

ENDLESS_S = 600.0
"""So long that whoever waits for it fails the test by its deadline."""
PATIENT = replace(QUICK, lease_s=ENDLESS_S, stop_grace_s=0.2)

Broken = tuple[str, BreakablePostgres]


@contextmanager
def frozen(server: BreakablePostgres) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


async def test_a_service_stops_in_time_against_a_frozen_postgres(
    breakable: Broken, redis_url: str
) -> None:
    database_url, server = breakable
    async with serving(
        SUPABASE_DB_URL=database_url,
        REDIS_URL=redis_url,
        LEASE_S=str(ENDLESS_S),
        TURN_LEASE_S=str(ENDLESS_S),
        SHUTDOWN_GRACE_S="1",
    ) as service:
        await service.wait_ready(lambda ready: bool(ready["ready"]))
        with frozen(server):
            service.process.send_signal(signal.SIGTERM)
            assert await service.wait_exit() == 0


async def test_a_member_stops_in_time_against_a_frozen_postgres(
    breakable: Broken, redis_url: str
) -> None:
    database_url, server = breakable
    seen = Recorder()
    async with engine_running(database_url, redis_url, seen=seen, settings=PATIENT) as running:
        engine, task = running
        await wait_until(lambda: len(engine.status().partitions) == PATIENT.partitions)
        with frozen(server):
            await engine.stop()
            async with asyncio.timeout(30):
                await task
    assert seen.saw("not handed over")


async def test_a_cancelled_stop_is_cancelled(
    breakable: Broken, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_url, server = breakable
    monkeypatch.setattr(consumers.engine, "_HAND_OVER_S", ENDLESS_S)
    seen = Recorder()
    async with engine_running(database_url, redis_url, seen=seen, settings=PATIENT) as running:
        engine, task = running
        await wait_until(lambda: len(engine.status().partitions) == PATIENT.partitions)
        with frozen(server):
            await engine.stop()
            await wait_until(lambda: not _beats())
            task.cancel()
            async with asyncio.timeout(30):
                await asyncio.wait({task})
    assert task.cancelled()


async def test_a_cancelled_transaction_waits_for_no_frozen_postgres(breakable: Broken) -> None:
    database_url, server = breakable
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        bound, asking = bounded(pool, within_s=ENDLESS_S), asyncio.Event()

        async def work() -> None:
            async with bound.acquire() as conn, conn.transaction(), conn.transaction():
                server.freeze()
                asking.set()
                await conn.execute("SELECT 1")

        working = asyncio.create_task(work(), name="working")
        await asking.wait()
        working.cancel()
        try:
            async with asyncio.timeout(30):
                await asyncio.wait({working})
        finally:
            server.thaw()
        assert working.cancelled()
        assert await bound.fetchval("SELECT 1") == 1


def _beats() -> set[str]:
    return {n for t in asyncio.all_tasks() if (n := t.get_name()).startswith("projections-")}
