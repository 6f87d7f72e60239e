"""Embedded servers: they keep their data, and end with the program however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
from redis import Redis

from runtime.embedded import DataDirectoryBusy, EmbeddedServers

ROOT = Path(__file__).parents[2]
_PROGRAM = """
import signal, sys
from pathlib import Path
from runtime.embedded import EmbeddedServers
# Whoever was started in the background inherits that it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with EmbeddedServers(Path(sys.argv[1])) as servers:
    print(servers.valkey.pid, servers.postgres.pid, servers.redis_url, servers.database_url, flush=True)
    signal.pause()
"""


class _Program:
    """Another program that uses the servers of `directory`."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(directory)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        valkey, postgres, self.redis_url, self.database_url = self.process.stdout.readline().split()
        self.servers = [os.pidfd_open(int(pid)) for pid in (valkey, postgres)]
        self.postgres_pid = int(postgres)
        self.sockets = Path(self.redis_url.removeprefix("unix://")).parent

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.communicate(timeout=30)

    def wait_servers_ended(self) -> None:
        """A process's descriptor is readable once it ended: see pidfd_open(2)."""
        for server in self.servers:
            ended, _, _ = select.select([server], [], [], 30)
            assert ended, "a server outlived its program"

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()
        for server in self.servers:
            os.close(server)


@contextmanager
def _program(directory: Path) -> Iterator[_Program]:
    program = _Program(directory)
    try:
        yield program
    finally:
        program.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_no_server_outlives_its_program(tmp_path: Path, how: signal.Signals) -> None:
    with _program(tmp_path) as program:
        # A client stays connected: Postgres must not wait for it to leave.
        client = await asyncpg.connect(program.database_url)
        program.end(how)
        program.wait_servers_ended()
        client.terminate()


async def test_a_start_right_after_a_kill_works_and_finds_the_data(tmp_path: Path) -> None:
    with _program(tmp_path) as program:
        conn = await asyncpg.connect(program.database_url)
        await conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with Redis.from_url(program.redis_url) as redis:
            redis.set("kept", "42")
        # A slow end of the old server: it is frozen, and only half a second later gets its signal.
        os.kill(program.postgres_pid, signal.SIGSTOP)
        threading.Timer(0.5, os.kill, (program.postgres_pid, signal.SIGCONT)).start()
        program.end(signal.SIGKILL)
        with EmbeddedServers(tmp_path) as servers:
            again = await asyncpg.connect(servers.database_url)
            assert await again.fetchval("SELECT answer FROM kept") == 42
            await again.close()
            with Redis.from_url(servers.redis_url) as redis:
                assert redis.get("kept") == b"42"
        conn.terminate()


def test_a_second_program_is_told_who_uses_the_directory(tmp_path: Path) -> None:
    with _program(tmp_path) as program:
        with pytest.raises(DataDirectoryBusy) as refused:
            EmbeddedServers(tmp_path).start()
        assert refused.value.owner_pid == program.process.pid


def test_the_sockets_of_a_killed_program_are_removed_at_the_next_start(tmp_path: Path) -> None:
    with _program(tmp_path / "killed") as program:
        program.end(signal.SIGKILL)
        program.wait_servers_ended()
        with EmbeddedServers(tmp_path / "next", fsync=False) as servers:
            assert not program.sockets.exists()
            mine = Path(servers.redis_url.removeprefix("unix://")).parent
        assert not mine.exists()


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half_made = tmp_path / "postgres" / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")
    with EmbeddedServers(tmp_path, fsync=False):
        assert not half_made.exists()
        assert (tmp_path / "postgres" / "cluster" / "global").is_dir()
