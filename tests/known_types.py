"""What asyncpg looks up about Postgres' own types, kept: the same in every database of a server.

A connection looks them up anew, and each test has its own connections: planning that query costs a new
one more than the statements of most tests. Types that a database has made are looked up each time. So
is everything in processes of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import asyncpg

_FIRST_OWN_OID = 16384
_NOTHING_PREPARED = SimpleNamespace(name="kept")
"""In place of the statement that looks them up: the caller's own stays prepared."""
_kept: dict[tuple[Any, frozenset[int]], Any] = {}


def keep_known_types() -> None:
    """From now on, in this process."""
    connection: Any = asyncpg.Connection
    look_up = connection._introspect_types

    async def known(self: Any, oids: Collection[int], within_s: float | None) -> Any:
        if max(oids) >= _FIRST_OWN_OID:
            return await look_up(self, oids, within_s)
        key = self.get_server_version(), frozenset(oids)
        if key in _kept:
            return _kept[key], _NOTHING_PREPARED
        types, statement = await look_up(self, oids, within_s)
        _kept[key] = types
        return types, statement

    connection._introspect_types = known


def forget_known_types() -> None:
    """For a test of what a connection looks up."""
    _kept.clear()
