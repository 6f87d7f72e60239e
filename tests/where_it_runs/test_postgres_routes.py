"""The corpus into Postgres behind PgBouncer, behind TLS, and of an older version."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import asyncpg
import pytest

from projections.migrate import migrate
from runtime.connections import Connections
from runtime.postgres_connection import CertificateRefused, connect
from tests.where_it_runs.certificates import make_certificates
from tests.where_it_runs.postgres_servers import pgbouncers, postgres_server, readable_by_all
from tests.where_it_runs.running import (
    check,
    corpus_lines,
    expected_events,
    publish,
    serving,
    settings_for,
    wait_logged,
)


async def migrated(url: str) -> None:
    conn = await connect(url)
    await migrate(conn, partitions=16, stream_prefix="domain-events")
    await conn.close()


async def test_poolers_restarted_in_turn_under_load_change_nothing(
    empty_database_url: str, redis_url: str, corpus: Path, tmp_path: Path
) -> None:
    readable_by_all(tmp_path)
    events = expected_events(corpus)
    with pgbouncers(tmp_path, empty_database_url) as (url, bouncers):
        await migrated(url)
        async with serving(settings_for(url, redis_url, BATCH_EVENTS="200")):
            await publish(redis_url, corpus_lines(corpus))
            for number, (bouncer, how) in enumerate(
                zip(bouncers, (signal.SIGINT, signal.SIGKILL), strict=True), start=1
            ):
                await wait_logged(empty_database_url, number * events // 4)
                await asyncio.to_thread(bouncer.stop, how)
                await wait_logged(empty_database_url, number * events // 4 + events // 8)
                bouncer.start()
            await wait_logged(empty_database_url, events)
    await check(empty_database_url, corpus)


async def test_a_pooler_is_noticed_and_no_statement_is_kept_behind_it(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    readable_by_all(tmp_path)
    with pgbouncers(tmp_path, database_url) as (url, _):
        connections = Connections(settings_for(url, redis_url, DB_STATEMENT_CACHE="100"))
        try:
            await connections.open_pool()
            pool = await connections.wait_open()
            assert connections.postgres is not None
            assert connections.postgres.route == "pooler"
            assert await asyncio.gather(*(doubled(pool, n) for n in range(200))) == [
                2 * n for n in range(200)
            ]
            async with pool.acquire() as conn, conn.transaction():
                await conn.fetchval("SELECT $1::integer", 1)
                kept = await conn.fetchval("SELECT count(*) FROM pg_prepared_statements")
        finally:
            await connections.close()
    assert kept == 0


async def doubled(pool: asyncpg.Pool, number: int) -> int:
    """One of two queries: behind a pooler a statement must not be taken for the other."""
    if number % 2:
        found: int = await pool.fetchval("SELECT $1::integer * 2", number)
    else:
        found = await pool.fetchval("SELECT $1::integer + $2::integer", number, number)
    return found


async def test_the_corpus_into_the_machine_s_postgres_by_verified_tls(
    redis_url: str, corpus: Path, tmp_path: Path
) -> None:
    readable_by_all(tmp_path)
    certificates = make_certificates(tmp_path)
    with postgres_server(tmp_path, certificates) as port:
        trusted = f"sslmode=verify-full&sslrootcert={certificates.ca_cert}"
        url = f"postgresql://agent_runtime@localhost:{port}/postgres?{trusted}"
        await migrated(url)
        async with serving(settings_for(url, redis_url)) as service:
            await publish(redis_url, corpus_lines(corpus))
            await wait_logged(url, expected_events(corpus))
            info = {f.name: f.samples for f in service.families()}["agent_runtime_postgres_info"]
        await check(url, corpus)
        with pytest.raises(CertificateRefused, match=r"127\.0\.0\.1.*SUPABASE_DB_URL"):
            await connect(url.replace("localhost", "127.0.0.1"))
        (tmp_path / "other").mkdir()
        other = make_certificates(tmp_path / "other")
        with pytest.raises(CertificateRefused, match="sslrootcert"):
            await connect(url.replace(str(certificates.ca_cert), str(other.ca_cert)))
    assert (info[0].labels["tls"], info[0].labels["route"]) == ("yes", "direct")
