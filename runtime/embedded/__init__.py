"""Private servers from wheels, for `serve --embedded`, `demo` and the tests.

They listen on unix sockets alone, die with the program that started them, and keep their data in
one directory that one program uses at a time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

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
        self._lock: IO[str] | None = None
        self._sockets: Path | None = None
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
        self._lock = _locked(self.directory)
        # Unix socket paths end at 107 bytes, so they live in a short directory of their own.
        self._sockets = Path(tempfile.mkdtemp(prefix="agent-runtime-", dir="/tmp"))
        try:
            self._valkey = Valkey(
                data=self.directory / "valkey", sockets=self._sockets, fsync=self._fsync
            )
            self._postgres = Postgres(
                data=self.directory / "postgres", sockets=self._sockets, fsync=self._fsync
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
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _locked(directory: Path) -> IO[str]:
    """Hold the directory; the kernel lets go when the program dies, however it dies."""
    lock = (directory / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise DataDirectoryBusy(directory, int(owner) if owner.isdigit() else None) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


__all__ = [
    "DEFAULT_DIRECTORY",
    "BinaryMissing",
    "DataDirectoryBusy",
    "EmbeddedError",
    "EmbeddedServers",
    "ServerFailed",
]
