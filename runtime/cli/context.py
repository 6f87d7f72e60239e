"""What commands share: settings, connections for one answer, and errors told as text."""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import asyncpg
import typer
from redis.exceptions import RedisClusterException, RedisError
from rich.console import Console

from consumers.redis_clients import RedisClient
from events.errors import EventError
from projections.migrate import MigrationError
from runtime.cli.tables import leave_the_pipe, show
from runtime.embedded import DEFAULT_DIRECTORY, EmbeddedError
from runtime.embedded_urls import announced_urls
from runtime.postgres_connection import connect
from runtime.redis_client import redis_client
from runtime.settings import Settings, load_settings
from runtime.settings_problems import SettingsInvalid

__all__ = [
    "FAILED",
    "WRONG_USE",
    "Open",
    "answer_of",
    "carry_out",
    "errors",
    "fail",
    "opened",
    "settings_or_exit",
    "show",
]

FAILED, WRONG_USE = 1, 2
T = TypeVar("T")
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, *, code: int = FAILED) -> NoReturn:
    """End with one paragraph on standard error."""
    errors.print(message, style="red", markup=False)
    raise typer.Exit(code)


def settings_or_exit(*, embedded: bool = False, **overrides: str) -> Settings:
    """The settings; every wrong one is told at once, exit 2.

    Without URLs, servers that `serve --embedded` or `demo --serve` runs in this directory are used.
    """
    environ: dict[str, str] = {**os.environ, **overrides}
    if not embedded and not environ.get("SUPABASE_DB_URL") and not environ.get("REDIS_URL"):
        found = announced_urls(DEFAULT_DIRECTORY)
        if found:
            errors.print("using the embedded servers of this directory", style="dim")
            environ |= found
    try:
        return load_settings(environ, embedded=embedded)
    except SettingsInvalid as error:
        fail(str(error), code=WRONG_USE)


@dataclass(frozen=True, slots=True)
class Open:
    """Connections for one command."""

    settings: Settings
    db: asyncpg.Connection
    redis: RedisClient


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Open]:
    """Postgres and Redis, closed at the end."""
    redis = redis_client(settings.redis_dsn(), timeout_s=10)
    try:
        db = await _connected(settings.database_dsn())
        try:
            yield Open(settings, db, redis)
        finally:
            await db.close()
    finally:
        await redis.aclose()


async def _connected(dsn: str) -> asyncpg.Connection:
    try:
        return await connect(dsn)
    except OSError as error:
        # A time-out is one too, without a text.
        told = str(error) or type(error).__name__
        fail(f"Postgres does not answer: {told}. Check SUPABASE_DB_URL, or try `psql`.")


def carry_out(work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Run a command to its exit code; faults of the surroundings become one line, exit 1.

    A reader of its output that has gone ends it with 0, without a word.
    """
    raise typer.Exit(answer_of(work))


def answer_of(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a part of a command to its answer; faults of the surroundings become one line, exit 1."""
    try:
        return asyncio.run(work())
    except (EventError, MigrationError, EmbeddedError) as error:
        fail(_with_remedy(error))
    except asyncpg.UndefinedTableError:
        fail("The database is not migrated: run `agent-runtime migrate`.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(f"Postgres refused: {error}. Check SUPABASE_DB_URL.")
    except (RedisError, RedisClusterException) as error:
        fail(
            f"Redis does not answer: {str(error).rstrip('.')}. Check REDIS_URL, or try `redis-cli ping`."
        )
    except BrokenPipeError:
        # Who read the answer wants no more of it (`| head`): that is no fault.
        leave_the_pipe()
        raise typer.Exit(0) from None
    except (OSError, EOFError, zlib.error) as error:
        fail(f"{type(error).__name__}: {error}")


def _with_remedy(error: Exception) -> str:
    text = str(error)
    if "partitions" in text:
        return f"{text}. Run `agent-runtime migrate`, or set PARTITIONS to what is recorded."
    return text
