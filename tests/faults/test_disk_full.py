"""A disk that is really full: the event log's tablespace lies on a file system of a few megabytes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from runtime.embedded.privileges import unprivileged
from tests.faults.servers import BreakablePostgres
from tests.faults.under_load import working


@contextmanager
def small_file_system(folder: Path) -> Iterator[Path]:
    """Eight megabytes of memory; skips where mounting is not allowed."""
    folder.mkdir()
    mount = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting needs root; the refusals' tests cover 53100 by a trigger")
    try:
        yield folder
    finally:
        subprocess.run(["/usr/bin/umount", "-l", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def clear(ballast: Path) -> None:
    """Free the disk."""
    ballast.unlink()


async def test_a_full_disk_is_waited_for(
    breakable: tuple[str, BreakablePostgres], redis_url: str, tmp_path: Path
) -> None:
    database_url, _ = breakable
    with small_file_system(tmp_path / "small") as disk:
        space = disk / "space"
        space.mkdir()
        unprivileged().own(space)
        conn = await asyncpg.connect(database_url)
        await conn.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        await conn.execute("ALTER TABLE runtime.event_log SET TABLESPACE small")
        try:
            await _fill_and_clear(database_url, redis_url, disk / "ballast")
        finally:
            await conn.execute("ALTER TABLE runtime.event_log SET TABLESPACE pg_default")
            await conn.execute("DROP TABLESPACE small")
            await conn.close()


async def _fill_and_clear(database_url: str, redis_url: str, ballast: Path) -> None:
    async with working(database_url, redis_url) as work:
        with pytest.raises(OSError, match="No space"):
            fill(ballast)
        await work.wait_retrying("53100")
        await work.wait_more_retries(6)
        work.check_paced()
        clear(ballast)
        await work.finish()
