"""Servers that a test may break: each its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.embedded.binaries import postgres_bin, valkey_server
from runtime.embedded.directory import SocketsDirectory
from runtime.embedded.postgres import Postgres
from runtime.embedded.privileges import ourselves, unprivileged
from runtime.embedded.server_process import ServerProcess
from runtime.embedded.valkey import Valkey


class BreakableValkey:
    """A Valkey with an append-only file or snapshots, and flags of the test's choice."""

    def __init__(self, data: Path, sockets: Path, *flags: str) -> None:
        self._data = data
        self._socket = sockets / "breakable.sock"
        self._flags = flags
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self, *more_flags: str) -> None:
        """Start; `url` answers, be it only with refusals."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        command = [str(valkey_server()), "--port", "0", "--unixsocket", str(self._socket)]
        command += ["--dir", str(self._data), "--daemonize", "no", *self._flags, *more_flags]
        self._process = ServerProcess(
            "valkey",
            command,
            account=ourselves(),
            log=self._data / "valkey.log",
            death_signal=signal.SIGKILL,
            inherited_fd=2,
        )
        self._process.wait_ready(self._socket.exists)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


def child_pids(pid: int) -> list[int]:
    """The processes that a server has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


class BreakablePostgres:
    """A cluster whose server is stopped, crashed, frozen or replaced by another one.

    Commits are asynchronous: a crash takes the last ones back.

    Clients reach it through `address`, a link to the socket directory of the server that serves.
    """

    def __init__(self, data: Path, address: Path, sockets: Path) -> None:
        self.data = data
        self.address = address
        self._sockets = sockets
        self.server = Postgres(data=data, sockets=sockets, fsync=False, inherited_fd=2)

    def url(self, database: str = "postgres") -> str:
        """The database at the address."""
        return self.server.url(database).replace(str(self._sockets), str(self.address))

    def start(self) -> None:
        self.server.start()

    def serve_at_address(self) -> None:
        """Clients that connect from now on come here."""
        link = self.address.with_suffix(".new")
        link.symlink_to(self._sockets)
        link.replace(self.address)

    def stop(self) -> None:
        self.server.stop()

    def crash(self) -> None:
        """Immediate shutdown: no checkpoint, what was not flushed is lost."""
        os.kill(self.server.pid, signal.SIGQUIT)
        self.server.stop()

    def freeze(self) -> None:
        """Nobody answers, no connection is closed."""
        for pid in (self.server.pid, *child_pids(self.server.pid)):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in (self.server.pid, *child_pids(self.server.pid)):
            # The first ones end as soon as they run: their clients have gone.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def standby(self, data: Path, sockets: Path) -> BreakablePostgres:
        """A copy that streams from this server, not yet started."""
        data.mkdir(parents=True)
        account = unprivileged()
        account.own(data)
        subprocess.run(
            [
                str(postgres_bin() / "pg_basebackup"),
                *("-d", self.server.url(), "-D", str(data / "cluster")),
                *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
            ],
            cwd="/",
            check=True,
            capture_output=True,
            preexec_fn=account.before_exec(signal.SIGKILL),
        )
        return BreakablePostgres(data, self.address, sockets)


@contextmanager
def sockets_directory() -> Iterator[Path]:
    made = SocketsDirectory()
    try:
        yield made.path
    finally:
        made.remove()


__all__ = ["BreakablePostgres", "BreakableValkey", "Valkey", "child_pids", "sockets_directory"]
