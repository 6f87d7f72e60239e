"""An explanation as JSON objects: one an entry, each with its `entry` and its company."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from runtime.explaining.values import (
    Call,
    Entry,
    Explanation,
    HandoffStep,
    Inbound,
    Learnt,
    Other,
    Retrieval,
    Said,
    Scoring,
    Turn,
    Unsaid,
    why,
)

_NAMES: Mapping[type, str] = {
    Inbound: "message",
    Turn: "turn",
    Call: "model_call",
    Retrieval: "retrieval",
    Learnt: "fact",
    Scoring: "scoring",
    HandoffStep: "handoff",
    Said: "sent",
    Unsaid: "suppressed",
    Other: "event",
}


def objects(explanation: Explanation) -> Iterator[dict[str, Any]]:
    """In stream order; a message holds its turns, a turn its steps.

    `entry` is message, turn, model_call, retrieval, fact, scoring, handoff, sent, suppressed or
    event. `why` has the code and the meaning of a reason; times are in UTC, amounts text.
    """
    scope = {
        "company_id": explanation.company_id,
        "conversation_id": explanation.conversation_id,
    }
    for entry in explanation.entries:
        yield {**scope, **_entry(entry)}


def _entry(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {"entry": _NAMES[type(entry)]}
    told |= {field.name: _value(getattr(entry, field.name)) for field in fields(entry)}
    if isinstance(entry, Inbound):
        told["state"] = entry.state
        reason = entry.inbox.closed_reason if entry.inbox is not None else None
        told["why"] = None if reason is None else asdict(why(reason))
    return told


def _value(value: Any) -> Any:
    if type(value) in _NAMES:
        return _entry(value)
    if isinstance(value, tuple):
        return [_value(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID | Decimal):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _value(getattr(value, field.name)) for field in fields(value)}
    return value
