"""Bytes to events and back.

`decode` is on the hot path. What is ordinary is checked in one go, the payload by one compiled validator;
whatever is odd about the rest is looked at in full, rule by rule, and told.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from pydantic import ValidationError

from events.catalogue import CATALOGUE, PayloadModel
from events.catalogue.fields import parse_time, parse_uuid
from events.cloudevents import is_cloudevent, to_envelope
from events.envelope import Event
from events.errors import InvalidEvent, Reason
from events.payload import NewerVersion, Payload, UnknownType
from events.upcasters import lift

MAX_EVENT_BYTES = 256 * 1024
_MAX_VERSION = 2**31 - 1
_MAX_DEPTH = 200
_SHORT = 2 * _MAX_DEPTH + 200
"""Bytes: a body that nests deeper is longer. What an envelope must hold takes 200 by itself."""
_BACKSLASH = 0x5C
LONGEST_COMPANY, LONGEST = 64, 200
"""Characters."""

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}")
_tuple = tuple.__new__
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REPLACEMENT = "\ufffd"


def decode(raw: bytes) -> Event:
    """An event from the bytes of a stream entry: our JSON envelope or a CloudEvent.

    A type outside the catalogue gives an `UnknownType` payload, a version that this build does not
    know a `NewerVersion`; both are kept, not refused. U+0000 in a payload's text is replaced by
    U+FFFD, because Postgres cannot hold it; the log keeps the bytes.

    Raises:
        InvalidEvent: with the reason, the dotted field, and what was expected.
    """
    return _ordinary(raw) or _any(raw)


def _ordinary(raw: bytes) -> Event | None:
    """Our envelope in a current version, all as it must be; None: it has to be looked at in full.

    What is taken here is taken there, and gives the same event.
    """
    if is_odd(raw):
        return None
    try:
        body = orjson.loads(raw)
        known = CATALOGUE[body["type"]]
        company_id, conversation_id = body["company_id"], body["conversation_id"]
        source, correlation_id = body["source"], body["correlation_id"]
        version, cause = body["version"], body.get("causation_id")
        if (
            type(version) is not int
            or version != known.current
            or "specversion" in body
            or not (company_id and conversation_id and source and correlation_id)
            or len(company_id) > LONGEST_COMPANY
        ):
            return None
        # Only texts can be put together and asked these.
        together = company_id + conversation_id + source + correlation_id
        if len(together) > LONGEST or not together.isprintable():
            return None
        # What a named tuple's constructor does, without the call of a Python function around it.
        return _tuple(
            Event,
            (
                parse_uuid(body["id"]),
                known.type,
                version,
                parse_time(body["occurred_at"]),
                company_id,
                conversation_id,
                source,
                correlation_id,
                None if cause is None else parse_uuid(cause),
                known.validate(body["payload"]),
            ),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def is_odd(raw: bytes) -> bool:
    """Whether a body must be looked at in full: too large, perhaps too deep, perhaps with U+0000."""
    if len(raw) > _SHORT and (len(raw) > MAX_EVENT_BYTES or opens_often(raw)):
        return True
    # One byte is looked for many times as fast as several, by its number once more.
    return _BACKSLASH in raw and b"\\u0000" in raw


def opens_often(raw: bytes) -> bool:
    """Whether it may be nested too deep: what opens less often than it may nest is not."""
    return raw.count(b"{") + raw.count(b"[") > _MAX_DEPTH


def _any(raw: bytes) -> Event:
    body = _object(raw)
    # A text that holds what looks like it is looked at in full, as is a CloudEvent, whose data may
    # be packed.
    may_be_deep = opens_often(raw)
    if is_cloudevent(body):
        body, may_be_deep = to_envelope(body), True
    type_, version = _type(body), _version(body)
    event_id = _parsed(body, "id", parse_uuid)
    occurred_at = _parsed(body, "occurred_at", parse_time)
    company_id = _text(body, "company_id", LONGEST_COMPANY)
    conversation_id = "" if body.get("conversation_id") is None else _conversation(body)
    causation_id = (
        None if body.get("causation_id") is None else _parsed(body, "causation_id", parse_uuid)
    )
    return Event(
        event_id,
        type_,
        version,
        occurred_at,
        company_id,
        conversation_id,
        _text(body, "source", LONGEST),
        _text(body, "correlation_id", LONGEST),
        causation_id,
        _payload(type_, version, body, may_be_deep=may_be_deep, may_hold_nul=b"\\u0000" in raw),
    )


def encode(event: Event) -> bytes:
    """Our JSON envelope, in the current version of the payload's shape unless it is newer.

    Raises:
        InvalidEvent: larger than `MAX_EVENT_BYTES`.
    """
    known = CATALOGUE.get(event.type)
    kept_raw = isinstance(event.payload, UnknownType | NewerVersion)
    payload = (
        event.payload.raw
        if isinstance(event.payload, UnknownType | NewerVersion)
        else event.payload.model_dump(exclude_none=True)
    )
    raw = orjson.dumps(
        {
            "id": event.id,
            "type": event.type,
            "version": event.version if kept_raw or known is None else known.current,
            "occurred_at": event.occurred_at.isoformat().replace("+00:00", "Z"),
            "company_id": event.company_id,
            "conversation_id": event.conversation_id or None,
            "source": event.source,
            "correlation_id": event.correlation_id,
            "causation_id": event.causation_id,
            "payload": payload,
        },
        default=str,
    )
    _check_size(raw)
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    _check_size(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _not_json(raw, error) from error
    if not isinstance(body, dict):
        raise InvalidEvent(Reason.NOT_JSON, "must be a JSON object")
    return body


def _check_size(raw: bytes) -> None:
    if len(raw) > MAX_EVENT_BYTES:
        raise InvalidEvent(
            Reason.TOO_LARGE, f"{len(raw)} bytes, at most {MAX_EVENT_BYTES}: send media by URL"
        )


def _not_json(raw: bytes, error: orjson.JSONDecodeError) -> InvalidEvent:
    try:
        raw.decode()
    except UnicodeDecodeError as broken:
        return InvalidEvent(Reason.NOT_UTF8, f"byte {broken.start} is not UTF-8")
    return InvalidEvent(Reason.NOT_JSON, str(error))


def _envelope_error(field: str, detail: str) -> InvalidEvent:
    return InvalidEvent(Reason.INVALID_ENVELOPE, detail, field=field)


def _present(body: dict[str, Any], field: str) -> Any:
    try:
        return body[field]
    except KeyError:
        raise _envelope_error(field, "is missing") from None


def _parsed(body: dict[str, Any], field: str, parse: Any) -> Any:
    try:
        return parse(_present(body, field))
    except ValueError as error:
        raise _envelope_error(field, str(error)) from error


def _text(body: dict[str, Any], field: str, longest: int) -> str:
    value = _present(body, field)
    if type(value) is not str or not 0 < len(value) <= longest:
        raise _envelope_error(field, f"must be text of 1 to {longest} characters")
    if _CONTROL.search(value):
        raise _envelope_error(field, "must not contain control characters")
    return value


def _conversation(body: dict[str, Any]) -> str:
    return "" if body["conversation_id"] == "" else _text(body, "conversation_id", LONGEST)


def _type(body: dict[str, Any]) -> str:
    value = _present(body, "type")
    if type(value) is not str or (value not in CATALOGUE and _TYPE.fullmatch(value) is None):
        raise _envelope_error("type", "must be family.name in lower snake case")
    return value


def _version(body: dict[str, Any]) -> int:
    value = _present(body, "version")
    if type(value) is not int or not 1 <= value <= _MAX_VERSION:
        raise _envelope_error("version", f"must be an integer from 1 to {_MAX_VERSION}")
    return value


def _payload(
    type_: str, version: int, body: dict[str, Any], *, may_be_deep: bool, may_hold_nul: bool
) -> Payload:
    value = _present(body, "payload")
    if type(value) is not dict:
        raise InvalidEvent(Reason.INVALID_PAYLOAD, "must be an object", field="payload")
    if may_be_deep and _too_deep(value):
        raise InvalidEvent(
            Reason.INVALID_PAYLOAD, f"is nested deeper than {_MAX_DEPTH}", field="payload"
        )
    known = CATALOGUE.get(type_)
    if known is None:
        return UnknownType.model_construct(raw=value)
    if version > known.current:
        return NewerVersion.model_construct(raw=value)
    if version != known.current:
        _validated(known.versions[version], value)
        value = lift(type_, version, value, current=known.current)
    payload = _validated(known.model, value)
    # Validated as it came first, because an identifier with U+0000 is refused, not mended.
    return _validated(known.model, _without_nul(value)) if may_hold_nul else payload


def _validated(model: PayloadModel, value: dict[str, Any]) -> Payload:
    try:
        payload: Payload = model.__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        raise _payload_error(error) from error
    return payload


def _payload_error(error: ValidationError) -> InvalidEvent:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(["payload", *map(str, first["loc"])])
    detail = first["msg"].removeprefix("Value error, ")
    more = error.error_count() - 1
    return InvalidEvent(
        Reason.INVALID_PAYLOAD, f"{detail} (and {more} more)" if more else detail, field=field
    )


def _too_deep(value: Any, depth: int = 0) -> bool:
    if depth > _MAX_DEPTH:
        return True
    if type(value) is dict:
        return any(_too_deep(v, depth + 1) for v in value.values() if type(v) in _CONTAINERS)
    return any(_too_deep(v, depth + 1) for v in value if type(v) in _CONTAINERS)


_CONTAINERS = (dict, list)


def _without_nul(value: Any) -> Any:
    """The value with U+0000 replaced in its texts."""
    if type(value) is str:
        return value.replace("\x00", _REPLACEMENT)
    if type(value) is list:
        return [_without_nul(item) for item in value]
    if type(value) is dict:
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def is_known(event: Event) -> bool:
    """Whether this build has the payload's model: neither an unknown type nor a newer version."""
    return not isinstance(event.payload, UnknownType | NewerVersion)
