"""Copies of a database, made ahead: `python -m tests.copies URL TEMPLATE STRATEGY`.

For each empty line that is read, one more copy is made and its name printed; one that is named is
dropped. A process of its own, so that this is done while a test runs; a thread would forbid the test
to fork.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

ROOT = Path(__file__).parent.parent
_AHEAD = 2


class Copies:
    """Names of fresh copies; each is given once, and is the taker's until given back."""

    def __init__(self, maker: subprocess.Popen[str]) -> None:
        self._maker = maker
        for _ in range(_AHEAD):
            self._order()

    def take(self) -> str:
        """The next one; it was made while others were in use."""
        self._order()
        assert self._maker.stdout is not None
        name = self._maker.stdout.readline().strip()
        assert name, "the maker of databases ended"
        return name

    def give_back(self, name: str) -> None:
        """Let it be dropped, with whoever is still connected to it; nobody waits for that."""
        self._tell(name)

    def _order(self) -> None:
        self._tell("")

    def _tell(self, line: str) -> None:
        assert self._maker.stdin is not None
        self._maker.stdin.write(f"{line}\n")
        self._maker.stdin.flush()


@contextmanager
def copies_of(url: str, template: str, strategy: str) -> Iterator[Copies]:
    """Copies of a template on a server, until the end of the block.

    `strategy` is Postgres': `FILE_COPY` costs half as much as `WAL_LOG` in memory, and several times
    as much on a disk.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.copies", url, template, strategy],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        try:
            yield Copies(maker)
        finally:
            # At once: those that were ordered ahead are nobody's.
            maker.kill()


async def _make(url: str, template: str, strategy: str) -> None:
    conn = await asyncpg.connect(url)
    numbers = itertools.count()
    for line in sys.stdin:
        if given_back := line.strip():
            await conn.execute(f"DROP DATABASE {given_back} WITH (FORCE)")
            continue
        name = f"copy_{next(numbers)}"
        await conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}")
        print(name, flush=True)
    await conn.close()


if __name__ == "__main__":
    asyncio.run(_make(*sys.argv[1:4]))
