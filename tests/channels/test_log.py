"""What the log channel says."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from runtime.channels.log import LogSender
from runtime.companies.config import Channel
from runtime.logs import configure
from runtime.settings import load_settings
from tests.channels.parts import SECRET, part

URLS = {"SUPABASE_DB_URL": "postgresql://db.example/app", "REDIS_URL": "redis://cache.example/0"}


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


async def said(level: str) -> list[dict[str, Any]]:
    """The lines of one send."""
    out = io.StringIO()
    configure(load_settings({**URLS, "LOG_LEVEL": level}, env_file=None), stream=out)
    await LogSender().send(part(text="Olá, Ana"), Channel(kind="log"), SECRET)
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    return [line for line in lines if line["event"].startswith("channel.")]


async def test_a_send_is_told_by_its_ids_and_length() -> None:
    (line,) = await said("info")
    told = {key: line[key] for key in ("event", "message_id", "conversation_id", "chars", "part")}
    assert told == {
        "event": "channel.sent",
        "message_id": str(part().message_id),
        "conversation_id": "c-1",
        "chars": 8,
        "part": 1,
    }
    assert "Ana" not in str(line).replace(line["centurion_id"], "")


async def test_the_text_is_told_at_debug_level_only() -> None:
    sent, text = await said("debug")
    assert (sent["event"], text["event"]) == ("channel.sent", "channel.text")
    assert text["text"] == "Olá, Ana"
