"""`replay` stopped in the middle, slowed down, and watched at a terminal."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import pytest

from tests.begun_command import BegunCommand, begin_command
from tests.rebuild.ground import mixed, publish, rows_of, schemas
from tests.rebuild.victim import killed_at
from tests.runtime.operators import Operator

READING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'agent-runtime {kind}' AND wait_event_type = 'Lock'"
)
AUDIT = "SELECT action, arguments::text, affected FROM runtime.audit_log ORDER BY id"
DEADLINE_S = 40.0


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def begin(
    operator: Operator, *words: str, stderr: int = subprocess.PIPE, stdout: int = subprocess.PIPE
) -> BegunCommand:
    """A command in a session of its own, so that a signal reaches it as at a terminal."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(operator.folder),
        "USER": "ana",
        "COLUMNS": "80",
        "TERM": "xterm",
        "SUPABASE_DB_URL": operator.database_url,
        "REDIS_URL": operator.redis_url,
    }
    return begin_command(
        words, environ=environ, folder=operator.folder, stdout=stdout, stderr=stderr
    )


@asynccontextmanager
async def no_reader_passes(operator: Operator, table: str) -> AsyncIterator[None]:
    """Whoever wants to read the table waits."""
    conn = await asyncpg.connect(operator.database_url)
    try:
        async with conn.transaction():
            await conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await conn.close()


