"""What a small batch writes, in one statement: of what a batch takes, most is round trips.

Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from consumers.errors import ConsumerError, is_transient
from projections.statements import joined

_FORMS = 24
"""Which tables a batch writes gives the statement its form. Postgres plans each anew for each
connection, so those that come first are kept, and a batch of any other form is written one by one."""


class NotTogether(Exception):
    """The statement was refused; which part of it, nobody told. The transaction is lost."""


class TooFew(NotTogether):
    """No row was refused, but it returned fewer than it must. The transaction is lost."""


class NotAlone(ConsumerError):
    """It takes a transaction; nothing was written."""


class Forms:
    """The joined statements of one group, in a transaction or each for itself behind a guard."""

    def __init__(self, *, guard: str | None = None) -> None:
        self._guard = guard
        self._known: dict[tuple[tuple[str, ...], tuple[int, ...]], str] = {}

    def joined(self, parts: Sequence[str], *, least: Sequence[int] = ()) -> str | None:
        """One statement for all; None where it is not worth one."""
        form = tuple(parts), tuple(least)
        if (known := self._known.get(form)) is not None:
            return known
        if len(parts) < 2 or len(self._known) == _FORMS:
            return None
        told = self._known[form] = joined(parts, guard=self._guard, least=least)
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
            TooFew: something returned fewer rows than it must.
            NotTogether: something was refused.
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
            raise TooFew

    async def _written(self, kept: Sequence[tuple[str, Sequence[Any], int | None]]) -> list[int]:
        if (sql := self._forms.joined([query for query, _, _ in kept])) is not None:
            values = (value for _, args, _ in kept for value in args)
            [counts] = await self._conn.fetch(sql, *values)
            return list(counts)
        return [len(await self._conn.fetch(query, *args)) for query, args, _ in kept]


class LoneWrites(JoinedWrites):
    """The same without a transaction: the statement is one. What is fetched before holds nothing.

    It is for a group whose checkpoints move with each batch, by compare-and-set: where they have not
    moved, what was fetched stands yet. It is given up after `within_s`.
    """

    def __init__(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        forms: Forms,
        *,
        guard: Sequence[Any],
        within_s: float,
    ) -> None:
        super().__init__(conn, forms)
        self._guarded = guard
        self._within_s = within_s

    def __getattr__(self, name: str) -> Any:
        """Nothing else of a connection: whatever it wrote would be committed for itself."""
        raise NotAlone(name)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """Rows of a query that neither writes nor locks."""
        rows: list[asyncpg.Record] = await self._conn.fetch(query, *args)
        return rows

    async def send_alone(self) -> datetime:
        """Write and commit what was kept; the server's time at the end.

        Raises:
            NotAlone: there is no statement for it, or something wrote fewer rows than it must, or somebody
                has the leases, if only for a moment; nothing was written.
            NotTogether: something was refused; nothing was written.
            TransientFault: as everywhere, by `faults_translated`; it is not known whether it was committed.
        """
        kept, self._kept = self._kept, []
        least = [number for number, (_, _, rows) in enumerate(kept) if rows is not None]
        sql = self._forms.joined([query for query, _, _ in kept], least=least)
        if sql is None:
            raise NotAlone("form")
        values = [*self._guarded]
        for _, args, rows in kept:
            values += args if rows is None else [*args, rows]
        try:
            # Tables are waited for before the statement could bound it.
            [answer] = await self._conn.fetch(sql, *values, timeout=self._within_s)
        except Exception as error:
            if is_transient(error):
                raise
            if isinstance(error, asyncpg.DivisionByZeroError):
                raise NotAlone("not as it must be") from error
            raise NotTogether from error
        at: datetime = answer[-1]
        return at
