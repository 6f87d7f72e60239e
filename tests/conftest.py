"""Real servers for the tests: one pair a session, a database and an empty Redis a test."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis import Redis

from projections.migrate import migrate
from runtime.embedded import EmbeddedServers
from tests import forked_command
from tests.copies import Copies, copies_of
from tests.in_memory import data_folder, in_memory
from tests.known_types import keep_known_types
from tests.told import KEY, Told

# Processes that tests start compile what they import once, not each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Who starts the tests in the background hands down that Ctrl-C is ignored; our processes heed it.
signal.signal(signal.SIGINT, signal.default_int_handler)
keep_known_types()
ROOT = Path(__file__).parent.parent
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the place for what tests say."""
    config.stash[KEY] = Told()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what tests said, also of those that passed."""
    if lines := config.stash[KEY].summary():
        terminalreporter.section("told by the tests")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among thousands of tests that are only made, nor in any later collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what tests share; where they run in several processes, hand on what they said here."""
    forked_command.end()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["told"] = session.config.stash[KEY].summary()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Keep what they said in a process that has ended."""
    for line in getattr(node, "workeroutput", {}).get("told", []):
        node.config.stash[KEY].say(line)


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    """What a test says here is printed at the end of the run."""
    return request.config.stash[KEY]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """One Valkey and one PostgreSQL, without fsync."""
    with (
        data_folder(tmp_path_factory.mktemp("servers")) as folder,
        EmbeddedServers(folder, fsync=False) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def migrated_template(servers: EmbeddedServers) -> str:
    """The name of a migrated database to copy."""

    async def make() -> None:
        admin = await asyncpg.connect(servers.database_url)
        await admin.execute("CREATE DATABASE migrated_template")
        await admin.close()
        conn = await asyncpg.connect(servers.postgres.url("migrated_template"))
        await migrate(conn, partitions=16, stream_prefix="domain-events")
        await conn.close()

    asyncio.run(make())
    return "migrated_template"


@pytest.fixture(scope="session")
def migrated_copies(servers: EmbeddedServers, migrated_template: str) -> Iterator[Copies]:
    """Migrated databases, made ahead."""
    strategy = "FILE_COPY" if in_memory(servers.directory) else "WAL_LOG"
    with copies_of(servers.database_url, migrated_template, strategy) as copies:
        yield copies


@pytest.fixture
def database_url(servers: EmbeddedServers, migrated_copies: Copies) -> Iterator[str]:
    """A fresh migrated database, 16 partitions."""
    name = migrated_copies.take()
    yield servers.postgres.url(name)
    migrated_copies.give_back(name)


@pytest.fixture
async def empty_database_url(servers: EmbeddedServers) -> AsyncIterator[str]:
    """A fresh database without anything in it."""
    name = f"empty_{next(_numbers)}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template1")
    await admin.close()
    yield servers.postgres.url(name)
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def redis_url(servers: EmbeddedServers) -> str:
    """An emptied Valkey."""
    client = Redis.from_url(servers.redis_url)
    client.flushall()
    client.close()
    return servers.redis_url


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with the real corpora; without it a failure in CI, elsewhere a skip."""
    given = os.environ.get("AGENT_RUNTIME_CORPUS")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not (folder / "sgd-events.jsonl.gz").exists():
        missing = f"no corpus in {folder}; set AGENT_RUNTIME_CORPUS to its folder"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return folder
