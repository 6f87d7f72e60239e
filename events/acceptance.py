"""Which bodies a producer may publish.

`place_of` is on the hot path of producers. What is ordinary is taken by one compiled validator, which
checks envelope and payload in one go and makes no event of them; whatever it does not take is looked
at in full, and told.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from pydantic_core import SchemaValidator, core_schema

from events.bare_schema import bare
from events.catalogue import CATALOGUE, EventType
from events.codec import LONGEST, LONGEST_COMPANY, decode, is_odd
from events.envelope import Event
from events.errors import InvalidEvent, Reason
from events.payload import NewerVersion, UnknownType

_UUID = core_schema.str_schema(pattern="^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
# Of these years none ends in another because of its offset.
_TIME = core_schema.str_schema(
    pattern="^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)


def publishable(body: bytes) -> Event:
    """The event, when a producer may publish it.

    Raises:
        InvalidEvent: as `decode`, and for types and versions outside the catalogue.
    """
    event = decode(body)
    if type(event.payload) is UnknownType:
        raise InvalidEvent(
            Reason.UNKNOWN_TYPE, f"{event.type} is not in the catalogue", field="type"
        )
    if type(event.payload) is NewerVersion:
        raise InvalidEvent(
            Reason.NEWER_VERSION, f"{event.version} is newer than this program", field="version"
        )
    return event


def place_of(body: bytes) -> tuple[str, str]:
    """Company and conversation of a body that may be published, in half of `publishable`'s time.

    Raises:
        InvalidEvent: as `publishable`.
    """
    return _ordinary(body) or _in_full(body)


def _in_full(body: bytes) -> tuple[str, str]:
    event = publishable(body)
    return event.company_id, event.conversation_id


def _ordinary(raw: bytes) -> tuple[str, str] | None:
    """The place of our envelope in a current version; None: it has to be looked at in full.

    What is taken here is taken there, and has the same place.
    """
    if is_odd(raw):
        return None
    try:
        body = orjson.loads(raw)
        if "specversion" in body:
            return None
        validate, one_of = _ORDINARY[body["type"]]
        found = validate(body)
        # Its form is known; whether there is such a time is not.
        datetime.fromisoformat(found["occurred_at"])
    except (ValueError, LookupError, TypeError):
        return None
    if one_of:
        payload = body["payload"]
        first, second = one_of
        if payload.get(first) is None and payload.get(second) is None:
            return None
    return found["company_id"], found.get("conversation_id") or ""


def _text(longest: int, *, shortest: int = 1) -> core_schema.StringSchema:
    return core_schema.str_schema(
        min_length=shortest, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]*$"
    )


def _validator(known: EventType) -> tuple[Callable[[Any], dict[str, Any]], tuple[str, ...]]:
    payload, one_of = bare(known.model)
    required: dict[str, Any] = {
        "id": _UUID,
        "version": core_schema.int_schema(ge=known.current, le=known.current),
        "occurred_at": _TIME,
        "company_id": _text(LONGEST_COMPANY),
        "source": _text(LONGEST),
        "correlation_id": _text(LONGEST),
        "payload": payload,
    }
    optional: dict[str, Any] = {
        "conversation_id": core_schema.nullable_schema(_text(LONGEST, shortest=0)),
        "causation_id": core_schema.nullable_schema(_UUID),
    }
    field = core_schema.typed_dict_field
    envelope = core_schema.typed_dict_schema(
        {name: field(schema) for name, schema in required.items()}
        | {name: field(schema, required=False) for name, schema in optional.items()},
        config={"strict": True},
    )
    return SchemaValidator(envelope).validate_python, one_of


_ORDINARY = {name: _validator(known) for name, known in CATALOGUE.items()}
