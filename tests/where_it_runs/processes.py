"""Servers of the machine, started on loopback ports; a missing program fails in CI, else skips."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runtime.embedded.privileges import Account, ourselves
from runtime.embedded.server_process import ServerProcess

_SBIN = "/usr/sbin:/usr/local/sbin"


def program(name: str, *, package: str) -> Path:
    """The path of a program of the machine."""
    found = shutil.which(name) or shutil.which(name, path=_SBIN)
    return Path(found) if found else missing(name, package)


def postgres_programs(name: str) -> Path:
    """A program of the newest PostgreSQL of the machine; unlike the wheel's it is built with TLS."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name)
    )
    if not folders:
        missing("postgres", "postgresql")
    return folders[-1] / name


def missing(name: str, package: str) -> Path:
    wanted = f"{name} is not installed (Debian: apt install {package})"
    if os.environ.get("CI"):
        pytest.fail(wanted)
    pytest.skip(wanted)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One program that can be ended and started again. Ends with the tests, however they end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        is_ready: Callable[[], bool],
        account: Account | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._log = folder / f"{name}.log"
        self._is_ready = is_ready
        self._account = account or ourselves()
        self._process: ServerProcess | None = None

    def start(self) -> None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            self._process = ServerProcess(
                self.name,
                self._command,
                account=self._account,
                log=self._log,
                death_signal=signal.SIGKILL,
                inherited_fd=nothing,
            )
        finally:
            os.close(nothing)
        self._process.wait_ready(self._is_ready)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.stop(how)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
