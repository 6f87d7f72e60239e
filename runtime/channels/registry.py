"""Which sender serves which kind of channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from runtime.channels.log import LogSender
from runtime.channels.port import Sender
from runtime.channels.webhook import WebhookSender, webhook_sessions


@asynccontextmanager
async def open_senders(*, now: Callable[[], datetime]) -> AsyncIterator[Mapping[str, Sender]]:
    """A sender by `kind` of `runtime.companies.config.Channel`; connections closed at the end.

    `now` gives aware times.
    """
    async with webhook_sessions() as sessions:
        yield {"webhook": WebhookSender(sessions, now=now), "log": LogSender()}
