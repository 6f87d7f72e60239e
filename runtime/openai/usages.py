"""What is told of every call: the port that turns calls into events and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from runtime.openai.prices import TokenCount


@dataclass(frozen=True, slots=True)
class Origin:
    """For whom and what a call is made; `purpose` is a short name (`decide`, `transcribe`)."""

    company_id: str
    conversation_id: str
    turn_id: UUID
    purpose: str


@dataclass(frozen=True, slots=True)
class CallCompleted:
    """A model answered, and the answer was paid for, be it of use or not."""

    origin: Origin
    model: str
    credential_set_id: str
    tokens: TokenCount
    cost_usd: Decimal | None
    """None where the model has no price, or the server told no usage."""
    ms: int


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call that went out did not bring an answer."""

    origin: Origin
    model: str
    credential_set_id: str
    reason: str
    status: int | None
    retryable: bool
    ms: int


class Usages(Protocol):
    """Hears of every call that went out, also of one whose caller has gone. Must not raise."""

    async def completed(self, call: CallCompleted) -> None:
        """A call was answered."""

    async def failed(self, call: CallFailed) -> None:
        """A call was not answered."""
