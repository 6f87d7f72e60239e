"""A private PostgreSQL on a unix socket."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

from runtime.embedded.binaries import postgres_bin
from runtime.embedded.errors import ServerFailed
from runtime.embedded.privileges import unprivileged
from runtime.embedded.server_process import ServerProcess

_USER = "agent_runtime"
_PID_LINE, _STATUS_LINE = 0, 7


class Postgres:
    """One cluster. `fsync=False` is for tests: faster, and lost with a power cut.

    The server inherits `inherited_fd`.
    """

    def __init__(self, *, data: Path, sockets: Path, fsync: bool, inherited_fd: int) -> None:
        self._data = data / "cluster"
        self._log = data / "postgres.log"
        self._sockets = sockets
        self._fsync = fsync
        self._inherited_fd = inherited_fd
        self._account = unprivileged()
        self._process: ServerProcess | None = None

    def url(self, database: str = "postgres") -> str:
        """For asyncpg and psql."""
        return f"postgresql://{_USER}@/{database}?host={self._sockets}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise RuntimeError("the server is not started")
        return self._process.pid

    def start(self) -> None:
        """Create the cluster at the first start; wait until it takes connections."""
        self._data.parent.mkdir(parents=True, exist_ok=True)
        self._account.own(self._data.parent)
        self._account.own(self._sockets)
        if not self._data.exists():
            self._create()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "fsync": "on" if self._fsync else "off",
            "synchronous_commit": "on" if self._fsync else "off",
            "full_page_writes": "on" if self._fsync else "off",
            "max_connections": "200",
            "shared_buffers": "256MB",
            # Tests keep it in memory.
            "max_wal_size": "4GB" if self._fsync else "512MB",
            "log_min_messages": "warning",
        }
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            "postgres",
            [str(postgres_bin() / "postgres"), "-D", str(self._data), *flags],
            account=self._account,
            log=self._log,
            # SIGTERM would wait for the clients to leave.
            death_signal=signal.SIGINT,
            inherited_fd=self._inherited_fd,
        )
        self._process.wait_ready(self._takes_connections)

    def stop(self) -> None:
        """End it cleanly, without waiting for clients (fast shutdown)."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()

    def _create(self) -> None:
        """Make it under another name, so that a cluster is whole or not there."""
        half_made = self._data.with_name("cluster.new")
        shutil.rmtree(half_made, ignore_errors=True)
        made = subprocess.run(
            [
                str(postgres_bin() / "initdb"),
                *("-D", str(half_made), "-U", _USER, "--auth=trust", "--encoding=UTF8"),
                *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(self._inherited_fd,),
            preexec_fn=self._account.before_exec(signal.SIGKILL),
        )
        if made.returncode != 0:
            raise ServerFailed("initdb", f"ended with code {made.returncode}", made.stderr)
        half_made.rename(self._data)

    def _takes_connections(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            self._process is not None
            and len(lines) > _STATUS_LINE
            and lines[_PID_LINE].strip() == str(self._process.pid)
            and lines[_STATUS_LINE].strip() == "ready"
        )
