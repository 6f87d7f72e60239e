"""Rows that this build would not make are found, and what mends them is named."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from projections.drift import DriftKind, adopt, drifts
from projections.fingerprints import PREFIX, fingerprint
from projections.migrate import check, migrate
from projections.registry import by_name

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url, statement_cache_size=0)
    yield connection
    await connection.close()


async def record(conn: asyncpg.Connection, name: str, recorded: str) -> None:
    await conn.execute(
        "UPDATE runtime.projections SET fingerprint = $2 WHERE name = $1", name, recorded
    )


async def recorded_of(conn: asyncpg.Connection, name: str) -> str:
    found: str = await conn.fetchval(
        "SELECT fingerprint FROM runtime.projections WHERE name = $1", name
    )
    return found


async def stand_in(conn: asyncpg.Connection, name: str, version: int) -> None:
    """As a build of another version left it."""
    await conn.execute("UPDATE runtime.projections SET version = $2 WHERE name = $1", name, version)
    await conn.execute(
        "UPDATE runtime.projection_checkpoints SET version = $2 WHERE projection = $1",
        name,
        version,
    )


def first_algorithm(name: str) -> str:
    """What builds before `v2:` recorded, from the files."""
    reads = sorted(by_name(name).reads)
    files = [(ROOT / "projections" / f"{name}.{end}").read_text() for end in ("py", "sql")]
    return hashlib.sha256("\0".join([name, "1", *reads, *files]).encode()).hexdigest()


async def test_a_fresh_installation_has_none(conn: asyncpg.Connection) -> None:
    assert await drifts(conn) == []


@pytest.mark.parametrize("other", [PREFIX + "0" * 64, "0" * 64])
async def test_a_changed_fold_names_the_command_that_builds_it_anew(
    conn: asyncpg.Connection, other: str
) -> None:
    await record(conn, "followups", other)

    (found,) = await drifts(conn)

    assert (found.projection, found.kind, found.asks) == ("followups", DriftKind.CODE_CHANGED, True)
    assert found.told() == (
        "the code of followups changed, its version (1) did not, and it holds rows of both: "
        "run agent-runtime replay --projection followups"
    )
    assert await check(conn) == []


async def test_of_a_changed_queue_it_is_said_that_nothing_builds_it_anew(
    conn: asyncpg.Connection,
) -> None:
    await record(conn, "inbox", PREFIX + "0" * 64)

    (found,) = await drifts(conn)

    assert (found.asks, found.command) == (False, None)
    assert "a work queue is not built from the event log" in found.told()
    assert "replay" not in found.told()


async def test_an_older_version_names_the_command_that_installs_the_new_one(
    conn: asyncpg.Connection,
) -> None:
    await stand_in(conn, "leads", 0)

    (found,) = await drifts(conn)

    assert (found.kind, found.asks) == (DriftKind.OTHER_VERSION, True)
    assert found.told() == (
        "leads stands in version 0, this build has 1, and it stays readable as it stands until the new "
        "version is installed: run agent-runtime replay --projection leads"
    )
    assert await check(conn) == []
    assert await conn.fetch("SELECT * FROM projections.leads") == []
    assert await migrate(conn, partitions=16, stream_prefix="domain-events") == []


async def test_a_newer_version_is_left_to_the_builds_that_have_it(conn: asyncpg.Connection) -> None:
    await stand_in(conn, "leads", 2)

    (found,) = await drifts(conn)

    assert (found.kind, found.command) == (DriftKind.OTHER_VERSION, None)
    assert "the builds that have its version feed it" in found.told()
    assert await check(conn) == []


async def test_a_queue_of_another_version_keeps_its_group_from_working(
    conn: asyncpg.Connection,
) -> None:
    await stand_in(conn, "inbox", 0)

    (found,) = await drifts(conn)

    assert found.told() == (
        "inbox stands in version 0, this build has 1: its group waits for the build that has version 0"
    )
    assert await check(conn) == [
        "inbox stands in version 0, this build has 1: run the build that has version 0"
    ]


async def test_a_fingerprint_of_the_first_algorithm_is_no_drift_and_is_replaced_once(
    conn: asyncpg.Connection,
) -> None:
    for name in ("messages", "inbox"):
        await record(conn, name, first_algorithm(name))
    assert await drifts(conn) == []

    await adopt(conn)

    for name in ("messages", "inbox"):
        assert await recorded_of(conn, name) == fingerprint(by_name(name))
    assert await drifts(conn) == []


async def test_only_a_fingerprint_of_the_first_algorithm_is_replaced(
    conn: asyncpg.Connection,
) -> None:
    others = {"messages": "0" * 64, "leads": PREFIX + "0" * 64, "inbox": first_algorithm("inbox")}
    for name, recorded in others.items():
        await record(conn, name, recorded)
    await stand_in(conn, "inbox", 2)

    await adopt(conn)

    assert {name: await recorded_of(conn, name) for name in others} == others
