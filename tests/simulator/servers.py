"""Private servers that are crashed and started again on the same data."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from runtime.embedded.binaries import postgres_bin, valkey_server
from runtime.embedded.postgres import Postgres
from runtime.embedded.privileges import Account, ourselves, unprivileged
from runtime.embedded.server_process import ServerProcess

_READY_WITHIN_S = 60.0
_POLL_S = 0.003


class Server:
    """One server process over its data, started from the main thread."""

    def __init__(
        self, name: str, command: list[str], *, account: Account, log: Path, inherited_fd: int
    ) -> None:
        self._name = name
        self._command = command
        self._account = account
        self._log = log
        self._inherited_fd = inherited_fd
        self._process: ServerProcess | None = None
        self.is_ready: Callable[[], bool] = lambda: False

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def crash(self, how: signal.Signals) -> None:
        """End it without a clean shutdown, and wait for the end."""
        if self._process is not None:
            self._process.stop(how)

    async def start(self) -> None:
        """Start and wait until it answers.

        A start may be refused while what the crashed one left behind still ends: it is tried again.
        """
        async with asyncio.timeout(_READY_WITHIN_S):
            while True:
                self._process = self._spawn()
                while not self.is_ready() and self._running():  # noqa: ASYNC110 - a process
                    await asyncio.sleep(_POLL_S)
                if self._running():
                    return
                await asyncio.sleep(_POLL_S)

    def _spawn(self) -> ServerProcess:
        return ServerProcess(
            self._name,
            self._command,
            account=self._account,
            log=self._log,
            death_signal=signal.SIGKILL if self._name == "valkey" else signal.SIGQUIT,
            inherited_fd=self._inherited_fd,
        )

    def _running(self) -> bool:
        return self._process is not None and self._process._process.poll() is None


def redis_server(data: Path, sockets: Path, inherited_fd: int) -> Server:
    """Append-only, on disk before every answer."""
    data.mkdir(parents=True)
    path = sockets / "valkey.sock"
    command = [
        str(valkey_server()),
        *("--port", "0", "--unixsocket", str(path), "--dir", str(data)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]
    server = Server(
        "valkey",
        command,
        account=ourselves(),
        log=data / "valkey.log",
        inherited_fd=inherited_fd,
    )
    server.is_ready = lambda: _answers_ping(path)
    return server


def postgres_server(data: Path, sockets: Path, inherited_fd: int) -> Server:
    """A new cluster. What a commit left in the kernel survives a crash of the server alone."""
    cluster = Postgres(data=data, sockets=sockets, fsync=False, inherited_fd=inherited_fd)
    data.mkdir(parents=True)
    account = unprivileged()
    account.own(data)
    account.own(sockets)
    cluster._create()
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "fsync": "off",
        "full_page_writes": "off",
        # A session may turn it off: its last commits are then lost with a crash.
        "synchronous_commit": "on",
        "wal_writer_delay": "200ms",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "autovacuum": "off",
        "log_min_messages": "warning",
    }
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    server = Server(
        "postgres",
        [str(postgres_bin() / "postgres"), "-D", str(data / "cluster"), *flags],
        account=account,
        log=data / "postgres.log",
        inherited_fd=inherited_fd,
    )
    server.is_ready = lambda: _takes_connections(data / "cluster" / "postmaster.pid", server)
    return server


def _answers_ping(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _takes_connections(pid_file: Path, server: Server) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(server.pid) and lines[7].strip() == "ready"
