"""Another build of the program: its read model `leads` is of version 2. It works in a process of its own.

`python -m tests.rebuild.other_build DATABASE REDIS` with a changed copy of the package `projections`
first on its path; each line of its standard input names a task, each line of its output answers.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from consumers.rebuild.errors import RebuildError
from consumers.rebuild.plan import Kind, RebuildSettings
from consumers.rebuild.run import kept_version
from consumers.rebuild.undoing import put_back
from projections.registry import by_name
from tests.consumers.members import ROOT, member

_BEHIND = """
    SELECT sum(g.position - c.position) FROM runtime.projection_checkpoints AS c
      JOIN runtime.projections AS p ON p.name = c.projection AND p.version = c.version
      JOIN runtime.checkpoints AS g USING (partition)
     WHERE p.name = 'leads' AND p.state = 'live' AND g.group_name = 'projections'
"""


class OtherBuild:
    """Tells it what to do."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def __call__(self, task: str) -> Any:
        """`replay`, `check`, `undo` or `feed`; what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(task.encode() + b"\n")
        return orjson.loads(await self._process.stdout.readline())


@asynccontextmanager
async def other_build(
    folder: Path, database_url: str, redis_url: str, changes: Sequence[tuple[str, str, str]]
) -> AsyncIterator[OtherBuild]:
    """`changes`: of which file, what is replaced, by what."""
    ignored = shutil.ignore_patterns("*.pyc")
    shutil.copytree(ROOT / "projections", folder / "projections", ignore=ignored)
    for name, before, after in [("leads.py", "version = 1", "version = 2"), *changes]:
        file = folder / "projections" / name
        text = file.read_text()
        assert before in text, (name, before)
        file.write_text(text.replace(before, after))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.rebuild.other_build", database_url, redis_url),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        yield OtherBuild(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def wait_until_fed(database_url: str) -> None:
    """Until the live version of `leads` has all that the log holds."""
    conn = await asyncpg.connect(database_url)
    async with asyncio.timeout(60):
        while await conn.fetchval(_BEHIND):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    await conn.close()


async def _do(task: str, database_url: str, redis_url: str) -> Any:
    from tests.rebuild.ground import pool_of, rebuilt

    if task == "feed":
        async with member(database_url, redis_url, member_id="of another build"):
            await wait_until_fed(database_url)
        return None
    try:
        if task == "undo":
            async with pool_of(database_url) as pool:
                if await kept_version(pool, "leads") != by_name("leads").version:
                    return await put_back(
                        pool,
                        by_name("leads"),
                        keep_old_s=3600,
                        who="ana",
                        settings=RebuildSettings(),
                        waits_for=print,
                    )
        (report,) = await rebuilt(database_url, "leads", kind=Kind(task))
    except RebuildError as error:
        return {"refused": str(error)}
    return {t.table: [t.compared, t.differing] for t in report.tables}


async def _main(database_url: str, redis_url: str) -> None:
    for line in iter(sys.stdin.readline, ""):
        answer = await _do(line.strip(), database_url, redis_url)
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
