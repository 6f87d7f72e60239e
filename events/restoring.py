"""Events that were recorded, read again from the log.

Its columns were written from what `decode` gave, in the same transaction as the body. So the envelope
is not checked a second time, which is most of what decoding costs. The payload is: a shape that was
made stricter must park what no longer fits.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from events.catalogue import CATALOGUE, EventType
from events.catalogue.fields import parse_uuid
from events.codec import decode
from events.envelope import Event

_KNOWN = dict(CATALOGUE)
_CAUSE = "causation_id"
_tuple = tuple.__new__


def restored(
    body: str,
    event_id: UUID,
    *,
    type_: str,
    version: int,
    occurred_at: datetime,
    company_id: str,
    conversation_id: str,
) -> Event:
    """The event that `decode` gives for the body, where the rest is what it gave before.

    Raises:
        InvalidEvent: as `decode` does.
    """
    return ordinary(
        body,
        event_id,
        type_=type_,
        version=version,
        occurred_at=occurred_at,
        company_id=company_id,
        conversation_id=conversation_id,
    ) or decode(body.encode())


def ordinary(
    body: str,
    event_id: UUID,
    *,
    type_: str,
    version: int,
    occurred_at: datetime,
    company_id: str,
    conversation_id: str,
) -> Event | None:
    """The event of an ordinary body: our own envelope in the type's current version, valid, without U+0000.

    None: whatever is odd about the rest is `decode`'s to say.
    """
    known = _KNOWN.get(type_)
    # A single character is looked for many times as fast as several.
    if known is None or version != known.current or ("\\" in body and "\\u0000" in body):
        return None
    try:
        told = orjson.loads(body)
        return _event(told, known, type_, event_id, occurred_at, company_id, conversation_id)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def by_its_body(body: str, event_id: UUID, type_: str) -> Event | None:
    """The event that `ordinary` gives, where the body itself says what the other columns do; None: ask `restored`."""
    known = _KNOWN.get(type_)
    if known is None or ("\\" in body and "\\u0000" in body):
        return None
    try:
        told = orjson.loads(body)
        company_id, conversation_id = told["company_id"], told.get("conversation_id") or ""
        if type(company_id) is not str or type(conversation_id) is not str:
            return None
        occurred_at = logged_time(told["occurred_at"])
        return _event(told, known, type_, event_id, occurred_at, company_id, conversation_id)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _event(
    told: dict[str, Any],
    known: EventType,
    type_: str,
    event_id: UUID,
    occurred_at: datetime,
    company_id: str,
    conversation_id: str,
) -> Event | None:
    """The event of a body that is ordinary, with the columns that are known of it."""
    version, cause = told["version"], told.get(_CAUSE)
    source, correlation_id = told["source"], told["correlation_id"]
    if (
        told["type"] != type_
        or type(version) is not int
        or version != known.current
        or "specversion" in told
        or type(source) is not str
        or type(correlation_id) is not str
    ):
        return None
    # What a named tuple's constructor does, without the call of a Python function around it.
    return _tuple(
        Event,
        (
            event_id,
            type_,
            version,
            occurred_at,
            company_id,
            conversation_id,
            source,
            correlation_id,
            None if cause is None else parse_uuid(cause),
            known.validate(told["payload"]),
        ),
    )


def logged_time(text: str) -> datetime:
    """What `parse_time` gave for it, when it was taken.

    Raises:
        ValueError, OverflowError: it has to be asked again.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at.astimezone(UTC)
