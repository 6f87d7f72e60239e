"""What a channel tells of outgoing messages, held against what we sent: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

SAME_TEXT_WITHIN = timedelta(minutes=10)
"""How far apart our send and its echo may be, where only the text tells that they are one."""


@dataclass(frozen=True, slots=True)
class Report:
    """An echo (`kind` is `sent`) of a message that went out, or a status of one."""

    event_id: UUID
    kind: str
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


@dataclass(frozen=True, slots=True)
class Attributed:
    """Whose the reports are. `fates` says of our messages what a report proves of them."""

    by_humans: tuple[Report, ...]
    fates: dict[UUID, Literal["sent", "failed"]]


def attribute(reports: Sequence[Report], own: Sequence[OwnMessage]) -> Attributed:
    """Hold reports against our messages; an echo of none of them is of a human's message.

    An echo is ours by an id, ours or the provider's, else by the same text at about the same time;
    each of our messages explains one echo that has no id in common with it. A status is ours by an
    id alone. A message that was delivered went out, whatever else is told of it.
    """
    left = list(own)
    human: list[Report] = []
    fates: dict[UUID, Literal["sent", "failed"]] = {}
    for report in reports:
        found = next((m for m in own if _same_id(report, m)), None)
        if found is None and report.kind == "sent":
            found = next((m for m in left if _same_text(report, m)), None)
            if found is None:
                human.append(report)
        if found is None:
            continue
        if report.kind == "sent" and found in left:
            left.remove(found)
        if report.kind != "failed":
            fates[found.message_id] = "sent"
        else:
            fates.setdefault(found.message_id, "failed")
    return Attributed(tuple(human), fates)


def _same_id(report: Report, message: OwnMessage) -> bool:
    told = {report.message_id, report.provider_message_id} - {None}
    return bool(told & {str(message.message_id), message.provider_message_id})


def _same_text(echo: Report, message: OwnMessage) -> bool:
    return (
        echo.text is not None
        and echo.text.split() == message.text.split()
        and abs(echo.at - message.at) <= SAME_TEXT_WITHIN
    )
