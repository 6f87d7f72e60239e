"""Producers that have only a Redis client, following the how-to guide."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis

from events.codec import decode
from events.partitioning import partition_of, stream_key
from tests.examples import body

ROOT = Path(__file__).parent.parent.parent
PRODUCERS = ROOT / "tests" / "producers"
GUIDE = ROOT / "docs" / "how-to" / "publish-from-any-language.md"


@pytest.fixture
def producer(redis_url: str) -> Redis:
    client = Redis.from_url(redis_url)
    client.hset("domain-events:topology", "partitions", "16")
    return client


def assert_published(client: Redis, sent: dict[str, object]) -> None:
    company, conversation = str(sent["company_id"]), str(sent["conversation_id"])
    key = stream_key(partition_of(company, conversation, 16))
    entries: Any = client.xrange(key)
    assert len(entries) == 1
    assert decode(entries[0][1][b"event"]) == decode(orjson.dumps(sent))
    client.close()


def test_the_guide_shows_the_files_that_are_tested() -> None:
    blocks = re.findall(r"```(?:python|js)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    files = [PRODUCERS / "publish.py", PRODUCERS / "publish.mjs"]
    assert [block.strip() for block in blocks] == [f.read_text().strip() for f in files]


def test_redis_py_alone(producer: Redis, redis_url: str) -> None:
    sent = body("message_received.text", 1)
    subprocess.run(
        [sys.executable, str(PRODUCERS / "publish.py"), redis_url],
        input=orjson.dumps(sent),
        check=True,
        capture_output=True,
    )
    assert_published(producer, sent)


@pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed")
def test_node_with_ioredis(producer: Redis, redis_url: str, tmp_path: Path) -> None:
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", "ioredis@5"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "npm_config_update_notifier": "false"},
    )
    if installed.returncode != 0:
        pytest.skip("ioredis cannot be installed from npm here")
    script = tmp_path / "publish.mjs"
    script.write_text((PRODUCERS / "publish.mjs").read_text())
    sent = {**body("message_received.text", 2), "conversation_id": "{grupo}@g.us"}
    subprocess.run(
        ["node", str(script), redis_url.removeprefix("unix://")],
        input=orjson.dumps(sent),
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert_published(producer, sent)


@pytest.mark.skipif(shutil.which("redis-cli") is None, reason="redis-cli is not installed")
def test_redis_cli_as_the_guide_writes_it(producer: Redis, redis_url: str, tmp_path: Path) -> None:
    sent = body("message_received.text", 3)
    (tmp_path / "event.json").write_bytes(orjson.dumps(sent) + b"\n")
    line = re.search(r"```sh\n(redis-cli .*)\n```", GUIDE.read_text())
    assert line is not None
    partition = partition_of(str(sent["company_id"]), str(sent["conversation_id"]), 16)
    command = line[1].replace("{9}", f"{{{partition}}}")
    command = command.replace("redis-cli", f"redis-cli -s {redis_url.removeprefix('unix://')}", 1)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert_published(producer, sent)
