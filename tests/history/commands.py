"""Commands that look back: Postgres is all that they may need, so there is no Redis."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from tests.forked_command import COMMAND, run
from tests.runtime.operators import Answer

NOBODY = "redis://127.0.0.1:1/0"


@dataclass(frozen=True)
class Operator:
    """Runs commands at 80 columns, far from Greenwich."""

    database_url: str
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "COLUMNS": "80",
            "TZ": "America/Sao_Paulo",
            "SUPABASE_DB_URL": self.database_url,
            "REDIS_URL": NOBODY,
        }

    def run(self, *words: str) -> Answer:
        """Its exit code, and what it said."""
        done = run(words, environ=self.environ, folder=self.folder)
        out, err = done.out.decode(), done.err.decode()
        assert "Traceback" not in err, err
        return Answer(done.code, out, err)

    @contextmanager
    def following(self, *words: str) -> Iterator[Following]:
        """A command that runs until the end of the block."""
        with subprocess.Popen(
            [COMMAND, *words],
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield Following(process)
            finally:
                process.kill()


@dataclass(frozen=True)
class Following:
    """A running command; reading waits, at most as long as a test may."""

    process: subprocess.Popen[str]

    def row(self) -> dict[str, Any]:
        """The next JSON line of its standard output."""
        loaded: dict[str, Any] = orjson.loads(self._line(self.process.stdout))
        return loaded

    def said(self) -> str:
        """The next line of its standard error."""
        return self._line(self.process.stderr)

    def interrupt(self) -> Answer:
        """Ctrl-C, and how it ended."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        return Answer(self.process.returncode, out, err)

    @staticmethod
    def _line(stream: IO[str] | None) -> str:
        assert stream is not None
        line = stream.readline()
        assert line, "the command ended"
        return line
