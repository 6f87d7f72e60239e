"""Postgres answers, but refuses: the work waits, and goes on by itself once it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import pytest

from runtime.embedded import EmbeddedServers
from tests.faults.under_load import QUICK, Work, working

REFUSE = """
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {what}; END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse()
"""
ALLOW = "DROP FUNCTION public.refuse() CASCADE"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(url)
    try:
        yield conn
    finally:
        await conn.close()


async def cut(admin: asyncpg.Connection, database_url: str) -> None:
    """Close every connection to the database."""
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = $1 AND pid <> pg_backend_pid()",
        urlsplit(database_url).path[1:],
    )


@pytest.mark.parametrize(
    ("table", "sqlstate"),
    [
        ("runtime.event_log", "40001"),  # serialization failure
        ("runtime.event_log", "53100"),  # disk full
        ("runtime.event_log", "0A000"),  # neither transient nor data: as a defect would be
        ("projections.messages_v1", "40001"),
        ("projections.messages_v1", "XX000"),  # internal error, or a pooler's refusal
        ("projections.messages_v1", "0A000"),
    ],
)
async def test_a_refused_write_is_tried_again_until_it_is_taken(
    database_url: str, redis_url: str, table: str, sqlstate: str
) -> None:
    what = f"RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'"
    async with working(database_url, redis_url) as work, connected(database_url) as conn:
        await conn.execute(REFUSE.format(what=what, table=table))
        named = "FeatureNotSupportedError" if sqlstate == "0A000" else sqlstate
        await work.wait_retrying(named)
        await work.wait_more_retries(6)
        work.check_paced()
        await conn.execute(ALLOW)
        await work.finish()


async def test_a_server_that_only_reads_is_waited_for(database_url: str, redis_url: str) -> None:
    name = urlsplit(database_url).path[1:]
    async with working(database_url, redis_url) as work, connected(database_url) as conn:
        await conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await cut(conn, database_url)
        await work.wait_retrying("25006")
        await conn.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await cut(conn, database_url)
        await work.finish()


async def test_lease_rows_held_by_somebody_else_are_waited_for(
    database_url: str, redis_url: str
) -> None:
    settings = replace(QUICK, lease_s=1.0)
    async with (
        working(database_url, redis_url, settings=settings) as work,
        connected(database_url) as conn,
    ):
        async with conn.transaction():
            await conn.fetch("SELECT 1 FROM runtime.partition_owners FOR UPDATE")
            await work.wait_retrying("55P03")
        await work.finish()


async def test_statements_that_take_too_long_are_tried_again(
    database_url: str, redis_url: str
) -> None:
    settings = replace(QUICK, lease_s=1.0)
    async with (
        working(database_url, redis_url, settings=settings) as work,
        connected(database_url) as conn,
    ):
        slow = REFUSE.format(what="PERFORM pg_sleep(600)", table="runtime.event_log")
        await conn.execute(slow)
        await work.wait_retrying("57014")
        await conn.execute(ALLOW)
        await work.finish()


async def test_a_batch_that_loses_a_deadlock_is_tried_again(
    database_url: str, redis_url: str
) -> None:
    async with working(database_url, redis_url) as work, connected(database_url) as conn:
        # Ours looks for the deadlock first and is therefore the one that is ended.
        await conn.execute("SET deadlock_timeout = '1h'")
        for _ in range(20):
            await _hold_in_opposite_order(conn, database_url)
            if work.seen.saw("40P01"):
                break
        assert work.seen.saw("40P01")
        await work.finish()


async def _hold_in_opposite_order(conn: asyncpg.Connection, database_url: str) -> None:
    """A batch locks its leases, then moves its checkpoints."""
    async with conn.transaction(), connected(database_url) as onlooker:
        await conn.fetch("SELECT 1 FROM runtime.checkpoints FOR UPDATE")
        waiting = (
            "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
        while not await onlooker.fetchval(waiting):
            pass
        await conn.fetch("SELECT 1 FROM runtime.partition_owners FOR UPDATE")


ADMISSION = [
    ("53300", "ALTER ROLE {role} CONNECTION LIMIT 0", "ALTER ROLE {role} CONNECTION LIMIT -1"),
    ("28000", "ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN"),
    (
        "3D000",
        "ALTER DATABASE {database} RENAME TO {database}_away",
        "ALTER DATABASE {database}_away RENAME TO {database}",
    ),
]


@pytest.mark.parametrize(("sqlstate", "close", "open_"), ADMISSION, ids=lambda value: value[:5])
async def test_connections_that_are_refused_are_tried_again(
    servers: EmbeddedServers,
    database_url: str,
    redis_url: str,
    sqlstate: str,
    close: str,
    open_: str,
) -> None:
    database = urlsplit(database_url).path[1:]
    names = {"role": f"app_{database}", "database": database}
    async with connected(servers.database_url) as admin:
        await admin.execute(
            "CREATE ROLE {role} LOGIN IN ROLE pg_read_all_data, pg_write_all_data".format(**names)
        )
        url = database_url.replace("://agent_runtime@", f"://{names['role']}@")
        async with working(url, redis_url) as work:
            await _shut(admin, work, database_url, close.format(**names))
            await work.wait_retrying(sqlstate)
            await admin.execute(open_.format(**names))
            await work.finish()
        await cut(admin, database_url)
        await admin.execute("DROP ROLE {role}".format(**names))


async def _shut(admin: asyncpg.Connection, work: Work, database_url: str, statement: str) -> None:
    """A database is renamed only while nobody is connected, and the member comes back quickly."""
    while True:
        await cut(admin, database_url)
        try:
            await admin.execute(statement)
        except asyncpg.ObjectInUseError:
            continue
        await cut(admin, database_url)
        return


async def test_clients_that_take_every_connection_are_waited_for(
    servers: EmbeddedServers, database_url: str, redis_url: str
) -> None:
    async with working(database_url, redis_url) as work:
        taken: list[asyncpg.Connection] = []
        try:
            await _take_every_connection(taken, database_url)
            await work.wait_retrying("53300")
        finally:
            for conn in taken:
                conn.terminate()
        await work.finish()


async def _take_every_connection(taken: list[asyncpg.Connection], database_url: str) -> None:
    """The member's own are cut one by one, and their places taken."""
    admin = await asyncpg.connect(database_url)
    taken.append(admin)
    ours = [admin.get_server_pid()]
    while True:
        try:
            taken.append(await asyncpg.connect(database_url))
            ours.append(taken[-1].get_server_pid())
        except asyncpg.TooManyConnectionsError:
            cut_one = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND NOT pid = ANY ($1::int[]) LIMIT 1"
            )
            if not await admin.fetch(cut_one, ours):
                return
