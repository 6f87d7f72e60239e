"""Kinds of values that payloads are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

from asyncpg.pgproto import pgproto
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from events.payload import Payload

_is_rfc_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
).fullmatch


def parse_time(value: Any) -> datetime:
    """An RFC 3339 date-time with offset, as aware UTC; digits below a microsecond are cut.

    Raises:
        ValueError: not of that form, or not a time that exists.
    """
    if not isinstance(value, str) or _is_rfc_3339(value) is None:
        raise ValueError("must be an RFC 3339 date-time with offset, like 2026-11-02T12:00:00Z")
    try:
        found = datetime.fromisoformat(value.upper())
        return found if found.tzinfo is UTC else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is not a time that exists: {error}") from error


def parse_uuid(value: Any) -> UUID:
    """A UUID in its canonical form of 36 characters, in either case.

    Of the compiled class that the log's rows have too: it is made, hashed and written in a fraction of the
    time of the standard library's, and equal to it.

    Raises:
        ValueError: not of that form.
    """
    if isinstance(value, str):
        try:
            found: UUID = pgproto.UUID(value)
        except ValueError:
            pass
        else:
            # It takes other forms too: this one alone is how it writes itself.
            written = str(found)
            if written in (value, value.lower()):
                return found
    raise ValueError("must be a UUID of 36 characters")


def read_time(value: Any) -> datetime:
    """As `parse_time`; what is a time already stays as it is."""
    return value if isinstance(value, datetime) else parse_time(value)


def read_uuid(value: Any) -> UUID:
    """As `parse_uuid`; what is a UUID already stays as it is."""
    return value if isinstance(value, UUID) else parse_uuid(value)


def read_decimal(value: Any) -> Decimal:
    """A finite number, given as such or as text.

    Raises:
        ValueError: neither, or not below 10^18.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number, or a number as text")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("must be a number, or a number as text") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise ValueError("must be a finite number below 10^18")
    return number


NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
"""A pattern of pydantic's."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROLS)]
"""1 to 200 characters, no control characters: a key in Postgres."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_CONTROLS)]
"""1 to 100 characters, no control characters: a channel, model, rule, reason code."""

Time = Annotated[
    datetime,
    BeforeValidator(read_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
EventId = Annotated[
    UUID, BeforeValidator(read_uuid), WithJsonSchema({"type": "string", "format": "uuid"})
]
Cost = Annotated[
    Decimal,
    BeforeValidator(read_decimal),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
"""US dollars; exact when given as text."""

Count = Annotated[int, Field(ge=0, le=2**53)]
Milliseconds = Annotated[int, Field(ge=0, le=2**53)]
Score = Annotated[float, Field(ge=0, le=1)]


class Contact(Payload):
    """The person at the other end, as the channel knows them."""

    id: Identifier
    name: str | None = None
    phone: str | None = None
    email: str | None = None


class Media(Payload):
    """A file by its address; events never carry it inline."""

    url: str = Field(min_length=1, max_length=4096)
    mime_type: Name
    sha256: str | None = None
    bytes: Count | None = None
    filename: str | None = None
    caption: str | None = None


class Tokens(Payload):
    """Tokens that a model counted."""

    prompt: Count
    completion: Count
    total: Count
