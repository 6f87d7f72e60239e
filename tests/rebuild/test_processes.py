"""The command and its workers as processes: killed alone or together, cut off, and gone on with."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tests.consumers.members import member, wait_caught_up
from tests.faults.servers import child_pids
from tests.rebuild.accounts import forge, unbalanced, value, wait_true
from tests.rebuild.conftest import RowsAfter
from tests.rebuild.ground import NAMES, consumed, mixed, publish, rows_of, schemas
from tests.rebuild.victim import killed_at
from tests.runtime.operators import Answer, Operator
from tests.told import Told

ALL = ("replay", "--all", "--workers", "2")
SILENT = "UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 hour'"
READ = "SELECT sum(read)::int FROM replay_scratch.partitions"
CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE application_name LIKE 'agent-runtime%' AND datname = current_database()
"""
WORKERS = "backend_type = 'client backend' AND application_name = 'agent-runtime replay'"
BLOCKED = f"""
    SELECT count(*) >= 2 FROM pg_stat_activity
     WHERE {WORKERS} AND wait_event_type = 'Lock' AND datname = current_database()
       AND backend_start > $1
"""


@pytest.fixture
def bare_operator(bare_operator: Operator) -> Operator:
    """Its commands are this process's own children, to be found and killed."""
    return replace(bare_operator, afresh=True)


@asynccontextmanager
async def nobody_fills(url: str) -> AsyncIterator[None]:
    """Who fills a partition waits until the block's end."""
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            await conn.execute("SELECT FROM replay_scratch.partitions FOR UPDATE")
            yield
    finally:
        await conn.close()


def commands() -> list[int]:
    """The processes of commands that this one has started."""
    return [
        pid
        for pid in child_pids(os.getpid())
        if b"agent-runtime\0replay" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and nobody asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def workers() -> set[int]:
    """Workers of the command that runs."""
    return {pid for command in commands() for pid in child_pids(command) if lives(pid)}


async def wait_others(url: str, than: set[int]) -> set[int]:
    """Until two new workers are at work, and blocked; who they are."""
    since = await value(url, "SELECT clock_timestamp()")
    async with asyncio.timeout(60):
        while len(now := workers()) < 2 or now & than:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    await wait_true(url, BLOCKED, since)
    return now


async def ended(command: asyncio.Task[Answer], number: signal.Signals) -> Answer:
    """Send the command a signal; its answer, once its workers have ended too."""
    (pid,), theirs = commands(), workers()
    os.kill(pid, number)
    answer = await command
    async with asyncio.timeout(30):
        while any(map(lives, theirs)):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.01)
    return answer


async def test_killed_workers_are_replaced_and_those_of_a_killed_command_end(
    bare_operator: Operator,
) -> None:
    url = bare_operator.database_url
    await consumed(url, bare_operator.redis_url, mixed(400))
    right = await rows_of(url)
    await forge(url)
    wrong = await rows_of(url)
    await killed_at(url, "chunk")
    await value(url, SILENT)
    read = await value(url, READ)
    async with nobody_fills(url):
        command = asyncio.create_task(bare_operator.run(*ALL))
        first = await wait_others(url, set())
        os.kill(min(first), signal.SIGKILL)
        second = await wait_others(url, first)
        await value(url, CUT)
        await wait_others(url, second)
        stopped = await ended(command, signal.SIGINT)
        # What dead workers' sessions wait for here, nobody holds in earnest.
        await value(url, CUT)
        command = asyncio.create_task(bare_operator.run(*ALL))
        await wait_others(url, set())
        killed = await ended(command, signal.SIGKILL)
        assert await rows_of(url) == wrong
    assert stopped.code == 130
    assert stopped.err.count("goes on where it was stopped") == 1
    assert "a worker was ended by SIGKILL: it goes on in" in stopped.err
    assert stopped.err.count("it goes on in") == 2
    assert "stopped: the live read models are as they were" in stopped.err
    assert killed.code == -signal.SIGKILL
    assert await value(url, READ) == read, "who was killed or cut off has left nothing behind"
    done = await bare_operator.run(*ALL)
    assert (done.code, done.err.count("goes on where it was stopped")) == (0, 1)
    assert await rows_of(url) == right
    assert await schemas(url) == [f"replaced_{name}" for name in sorted(NAMES)]
    assert await unbalanced(url) == []


@pytest.mark.soak
async def test_a_command_whose_connections_are_all_cut_ends_well(bare_operator: Operator) -> None:
    """Also those that it does not rebuild through: of its look at live traffic, of its audit."""
    url = bare_operator.database_url
    await consumed(url, bare_operator.redis_url, mixed(200))
    reader = await asyncpg.connect(url)
    async with reader.transaction():
        await reader.execute("LOCK TABLE projections.leads IN ACCESS SHARE MODE")
        command = asyncio.create_task(bare_operator.run("replay", "--projection", "leads"))
        await wait_true(
            url,
            "SELECT to_regclass('replay_scratch.run') IS NOT NULL"
            " AND EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock')",
        )
        await reader.execute(CUT)
    await reader.close()
    done = await command
    assert (done.code, done.err.count("it goes on in")) == (0, 1), done.err
    assert await bare_operator.rows("SELECT action FROM runtime.audit_log") == [("replay",)]
    assert await schemas(url) == ["replaced_leads"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_killed_at_random_moments_a_replay_comes_to_its_end(
    bare_operator: Operator, rows_after: RowsAfter, told: Told
) -> None:
    """The command alone, with its workers, or one of them; a live member is at work throughout."""
    url, drawn, bodies = bare_operator.database_url, random.Random(7), mixed(4000)
    await consumed(url, bare_operator.redis_url, bodies)
    await forge(url)
    killed = dict.fromkeys(("command", "both", "worker"), 0)
    async with member(url, bare_operator.redis_url):
        while killed["command"] + killed["both"] < 40 or killed["worker"] < 15:
            more = mixed(20, start=len(bodies))
            bodies += more
            await publish(bare_operator.redis_url, more)
            command = asyncio.create_task(bare_operator.run(*ALL))
            await asyncio.wait({command}, timeout=drawn.uniform(0.8, 6))
            for whom in drawn.choices(tuple(killed), k=2):
                theirs = list(workers())
                targets = {"command": commands(), "worker": theirs[:1]}
                for pid in targets.get(whom, [*theirs, *commands()]):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed[whom] += 1
                await asyncio.wait({command}, timeout=drawn.uniform(0, 2))
            for pid in commands():
                os.kill(pid, signal.SIGKILL)
            answer = await command
            assert answer.code in (0, -signal.SIGKILL), answer.err
            assert await unbalanced(url) == []
        done = await bare_operator.run(*ALL)
        assert done.code == 0, done.err
        await wait_caught_up(url, bare_operator.redis_url)
    assert await rows_of(url) == await rows_after(bodies)
    assert await schemas(url) == [f"replaced_{name}" for name in sorted(NAMES)]
    told.say(f"killed at random moments of a replay: {killed}")
