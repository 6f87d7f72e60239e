"""Whose an outgoing message is that a channel tells of, where it cannot know itself: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

SAME_TEXT_WITHIN = timedelta(minutes=10)
"""How far apart our send and its echo may be, where only the text tells that they are one."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A message that went out on the channel."""

    event_id: UUID
    message_id: str | None
    provider_message_id: str | None
    text: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message that we sent, or may have sent."""

    message_id: UUID
    provider_message_id: str | None
    text: str
    at: datetime


def by_humans(echoes: Sequence[Echo], own: Sequence[OwnMessage]) -> list[Echo]:
    """The echoes that are of none of our messages: a human wrote them.

    By an id, ours or the provider's, else by the same text at about the same time; each of our
    messages explains one echo that has no id in common with it.
    """
    left = list(own)
    human = []
    for echo in echoes:
        found = next((m for m in own if _same_id(echo, m)), None)
        found = found or next((m for m in left if _same_text(echo, m)), None)
        if found is None:
            human.append(echo)
        elif found in left:
            left.remove(found)
    return human


def _same_id(echo: Echo, message: OwnMessage) -> bool:
    return str(message.message_id) in (echo.message_id, echo.provider_message_id) or (
        message.provider_message_id is not None
        and message.provider_message_id in (echo.provider_message_id, echo.message_id)
    )


def _same_text(echo: Echo, message: OwnMessage) -> bool:
    return (
        echo.text is not None
        and echo.text.split() == message.text.split()
        and abs(echo.at - message.at) <= SAME_TEXT_WITHIN
    )
