"""JSON values of rows, as Postgres takes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson


def json_text(value: Any) -> str:
    """The value as JSON.

    Raises:
        TypeError: it holds something that JSON has no form for.
    """
    return orjson.dumps(value, default=_told).decode()


def _told(value: Any) -> str:
    """Ids are of a subclass of UUID, of which orjson knows only the standard library's own."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
