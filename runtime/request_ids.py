"""The ids of one HTTP request: taken from the caller when they are usable, else made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from uuid import uuid4

_USABLE = re.compile(r"[A-Za-z0-9._:/@+=-]{1,128}")
REQUEST_ID = "x-request-id"
CORRELATION_ID = "x-correlation-id"


def request_ids(
    headers: Mapping[str, str], *, new_id: Callable[[], str] = lambda: str(uuid4())
) -> dict[str, str]:
    """The values of both headers; the correlation id falls back on the request id."""
    request_id = _usable(headers.get(REQUEST_ID)) or new_id()
    return {
        REQUEST_ID: request_id,
        CORRELATION_ID: _usable(headers.get(CORRELATION_ID)) or request_id,
    }


def _usable(value: str | None) -> str | None:
    return value if value and _USABLE.fullmatch(value) else None
