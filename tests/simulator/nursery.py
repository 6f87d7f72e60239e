"""The simulator's hold on the parent of the worker processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from runtime.embedded.privileges import ourselves
from tests.simulator.clocks import Clocks

ROOT = Path(__file__).parents[2]


class Nursery:
    """Starts workers in about 10 ms each, and knows which of them ended how.

    A pid is not used again before it was reaped here, so a signal never meets a stranger.
    """

    def __init__(self, directory: Path) -> None:
        shared = directory / "clocks"
        self.clocks = Clocks(shared)
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.simulator.worker", str(shared)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=ourselves().before_exec(signal.SIGKILL),
        )

    def start(self, job: dict[str, Any]) -> int:
        """The new worker's pid."""
        pid: int = self._ask(do="start", job=job)
        return pid

    def reap(self, pid: int, *, wait: bool) -> int | None:
        """The exit code, once; None while it runs."""
        code: int | None = self._ask(do="reap", pid=pid, wait=wait)
        return code

    def close(self) -> None:
        """End it and whatever workers are left."""
        self._parent.kill()
        self._parent.communicate()

    def _ask(self, **command: Any) -> Any:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(command) + "\n")
        self._parent.stdin.flush()
        return json.loads(self._parent.stdout.readline())


def signal_worker(pid: int, how: signal.Signals) -> None:
    """Signal a worker that was not reaped yet."""
    os.kill(pid, how)
