"""What `migrate` applies and refuses, and what `check` finds, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.errors import PartitionsDisagree
from projections.migrate import (
    DatabaseIsNewer,
    MigrationChanged,
    check,
    drifted,
    known_migrations,
    migrate,
)
from projections.registry import ALL

PREFIX = "domain-events"


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url, statement_cache_size=0)
    yield connection
    await connection.close()


async def test_an_empty_database_is_brought_up_to_date(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url, statement_cache_size=0)
    try:
        missing = [f"migration {m.title} is not applied" for m in known_migrations()]
        assert await check(connection) == missing
        await migrate(connection, partitions=3, stream_prefix=PREFIX)
        assert await check(connection) == []
        rows = await connection.fetchval("SELECT count(*) FROM runtime.projection_checkpoints")
        assert rows == 3 * len(ALL)
    finally:
        await connection.close()


async def test_migrating_again_does_nothing(conn: asyncpg.Connection) -> None:
    assert await migrate(conn, partitions=16, stream_prefix=PREFIX) == []


async def test_another_number_of_partitions_is_refused(conn: asyncpg.Connection) -> None:
    with pytest.raises(PartitionsDisagree):
        await migrate(conn, partitions=8, stream_prefix=PREFIX)


async def test_a_changed_migration_is_refused_and_reported(conn: asyncpg.Connection) -> None:
    await conn.execute("UPDATE runtime.migrations SET sha256 = repeat('0', 64)")
    with pytest.raises(MigrationChanged):
        await migrate(conn, partitions=16, stream_prefix=PREFIX)
    assert "0001_runtime was changed" in (await check(conn))[0]


async def test_a_newer_database_is_refused(conn: asyncpg.Connection) -> None:
    await conn.execute(
        "INSERT INTO runtime.migrations (version, name, sha256) VALUES (9999, 'later', '')"
    )
    with pytest.raises(DatabaseIsNewer, match="9999_later"):
        await migrate(conn, partitions=16, stream_prefix=PREFIX)


async def test_a_fold_changed_without_a_version_is_reported(conn: asyncpg.Connection) -> None:
    await conn.execute(
        "UPDATE runtime.projections SET fingerprint = repeat('0', 64) WHERE name = 'followups'"
    )
    problems = await drifted(conn)
    assert len(problems) == 1
    assert "fold of followups changed" in problems[0]
    assert await check(conn) == []


async def test_a_missing_column_is_reported(conn: asyncpg.Connection) -> None:
    await conn.execute("ALTER TABLE projections.daily_counts_v1 DROP COLUMN count CASCADE")
    assert await check(conn) == ["projections.daily_counts_v1 lacks column count"]
