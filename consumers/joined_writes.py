"""What a small batch writes, in one statement: of what a batch takes, most is round trips.

Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from consumers.errors import is_transient
from projections.statements import joined

_FORMS = 24
"""Which tables a batch writes gives the statement its form. Postgres plans each anew for each
connection, so those that come first are kept, and a batch of any other form is written one by one."""


class NotTogether(Exception):
    """The statement was refused; which part of it, nobody told. The transaction is lost."""


class Forms:
    """The joined statements of one group."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}

    def joined(self, parts: Sequence[str]) -> str | None:
        """One statement for all; None where it is not worth one."""
        form = tuple(parts)
        if (known := self._known.get(form)) is not None:
            return known
        if len(form) < 2 or len(self._known) == _FORMS:
            return None
        told = self._known[form] = joined(form)
        return told


class JoinedWrites:
    """A connection that keeps what is to be written until `send`.

    What is kept must not depend on each other, nor what is fetched or copied on what is kept.
    """

    def __init__(self, conn: asyncpg.pool.PoolConnectionProxy, forms: Forms) -> None:
        self._conn = conn
        self._forms = forms
        self._kept: list[tuple[str, Sequence[Any], int | None]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, query: str, *args: Any) -> str:
        """Keep a statement; there is nothing to tell of it yet."""
        self._kept.append((query, args, None))
        return ""

    def expect(self, query: str, args: Iterable[Any], *, rows: int) -> None:
        """Keep a statement that must return so many rows."""
        self._kept.append((query, tuple(args), rows))

    async def send(self) -> None:
        """Write what was kept, in its order.

        Raises:
            NotTogether: something was refused, or returned fewer rows than it must.
            TransientFault: as everywhere, by `faults_translated`.
        """
        kept, self._kept = self._kept, []
        try:
            counts = await self._written(kept)
        except Exception as error:
            if is_transient(error):
                raise
            raise NotTogether from error
        if any(rows not in (None, n) for (_, _, rows), n in zip(kept, counts, strict=True)):
            raise NotTogether

    async def _written(self, kept: Sequence[tuple[str, Sequence[Any], int | None]]) -> list[int]:
        if (sql := self._forms.joined([query for query, _, _ in kept])) is not None:
            values = (value for _, args, _ in kept for value in args)
            [counts] = await self._conn.fetch(sql, *values)
            return list(counts)
        return [len(await self._conn.fetch(query, *args)) for query, args, _ in kept]
