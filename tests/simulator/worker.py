"""The worker processes: a parent that has imported everything, and workers forked from it.

Run as `python -m tests.simulator.worker CLOCKS_FILE`. It obeys one JSON line a command on stdin and
answers each with one line. Its workers die with it.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from consumers import log_basis, projector, transaction
from consumers.engine import Engine
from consumers.engine_settings import EngineSettings
from projections.fingerprints import fingerprint
from projections.groups import group_named
from runtime.connections import Connections
from runtime.settings import Settings
from tests.simulator.clocks import Clocks
from tests.simulator.mutants import apply_mutant
from tests.simulator.telling import telling_observer

_PR_SET_PDEATHSIG = 1
_LARGE = 100
"""Of the batches that a schedule may have."""


async def _run(job: dict[str, Any]) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    # Blocked until now: a stop that comes in the first moments is a stop, not a death.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    settings = Settings(
        supabase_db_url=job["database_url"],
        redis_url=job["redis_url"],
        block_ms=job["engine"]["block_ms"],
        db_pool_min=1,
        db_pool_max=7,
    )
    connections = Connections(settings)
    while connections.pool is None and not stopping.is_set():
        try:
            await connections.open_pool()
        except Exception as error:  # noqa: BLE001 - whatever is wrong now is healed later
            print("no pool:", repr(error), flush=True)
            await asyncio.sleep(0.02)
    if connections.pool is not None:
        await _consume(job, connections, connections.pool, stopping)
    await connections.close()


async def _consume(
    job: dict[str, Any], connections: Connections, pool: asyncpg.Pool, stopping: asyncio.Event
) -> None:
    engine = Engine(
        group_named("projections"),
        pool=pool,
        redis=connections.redis,
        settings=EngineSettings(**job["engine"]),
        member_id=job["member_id"],
        observer=telling_observer(),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.run(), name="engine")
        await stopping.wait()
        await engine.stop()


def _copy_from(rows: int) -> None:
    """Batches of so many events take a transaction and copy their rows; few are as large as live ones are."""
    writing: tuple[Any, ...] = (log_basis, projector)
    for module in writing:
        module.WORTH_A_COPY = rows
    transaction._SMALL = rows - 1


def _become_worker(job: dict[str, Any], clocks: Clocks) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    clocks.rule(job["slot"])
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    print(f"--- {job['member_id']} starts as {os.getpid()}", flush=True)
    if job["engine"]["batch_events"] >= _LARGE:
        _copy_from(_LARGE // 5)
    if job["mutant"]:
        apply_mutant(job["mutant"])
    runner = uvloop.new_event_loop if job["uvloop"] else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=runner) as loop:
        loop.run(_run(job))


def _fork(job: dict[str, Any], clocks: Clocks) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become_worker(job, clocks)
        code = 0
    except BaseException:  # noqa: BLE001 - a fork must never return into its parent's loop
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(code)


def _reap(pid: int, *, wait: bool) -> int | None:
    """The worker's exit code, negative for a signal; None while it runs."""
    found, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _get_ready() -> None:
    """What every worker would do first, done once: reading the read models' code, above all."""
    for projection in group_named("projections").projections:
        fingerprint(projection)
    gc.freeze()


def main() -> None:
    clocks = Clocks(Path(sys.argv[1]))
    _get_ready()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    for line in sys.stdin:
        command = json.loads(line)
        answer: int | None
        if command["do"] == "start":
            answer = _fork(command["job"], clocks)
        else:
            answer = _reap(command["pid"], wait=command["wait"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
