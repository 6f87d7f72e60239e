"""Events that were recorded, read again from the log.

Its columns were written from what `decode` gave, in the same transaction as the body. So the envelope
is not checked a second time, which is most of what decoding costs. The payload is: a shape that was
made stricter must park what no longer fits.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import orjson

from events.catalogue import CATALOGUE
from events.cloudevents import is_cloudevent
from events.codec import decode
from events.envelope import Event


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

    Only what is ordinary goes the short way: our own envelope in the type's current version, without
    U+0000. Whatever is odd about the rest is `decode`'s to say.

    Raises:
        InvalidEvent: as `decode` does.
    """
    known = CATALOGUE.get(type_)
    if known is None or version != known.current or "\\u0000" in body:
        return decode(body.encode())
    try:
        told = orjson.loads(body)
        if told["type"] != type_ or told["version"] != version:
            return decode(body.encode())
        source, correlation_id = told["source"], told["correlation_id"]
        cause = told.get("causation_id")
        causation_id = None if cause is None else UUID(cause)
        payload = known.validate(told["payload"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return decode(body.encode())
    if is_cloudevent(told) or type(source) is not str or type(correlation_id) is not str:
        return decode(body.encode())
    return Event(
        event_id,
        type_,
        version,
        occurred_at,
        company_id,
        conversation_id,
        source,
        correlation_id,
        causation_id,
        payload,
    )