async def wait_until(conn: asyncpg.Connection, sql: str, wanted: object) -> None:
    """Until a query's only value is this; a table that is not there yet is waited for."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                if await conn.fetchval(sql) == wanted:
                    return
            except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
                pass
            await asyncio.sleep(0.02)


async def ended(process: BegunCommand) -> tuple[int, str]:
    """Its exit code and what it said on standard error."""
    _, err = await asyncio.to_thread(process.communicate)
    assert b"Traceback" not in err, err.decode()
    return process.wait(), err.decode()


@pytest.mark.parametrize(
    ("how", "workers"),
    [
        (signal.SIGINT, 2),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.soak),
    ],
)
async def test_a_replay_that_is_stopped_says_so_and_is_gone_on_with(
    operator: Operator, conn: asyncpg.Connection, how: signal.Signals, workers: int
) -> None:
    before = await rows_of(operator.database_url)
    words = ("replay", "--all", "--workers", str(workers))
    async with no_reader_passes(operator, "runtime.event_log"):
        process = begin(operator, *words)
        await wait_until(conn, READING.format(kind="replay"), workers)
        # As a terminal does it: all of its processes get it.
        os.killpg(process.pid, how)
        code, err = await ended(process)
    assert code == 130
    assert err.splitlines()[-1] == (
        "stopped: the live read models are as they were; the same command goes on"
    )
    await wait_until(conn, READING.format(kind="replay"), 0)
    assert await schemas(operator.database_url) == ["replay_scratch"]
    assert await operator.rows(AUDIT) == []
    await conn.execute("UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 minute'")
    listed = " ".join((await operator.run("projections", "list")).out.split())
    assert "never ended: replay of conversations, messages, leads," in listed
    assert "the same command goes on, and agent-runtime replay --abandon drops it" in listed
    refused = await operator.run("replay", "--projection", "leads")
    assert (refused.code, refused.out) == (1, "")
    assert "and it never ended: ask for the same again to finish it" in refused.err
    again = await operator.run(*words)
    assert again.code == 0, again.err
    assert "goes on where it was stopped" in again.err.splitlines()[0]
    assert await rows_of(operator.database_url) == before


async def test_a_check_that_is_stopped_leaves_nothing(
    operator: Operator, conn: asyncpg.Connection
) -> None:
    async with no_reader_passes(operator, "runtime.event_log"):
        process = begin(operator, "projections", "check", "--workers", "2")
        await wait_until(conn, READING.format(kind="replay"), 2)
        os.killpg(process.pid, signal.SIGINT)
        code, err = await ended(process)
    assert code == 130
    assert err.splitlines()[-1] == "stopped: nothing was changed, and nothing is left behind"
    assert await schemas(operator.database_url) == []


async def test_a_killed_replay_can_be_dropped(operator: Operator, conn: asyncpg.Connection) -> None:
    async with no_reader_passes(operator, "runtime.event_log"):
        process = begin(operator, "replay", "--projection", "leads", "--workers", "1")
        await wait_until(conn, READING.format(kind="replay"), 1)
        other = await operator.run("replay", "--abandon")
        assert other.code == 1
        assert "is at it since" in other.err
        listed = " ".join((await operator.run("projections", "list")).out.split())
        assert "under way: replay of leads, begun by ana@" in listed
        os.killpg(process.pid, signal.SIGKILL)
        await ended(process)
    dropped = await operator.run("replay", "--abandon", "--as", "maria")
    assert (dropped.code, dropped.out) == (0, "dropped: replay of leads\n")
    assert await schemas(operator.database_url) == []
    again = await operator.run("replay", "--abandon")
    assert (again.code, again.out) == (0, "there is no unfinished replay\n")
    ((action, arguments, affected),) = await operator.rows(AUDIT)
    assert (action, affected) == ("replay --abandon", 1)
    assert orjson.loads(arguments) == {"run": "replay of leads"}


async def test_a_dropped_replay_says_who_reads_its_tables_and_waits_for_it(
    operator: Operator, conn: asyncpg.Connection
) -> None:
    await killed_at(operator.database_url, "chunk", "leads")
    await conn.execute("UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 minute'")
    await conn.execute("SET application_name = 'psql'")
    async with conn.transaction():
        await conn.fetchval("SELECT count(*) FROM replay_scratch.partitions")
        process = begin(operator, "replay", "--abandon")
        assert process.stderr is not None
        told = (await asyncio.to_thread(process.stderr.readline)).decode()
        assert process.poll() is None
        assert await schemas(operator.database_url) == ["replay_scratch"]
    out, err = await asyncio.to_thread(process.communicate)
    waits = (
        rf"the end waits for psql \(pid {conn.get_server_pid()}\), whose transaction is open for "
    )
    assert re.match(waits, told)
    assert (process.wait(), out, err) == (0, b"dropped: replay of leads\n", b"")
    assert await schemas(operator.database_url) == []


async def test_what_was_swapped_before_a_stop_is_said_and_audited(
    operator: Operator, conn: asyncpg.Connection
) -> None:
    reader = await asyncpg.connect(operator.database_url)
    await reader.execute("SET application_name = 'dashboard'")
    async with reader.transaction():
        await reader.execute("SELECT count(*) FROM projections.handoffs")
        process = begin(operator, "replay", "--projection", "leads,handoffs")
        assert process.stderr is not None
        told = b""
        while b"waits for dashboard" not in told:
            told = await asyncio.to_thread(process.stderr.readline)
            assert told
        os.killpg(process.pid, signal.SIGINT)
        code, err = await ended(process)
    await reader.close()
    assert f"the swap of handoffs waits for dashboard (pid {reader_pid(told)})" in told.decode()
    assert code == 130
    assert err.splitlines()[-1] == (
        "stopped: leads done, the others are as they were; the same command goes on"
    )
    assert (await operator.run("replay", "--projection", "leads,handoffs")).code == 0
    audited = [orjson.loads(arguments) for _, arguments, _ in await operator.rows(AUDIT)]
    assert [(a["projections"], a["outcome"]) for a in audited] == [
        (["leads"], "stopped"),
        (["leads", "handoffs"], "done"),
    ]


def reader_pid(told: bytes) -> int:
    return int(told.decode().partition("(pid ")[2].partition(")")[0])


async def test_live_traffic_goes_first(operator: Operator, conn: asyncpg.Connection) -> None:
    words = ("replay", "--all", "--workers", "1", "--share", "0.2", "--max-lag")
    share = "SELECT round(share::numeric, 3)::float8 FROM replay_scratch.run"
    async with operator.member():
        async with no_reader_passes(operator, "runtime.event_log"):
            await publish(operator.redis_url, mixed(3, start=400))
            process = begin(operator, *words, "600")
            await wait_until(conn, share, 0.2)
            os.killpg(process.pid, signal.SIGINT)
            await ended(process)
            process = begin(operator, *words, "0.1")
            await wait_until(conn, share, 0.0)
        code, err = await ended(process)
    assert code == 0, err
    lines = err.splitlines()
    waits = next(n for n, line in enumerate(lines) if line.endswith("behind: it waits"))
    assert "live traffic has caught up: it goes on" in lines[waits:]


@pytest.mark.parametrize("more", [(), pytest.param(("--json",), marks=pytest.mark.soak)])
async def test_a_reader_that_has_gone_does_not_keep_it_from_its_end(
    operator: Operator, more: tuple[str, ...]
) -> None:
    await operator.execute("UPDATE projections.messages_v1 SET text = repeat('long ', 60) || text")
    process = begin(operator, "replay", "--projection", "messages,leads", "--keep-old", "0", *more)
    assert process.stdout is not None
    process.stdout.close()
    code = await asyncio.to_thread(process.wait)
    assert process.stderr is not None
    err = process.stderr.read().decode()
    process.stderr.close()
    assert code == 0, err
    assert "leads: no row differs; the new rows are live" in err
    assert "BrokenPipe" not in err


@pytest.mark.parametrize("more", [(), ("--json",)])
async def test_an_answer_that_cannot_be_written_is_a_failure(
    operator: Operator, more: tuple[str, ...]
) -> None:
    words = ("replay", "--projection", "leads", "--dry-run", *more)
    full = os.open("/dev/full", os.O_WRONLY)
    process = begin(operator, *words, stdout=full)
    os.close(full)
    code, err = await ended(process)
    assert code == 1
    assert err.splitlines()[-1] == "standard output: No space left on device"
    assert await schemas(operator.database_url) == []


async def test_rows_go_to_a_file_while_a_bar_is_drawn_on_a_terminal(
    operator: Operator,
) -> None:
    await operator.execute("UPDATE projections.leads_v1 SET stage = 'lost'")
    ours, theirs = os.openpty()
    words = ("projections", "check", "leads", "--json")
    process = begin(operator, *words, stderr=theirs)
    os.close(theirs)
    drawn = b""
    while True:
        try:
            drawn += await asyncio.to_thread(os.read, ours, 4096)
        except OSError:  # its other end is closed
            break
    out, _ = await asyncio.to_thread(process.communicate)
    os.close(ours)
    kinds = [orjson.loads(line)["kind"] for line in out.splitlines()]
    assert process.returncode == 1
    assert kinds[-1] == "table"
    assert set(kinds[:-1]) == {"row"}
    assert b'"kind"' not in drawn
    assert b"comparing leads" in drawn
