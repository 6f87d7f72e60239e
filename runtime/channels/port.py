"""The port of a channel, named by its role: it sends one part of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from runtime.agent.context import Contact
from runtime.companies.config import Channel


@dataclass(frozen=True, slots=True)
class OutboundPart:
    """One message to send. `message_id` is also its idempotency key: the same again is the same."""

    message_id: UUID
    company_id: str
    conversation_id: str
    centurion_id: str
    channel: str
    contact: Contact
    text: str
    turn_id: UUID
    part: int
    parts: int


class Fate(StrEnum):
    """What became of a send, as far as the sender can tell."""

    SENT = "sent"
    FAILED = "failed"
    """The channel refused it, or was never reached: it certainly did not go out."""
    UNKNOWN = "unknown"
    """It may have gone out: the answer was lost, late or an error of the channel's own."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of one send. `retry_after_s` is the channel's own hint, where it gave one.

    `retryable` says that trying again may help; a FAILED that is not is final.
    """

    fate: Fate
    provider_message_id: str | None = None
    detail: str = ""
    retryable: bool = False
    retry_after_s: float | None = None


class Sender(Protocol):
    """Sends on channels of one kind. Never raises for what a channel does: it is in the outcome."""

    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        """One attempt, within the channel's `timeout_s`; `secret` is the decrypted signing secret."""
