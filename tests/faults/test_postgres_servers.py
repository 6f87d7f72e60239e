"""Postgres goes away as a whole: stopped, crashed, replaced, frozen. The member stays and resumes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg

from tests.faults.servers import BreakablePostgres, sockets_directory
from tests.faults.under_load import QUICK, working

Broken = tuple[str, BreakablePostgres]


async def test_a_postgres_stopped_and_started_again_loses_nothing(
    breakable: Broken, redis_url: str
) -> None:
    database_url, server = breakable
    async with working(database_url, redis_url) as work:
        server.stop()
        await work.wait_retrying("Error")
        await work.load.wait_more(20)
        server.start()
        await work.finish()


async def test_a_crash_in_the_middle_of_the_load_loses_nothing(
    breakable: Broken, redis_url: str
) -> None:
    database_url, server = breakable
    async with working(database_url, redis_url) as work:
        await _flush(server)
        crashes = 0
        # Until one has cut something off, not only what was idle between two batches.
        while crashes < 3 or not work.seen.retries:
            assert crashes < 40
            server.crash()
            server.start()
            crashes += 1
            await work.wait_flowing()
        await work.finish()


async def test_a_promoted_standby_takes_over_at_the_same_address(
    breakable: Broken, redis_url: str, tmp_path: Path
) -> None:
    database_url, primary = breakable
    with sockets_directory() as sockets:
        standby = primary.standby(tmp_path / "standby", sockets)
        standby.start()
        try:
            await _fail_over(database_url, redis_url, primary, standby)
        finally:
            standby.stop()
            primary.start()
            primary.serve_at_address()


async def test_a_postgres_that_neither_answers_nor_closes_is_left_for_the_new_one(
    breakable: Broken, redis_url: str, tmp_path: Path
) -> None:
    """A frozen host: no connection breaks by itself, and TCP would wait for many minutes."""
    database_url, primary = breakable
    with sockets_directory() as sockets:
        standby = primary.standby(tmp_path / "standby", sockets)
        standby.start()
        try:
            async with working(
                database_url, redis_url, settings=replace(QUICK, lease_s=1.5)
            ) as work:
                await _flush(primary)
                primary.freeze()
                standby.serve_at_address()
                control = await asyncpg.connect(standby.server.url())
                await control.fetchval("SELECT pg_promote()")
                await control.close()
                await work.finish()
        finally:
            primary.thaw()
            standby.stop()
            primary.serve_at_address()


async def _fail_over(
    database_url: str, redis_url: str, primary: BreakablePostgres, standby: BreakablePostgres
) -> None:
    """The standby lacks the last commits: Postgres goes back in time."""
    async with working(database_url, redis_url) as work:
        control = await asyncpg.connect(standby.server.url())
        await _flush(primary)
        await _replayed(primary, control)
        await control.execute("ALTER SYSTEM SET primary_conninfo = ''")
        await control.execute("SELECT pg_reload_conf()")
        await _until(control, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")
        await work.wait_flowing()
        primary.crash()
        standby.serve_at_address()
        await work.wait_retrying("25006")
        await control.fetchval("SELECT pg_promote()")
        await control.close()
        await work.finish()


async def _flush(server: BreakablePostgres) -> None:
    """Make sure that the group's first start is not taken back."""
    conn = await asyncpg.connect(server.server.url())
    await conn.execute("CHECKPOINT")
    await conn.close()


async def _replayed(primary: BreakablePostgres, standby: asyncpg.Connection) -> None:
    """Until the standby has what the primary has committed by now."""
    conn = await asyncpg.connect(primary.server.url())
    reached = await conn.fetchval("SELECT pg_current_wal_flush_lsn()::text")
    await conn.close()
    await _until(standby, f"SELECT pg_last_wal_replay_lsn() >= '{reached}'::pg_lsn")


async def _until(conn: asyncpg.Connection, condition: str) -> None:
    async with asyncio.timeout(30):
        while not await conn.fetchval(condition):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.01)
