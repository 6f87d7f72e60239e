"""A private Valkey on a unix socket."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from runtime.embedded.binaries import valkey_server
from runtime.embedded.privileges import ourselves
from runtime.embedded.server_process import ServerProcess


class Valkey:
    """Append-only, on disk within a second, or without `fsync` in memory alone; never evicts.

    The server inherits `inherited_fd`.
    """

    def __init__(self, *, data: Path, sockets: Path, fsync: bool, inherited_fd: int) -> None:
        self._data = data
        self._socket = sockets / "valkey.sock"
        self._fsync = fsync
        self._inherited_fd = inherited_fd
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """For redis-py."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise RuntimeError("the server is not started")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers PING."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        durable = ["--appendonly", "yes", "--appendfsync", "everysec"]
        command = [
            str(valkey_server()),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._data), "--save", "", "--daemonize", "no"),
            *("--maxmemory-policy", "noeviction"),
            *(durable if self._fsync else ["--appendonly", "no"]),
        ]
        self._process = ServerProcess(
            "valkey",
            command,
            account=ourselves(),
            log=self._data / "valkey.log",
            death_signal=signal.SIGTERM,
            inherited_fd=self._inherited_fd,
        )
        self._process.wait_ready(self._answers)

    def stop(self) -> None:
        """End it cleanly."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1)
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False
