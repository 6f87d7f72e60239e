"""What is sent in these tests, and over which channel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from runtime.agent.context import Contact
from runtime.channels.port import OutboundPart
from runtime.companies.config import Channel

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

_PART = OutboundPart(
    message_id=UUID("0190a000-0000-7000-8000-000000000001"),
    company_id="acme",
    conversation_id="c-1",
    centurion_id="ana",
    channel="whatsapp",
    contact=Contact("5511987654321", name="Ana"),
    text="Olá! Custa R$ 1.500,00 👍🏽",
    turn_id=UUID("0190a000-0000-7000-8000-00000000000a"),
    part=1,
    parts=2,
)


def part(number: int = 1, **changed: Any) -> OutboundPart:
    """A part with an id of its own."""
    message_id = UUID(f"0190a000-0000-7000-8000-{number:012d}")
    return replace(_PART, message_id=message_id, **changed)


def webhook(url: str, **changed: Any) -> Channel:
    """A channel of kind `webhook`."""
    return Channel.model_validate({"kind": "webhook", "url": url, **changed})
