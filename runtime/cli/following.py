"""Asking Postgres again and again, also after it was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import asyncpg

from consumers.errors import is_transient, told
from projections.migrate import Database
from runtime.cli.context import Open, errors
from runtime.postgres_connection import connect

T = TypeVar("T")

_EVERY_S = 0.5
_ANSWER_WITHIN_S = 60.0


async def polled(open_: Open, ask: Callable[[Database], Awaitable[T]]) -> AsyncIterator[T]:
    """What `ask` answers, twice a second, without end.

    A fault of the surroundings is told once, on standard error; it is asked again, over a new
    connection, until there is an answer. `ask` must remember nothing of a try that failed.
    """
    db: asyncpg.Connection | None = open_.db
    away = False
    try:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                db = await connect(open_.settings.database_dsn()) if db is None else db
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    answer = await ask(db)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                if not is_transient(error):
                    raise
                if not away:
                    errors.print(f"Postgres is away ({told(error)}): waiting", markup=False)
                _leave(db)
                db, away = None, True
                continue
            if away:
                errors.print("Postgres is back", markup=False)
                away = False
            yield answer
    finally:
        _leave(db)


def _leave(db: asyncpg.Connection | None) -> None:
    if db is not None:
        db.terminate()
