"""Private servers from wheels, for `serve --embedded`, `demo` and the tests.

They listen on unix sockets alone, die with the program that started them, and keep their data in
one directory that one program uses at a time.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.embedded.directory import HeldDirectory, SocketsDirectory
from runtime.embedded.errors import (
    BinaryMissing,
    DataDirectoryBusy,
    EmbeddedError,
    ServerFailed,
)
from runtime.embedded.postgres import Postgres
from runtime.embedded.valkey import Valkey

DEFAULT_DIRECTORY = Path(".agent-runtime")


class EmbeddedServers:
    """A Valkey and a PostgreSQL. Start from the main thread, before the event loop.

    `directory` holds the data between starts. `fsync=False` is for tests.

    Raises (from `start`):
        BinaryMissing, DataDirectoryBusy, ServerFailed
    """

    def __init__(self, directory: Path = DEFAULT_DIRECTORY, *, fsync: bool = True) -> None:
        self.directory = directory.absolute()
        self._fsync = fsync
        self._held: HeldDirectory | None = None
        self._sockets: SocketsDirectory | None = None
        self._valkey: Valkey | None = None
        self._postgres: Postgres | None = None

    @property
    def redis_url(self) -> str:
        """`unix://…`."""
        return self.valkey.url

    @property
    def database_url(self) -> str:
        """`postgresql://…`, the default database."""
        return self.postgres.url()

    @property
    def valkey(self) -> Valkey:
        """The running Valkey."""
        if self._valkey is None:
            raise RuntimeError("the embedded servers are not started")
        return self._valkey

    @property
    def postgres(self) -> Postgres:
        """The running PostgreSQL."""
        if self._postgres is None:
            raise RuntimeError("the embedded servers are not started")
        return self._postgres

    def start(self) -> Self:
        """Start both; nothing is left running when one fails."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._held = HeldDirectory.hold(self.directory)
        try:
            self._sockets = SocketsDirectory()
            self._valkey = Valkey(
                data=self.directory / "valkey",
                sockets=self._sockets.path,
                fsync=self._fsync,
                inherited_fd=self._held.servers_fd,
            )
            self._postgres = Postgres(
                data=self.directory / "postgres",
                sockets=self._sockets.path,
                fsync=self._fsync,
                inherited_fd=self._held.servers_fd,
            )
            self._valkey.start()
            self._postgres.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both cleanly and free the directory; harmless when called again."""
        for server in (self._postgres, self._valkey):
            if server is not None:
                server.stop()
        if self._sockets is not None:
            self._sockets.remove()
            self._sockets = None
        if self._held is not None:
            self._held.release()
            self._held = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


__all__ = [
    "DEFAULT_DIRECTORY",
    "BinaryMissing",
    "DataDirectoryBusy",
    "EmbeddedError",
    "EmbeddedServers",
    "ServerFailed",
]
