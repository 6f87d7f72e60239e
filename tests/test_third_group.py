"""The how-to of a third consumer group works as written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import orjson
from redis.asyncio import Redis

from events.partitioning import partition_of, stream_key
from tests.consumers.test_dead_letters import body
from tests.examples import body as example

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "add-a-consumer-group.md"
RUN = """
import asyncio, sys
import asyncpg
from projections.groups import group_named
from projections.migrate import migrate
from tests.consumers.members import member, wait_caught_up

async def main(database, redis):
    conn = await asyncpg.connect(database)
    print(await migrate(conn, partitions=16, stream_prefix="domain-events"))
    await conn.close()
    async with member(database, redis, group=group_named("billing")):
        await wait_caught_up(database, redis, group="billing")

asyncio.run(main(*sys.argv[1:]))
"""


def copy_with_the_example(folder: Path) -> None:
    for package in ("events", "projections", "consumers", "runtime", "tests"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.pyc"))
    page = PAGE.read_text()
    code = dict(re.findall(r"`(projections/[\w/.]+)`:\n\n```\w+\n(.*?)```", page, re.DOTALL))
    assert set(code) == {"projections/groups/billing.py", "projections/billed_months.sql"}
    for path, text in code.items():
        (folder / path).write_text(text)


def run_the_group(folder: Path, database_url: str, redis_url: str) -> None:
    subprocess.run(
        [sys.executable, "-c", RUN, database_url, redis_url],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
        timeout=100,
    )


async def test_the_how_to_of_a_third_group_works_as_written(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    copy_with_the_example(tmp_path)
    redis = Redis.from_url(redis_url)
    key = stream_key(partition_of("acme", str(body(0)["conversation_id"]), 16))
    for number in range(3):
        sent = {**body(number), **_sent(number)}
        await redis.xadd(key, {"event": orjson.dumps(sent)})
        await redis.xadd(key, {"event": orjson.dumps(sent)})
    await redis.aclose()
    run_the_group(tmp_path, database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch("SELECT company_id, sent FROM projections.billed_months")
    duplicates = await conn.fetchval(
        "SELECT sum(duplicate) FROM runtime.checkpoints WHERE group_name = 'billing'"
    )
    await conn.close()
    assert [tuple(row) for row in rows] == [("acme", 3)]
    assert duplicates == 3


def _sent(number: int) -> dict[str, object]:
    made = example("message.sent", number)
    return {"type": made["type"], "payload": made["payload"]}
