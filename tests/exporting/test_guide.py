"""The guide works as written, and what it hands over makes the same system again."""

from __future__ import annotations

import gzip
import itertools
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from redis import Redis

from tests.examples import EXAMPLES, body
from tests.exporting.systems import log_bodies, read_models
from tests.runtime.operators import Operator

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "hand-the-history-to-another-system.md").read_text("utf-8")
_SOME = 2_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def everything(corpus: Path, file: Path) -> None:
    """Every type of event, with and without a conversation, and a part of the corpus."""
    told = [
        {**body(type_, number), "conversation_id": conversation}
        for number, (type_, conversation) in enumerate(
            itertools.product(EXAMPLES, ["c-1", "c-2", None]), start=1
        )
    ]
    with gzip.open(corpus / "sgd-events.jsonl.gz") as lines:
        real = list(itertools.islice(lines, _SOME))
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in told) + b"".join(real))


@pytest.fixture
async def first(operator: Operator, corpus: Path) -> Operator:
    """A system with a history."""
    everything(corpus, operator.folder / "all.jsonl")
    answer = await operator.run("publish", "all.jsonl")
    assert answer.code == 0, answer.err
    await operator.consume()
    return operator


async def second(first: Operator, database_url: str) -> Operator:
    """Another system, with nothing in it yet."""
    other = replace(first, database_url=database_url)
    client = Redis.from_url(first.redis_url)
    client.flushall()
    client.close()
    await other.begin()
    return other


async def assert_equal(first: Operator, other: Operator) -> None:
    assert await log_bodies(other) == await log_bodies(first)
    ours, theirs = await read_models(first.database_url), await read_models(other.database_url)
    assert len(ours) >= 9
    assert all(ours[name] for name in ("conversations", "messages", "leads", "handoffs"))
    for name, rows in ours.items():
        assert theirs[name] == rows, name


async def test_a_file_makes_the_same_system_again(first: Operator, other_database_url: str) -> None:
    answer = await first.run("replay", "--to-file", "history.jsonl.gz", "--json")
    assert answer.rows()[0]["not_publishable"] == 0
    other = await second(first, other_database_url)
    answer = await other.run("publish", "history.jsonl.gz")
    assert answer.code == 0, answer.err
    await other.consume()
    await assert_equal(first, other)


async def test_a_stream_makes_the_same_system_again(
    first: Operator, other_database_url: str
) -> None:
    assert (await first.run("replay", "--to-stream", "history", "--yes")).code == 0
    (code,) = blocks("python")
    taken = _put(first.folder / "taken.jsonl", _read(code, first.redis_url))
    other = await second(first, other_database_url)
    answer = await other.run("publish", str(taken))
    assert answer.code == 0, answer.err
    await other.consume()
    await assert_equal(first, other)


async def test_every_command_of_the_guide_works_as_written(operator: Operator) -> None:
    _put(
        operator.folder / "all.jsonl",
        b"".join(
            orjson.dumps(body(type_, n)) + b"\n"
            for n, type_ in enumerate(["message_received.text", "message.sent"], start=1)
        ),
    )
    assert (await operator.run("publish", "all.jsonl")).code == 0
    await operator.consume()
    commands = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 8
    for program, *words in commands:
        assert program == "agent-runtime"
        answer = await operator.run(*words)
        assert answer.code == 0, (words, answer.err)
    assert "maria" in answer.out
    found = gzip.decompress((operator.folder / "history.jsonl.gz").read_bytes())
    assert len(found.splitlines()) == 2


def _read(code: str, redis_url: str) -> bytes:
    """What the guide's reader prints."""
    words = [sys.executable, "-c", code, redis_url, "history"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
