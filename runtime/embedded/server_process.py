"""A server's process: started in a session of its own, watched until ready, stopped for sure."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runtime.embedded.errors import ServerFailed
from runtime.embedded.privileges import Account

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 20.0


class ServerProcess:
    """One running server. Must be started from the main thread: its death signal follows it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        account: Account,
        log: Path,
        death_signal: signal.Signals,
        inherited_fd: int,
    ) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                start_new_session=True,
                pass_fds=(inherited_fd,),
                preexec_fn=account.before_exec(death_signal),
            )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def wait_ready(self, is_ready: Callable[[], bool]) -> None:
        """Wait until the server answers.

        Raises:
            ServerFailed: it ended, or was not ready in a minute.
        """
        deadline = time.monotonic() + _READY_WITHIN_S
        while not is_ready():
            if self._process.poll() is not None:
                raise self._failed(f"ended with code {self._process.returncode}")
            if time.monotonic() > deadline:
                self.kill()
                raise self._failed(f"was not ready in {_READY_WITHIN_S:.0f} s")
            time.sleep(0.005)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it cleanly; by force when it takes too long."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _failed(self, what: str) -> ServerFailed:
        tail = self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""
        return ServerFailed(self.name, what, tail)
