"""One breakable Postgres a session, with a fresh migrated database a test; a Valkey a test."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from projections.migrate import migrate
from tests.faults.servers import BreakablePostgres, BreakableValkey, sockets_directory
from tests.faults.under_load import QUICK
from tests.in_memory import data_folder

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def breakable_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BreakablePostgres]:
    """A server with a migrated database called `template`."""
    with (
        sockets_directory() as sockets,
        sockets_directory() as links,
        data_folder(tmp_path_factory.mktemp("breakable")) as data,
    ):
        cluster = BreakablePostgres(data, links / "address", sockets)
        cluster.start()
        try:
            cluster.serve_at_address()
            asyncio.run(_make_template(cluster))
            yield cluster
        finally:
            cluster.stop()


async def _make_template(cluster: BreakablePostgres) -> None:
    admin = await asyncpg.connect(cluster.url())
    await admin.execute("CREATE DATABASE template")
    await admin.close()
    conn = await asyncpg.connect(cluster.url("template"))
    await migrate(conn, partitions=QUICK.partitions, stream_prefix="domain-events")
    await conn.close()


@pytest.fixture
async def breakable(breakable_cluster: BreakablePostgres) -> tuple[str, BreakablePostgres]:
    """A fresh migrated database's URL, and the server that it is on."""
    name = f"broken_{next(_numbers)}"
    admin = await asyncpg.connect(breakable_cluster.url())
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template")
    await admin.close()
    return breakable_cluster.url(name), breakable_cluster


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[BreakableValkey]:
    """A server with an append-only file, kept across a kill."""
    with sockets_directory() as sockets:
        flags = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
        server = BreakableValkey(tmp_path / "valkey", sockets, *flags)
        server.start()
        yield server
        server.kill()
