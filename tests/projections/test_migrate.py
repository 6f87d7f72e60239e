"""What `migrate` applies and refuses, and what `check` finds, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.errors import PartitionsDisagree
from projections.declared_columns import declared_columns
from projections.migrate import (
    DatabaseIsNewer,
    MigrationChanged,
    check,
    known_migrations,
    migrate,
    physical_name,
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


async def test_a_missing_column_is_reported(conn: asyncpg.Connection) -> None:
    await conn.execute("ALTER TABLE projections.daily_counts_v1 DROP COLUMN count CASCADE")
    await conn.execute("ALTER TABLE agent.bursts_v1 DROP COLUMN last_position CASCADE")
    assert await check(conn) == [
        "agent.bursts_v1 lacks column last_position",
        "projections.daily_counts_v1 lacks column count",
    ]


async def test_a_missing_column_of_the_engine_is_reported(conn: asyncpg.Connection) -> None:
    await conn.execute("ALTER TABLE runtime.audit_log DROP COLUMN actor")
    await conn.execute("DROP TABLE core.knowledge_chunks")
    assert await check(conn) == [
        "core.knowledge_chunks is not there, or may not be read",
        "runtime.audit_log lacks column actor",
    ]
    assert await check(conn, platform=False) == ["runtime.audit_log lacks column actor"]


async def test_what_the_migrations_declare_is_what_a_fresh_database_has(
    conn: asyncpg.Connection,
) -> None:
    rows = await conn.fetch(
        "SELECT c.table_schema, c.table_name, c.column_name FROM information_schema.columns AS c"
        "  JOIN information_schema.tables AS t USING (table_schema, table_name)"
        " WHERE t.table_schema IN ('core', 'runtime', 'agent') AND t.table_type = 'BASE TABLE'"
    )
    models = {(table.schema, physical_name(table, p.version)) for p in ALL for table in p.tables}
    stand: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in rows:
        stand.setdefault((schema, table), set()).add(column)
    stand = {table: columns for table, columns in stand.items() if table not in models}
    # Made by `migrate` itself, before any migration.
    del stand["runtime", "migrations"]

    assert declared_columns(migration.sql for migration in known_migrations()) == stand
    assert stand["core", "companies"] == {"id", "name", "status", "timezone", "locale", "settings"}


async def test_a_platforms_own_tables_stay_as_they_are(empty_database_url: str) -> None:
    conn = await asyncpg.connect(empty_database_url, statement_cache_size=0)
    try:
        await conn.execute(
            "CREATE SCHEMA core;"
            "CREATE TABLE core.companies (id uuid PRIMARY KEY, name text, status text,"
            " timezone text, locale text, settings jsonb, plan text);"
            "CREATE TABLE core.centurions (id uuid PRIMARY KEY, company_id uuid, name text)"
        )
        await migrate(conn, partitions=16, stream_prefix=PREFIX)

        problems = await check(conn)
        assert "core.centurions lacks column debounce_ms" in problems
        assert not [problem for problem in problems if "companies" in problem]
        assert await check(conn, platform=False) == []
        assert await conn.fetchval("SELECT count(plan) FROM core.companies") == 0
    finally:
        await conn.close()


async def test_a_role_that_may_not_create_in_the_platforms_schema_migrates_beside_it(
    empty_database_url: str,
) -> None:
    """The platform's tables all stand: nothing is created there, so no right to is needed."""
    sql = next(migration.sql for migration in known_migrations() if migration.version == 3)
    conn = await asyncpg.connect(empty_database_url, statement_cache_size=0)
    try:
        async with conn.transaction():
            await conn.execute(sql)
            await conn.execute(
                "CREATE ROLE bot_without_rights; GRANT USAGE ON SCHEMA core TO bot_without_rights;"
                "SET LOCAL ROLE bot_without_rights"
            )
            await conn.execute(sql)
            await conn.execute("RESET ROLE; DROP OWNED BY bot_without_rights")
            await conn.execute("DROP ROLE bot_without_rights")
    finally:
        await conn.close()


async def test_embeddings_are_vectors_where_the_server_has_them(conn: asyncpg.Connection) -> None:
    available = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')"
    )
    kind = await conn.fetchval(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'core.knowledge_chunks'::regclass AND attname = 'embedding'"
    )
    assert kind == ("vector" if available else "real[]")


async def test_one_credential_set_of_a_provider_is_the_default(conn: asyncpg.Connection) -> None:
    insert = (
        "INSERT INTO core.integration_credential_sets (id, provider, name, is_default)"
        " VALUES ($1, $2, 'x', $3)"
    )
    await conn.execute(insert, "a", "openai", True)
    await conn.execute(insert, "b", "openai", False)
    await conn.execute(insert, "c", "other", True)
    with pytest.raises(asyncpg.UniqueViolationError):
        await conn.execute(insert, "d", "openai", True)
