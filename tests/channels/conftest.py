"""The senders as the program makes them, and a receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from runtime.channels.port import Sender
from runtime.channels.registry import open_senders
from tests.channel_server.server import ChannelServer, channel_server

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def senders() -> AsyncIterator[Mapping[str, Sender]]:
    """All senders; it is noon."""
    async with open_senders(now=lambda: NOON) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[ChannelServer]:
    """An idempotent receiver."""
    async with channel_server() as server:
        yield server


@pytest.fixture
def sender(senders: Mapping[str, Sender]) -> Sender:
    """The one for webhooks."""
    return senders["webhook"]
