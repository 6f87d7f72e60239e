"""Receivers without our library, as the reference shows them."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from runtime.channels.port import Fate
from runtime.channels.registry import open_senders
from tests.channels.parts import SECRET, part, webhook

ROOT = Path(__file__).parent.parent.parent
RECEIVERS = ROOT / "tests" / "receivers"
PAGE = ROOT / "docs" / "reference" / "channels.md"
NODE = shutil.which("node")
COMMANDS = [
    pytest.param([sys.executable, str(RECEIVERS / "receive.py")], id="python"),
    pytest.param(
        [NODE or "node", str(RECEIVERS / "receive.mjs")],
        id="node",
        marks=pytest.mark.skipif(NODE is None, reason="node is not installed"),
    ),
]


@asynccontextmanager
async def receiver(command: list[str]) -> AsyncIterator[tuple[str, Process]]:
    """The URL of a running receiver, and its process; what it receives is on its output."""
    process = await asyncio.create_subprocess_exec(*command, "0", SECRET, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), process
    finally:
        process.kill()
        await process.wait()


def test_the_page_shows_the_files_that_are_tested() -> None:
    blocks = re.findall(r"```(?:python|js)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    files = [RECEIVERS / "receive.py", RECEIVERS / "receive.mjs"]
    assert [block.strip() for block in blocks] == [f.read_text().strip() for f in files]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_receiver_delivers_once_what_is_genuine(command: list[str]) -> None:
    async with (
        receiver(command) as (url, process),
        open_senders(now=lambda: datetime.now(UTC)) as senders,
    ):
        sender, channel = senders["webhook"], webhook(url)
        forged = await sender.send(part(9), channel, "whsec_AAAA")
        sent = [await sender.send(part(number), channel, SECRET) for number in (1, 1, 2)]
        assert process.stdout is not None
        delivered = [orjson.loads(await process.stdout.readline()) for _ in range(2)]
    assert (forged.fate, forged.detail) == (Fate.FAILED, "HTTP 401")
    assert [one.provider_message_id for one in sent] == ["wamid-1", "wamid-1", "wamid-2"]
    assert [one["message_id"] for one in delivered] == [str(part(n).message_id) for n in (1, 2)]


async def test_an_old_request_is_refused() -> None:
    command = [sys.executable, str(RECEIVERS / "receive.py")]
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    async with receiver(command) as (url, _), open_senders(now=lambda: long_ago) as senders:
        sent = await senders["webhook"].send(part(), webhook(url), SECRET)
    assert sent.detail == "HTTP 401"
