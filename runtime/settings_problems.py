"""What can be wrong with the environment: each value by itself, and values with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from runtime.cipher import KeyInvalid, key_bytes
from runtime.redis_urls import RedisUrl, RedisUrlInvalid

if TYPE_CHECKING:
    from runtime.settings import Settings

DB_SCHEMES = ("postgresql", "postgres")
KEYS = ("CREDENTIALS_KEY", "CREDENTIALS_KEY_PREVIOUS")
BESIDE_LANES = 6
"""Connections that consumers hold beside the lanes of the group `projections`: the lane of `agent`,
each group's heart-beat and one of its other steps, and the relay's, a probe's or a look's."""
WORKERS_LEAST = 2
_LANES = 4
"""More gain nothing: while three wait for Postgres, the fourth keeps the processor busy."""


def default_lanes(known: Mapping[str, Any]) -> int:
    """As many as gain something, at least 1, where the pool has room; of settings that are validated."""
    beside = BESIDE_LANES + (0 if known.get("disable_workers") else WORKERS_LEAST)
    room: int = known["db_pool_max"] - beside
    return max(1, min(_LANES, room))


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong value: the variable's name, what is wrong, what is allowed. Holds no secret."""

    name: str
    wrong: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.name}: {self.wrong}; allowed: {self.allowed}"


class SettingsInvalid(Exception):
    """The environment cannot be used; `.problems` lists everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(["wrong settings:", *(f"  {problem}" for problem in problems)]))
        self.problems = problems


def allowed_in(settings: type[BaseSettings], name: str) -> str:
    """What the variable `name` accepts, for people."""
    extra = settings.model_fields[name.lower()].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def joint_problems(settings: Settings, *, embedded: bool) -> Iterator[Problem]:
    """What is wrong with settings that are right one by one.

    `embedded`: the URLs will come from embedded servers.
    """
    yield from _url_problems(settings, needed=not (embedded or settings.disable_connections))
    token = settings.api_token.get_secret_value() if settings.api_token else "x" * 8
    if not (8 <= len(token) <= 1000 and all("!" <= character <= "~" for character in token)):
        yield Problem(
            "API_TOKEN",
            "too short, too long, or not ASCII",
            allowed_in(type(settings), "API_TOKEN"),
        )
    yield from _key_problems(settings)
    if settings.openai_prices is not None and not settings.openai_prices.is_file():
        wrong = f"{settings.openai_prices} is not a file"
        yield Problem("OPENAI_PRICES", wrong, allowed_in(type(settings), "OPENAI_PRICES"))
    yield from _order_problems(settings)


def _key_problems(settings: Settings) -> Iterator[Problem]:
    keys = (settings.credentials_key, settings.credentials_key_previous)
    for name, key in zip(KEYS, keys, strict=True):
        try:
            key_bytes(key.get_secret_value() if key else "0" * 64)
        except KeyInvalid as error:
            yield Problem(name, str(error), allowed_in(type(settings), name))
    if settings.credentials_key_previous and not settings.credentials_key:
        yield Problem(
            KEYS[1], "is set without CREDENTIALS_KEY", allowed_in(type(settings), KEYS[1])
        )


def _order_problems(settings: Settings) -> Iterator[Problem]:
    if settings.db_pool_min > settings.db_pool_max:
        wrong = f"{settings.db_pool_min} is above DB_POOL_MAX ({settings.db_pool_max})"
        yield Problem("DB_POOL_MIN", wrong, allowed_in(type(settings), "DB_POOL_MIN"))
    least = settings.lanes + BESIDE_LANES + (0 if settings.disable_workers else WORKERS_LEAST)
    if settings.db_pool_max < least:
        wrong = f"{settings.db_pool_max} is too few for LANES={settings.lanes}, which needs {least}"
        yield Problem("DB_POOL_MAX", wrong, allowed_in(type(settings), "DB_POOL_MAX"))
    if settings.lease_s < 3 * settings.heartbeat_s:
        wrong = f"{settings.lease_s:g} is too short for HEARTBEAT_S={settings.heartbeat_s:g}"
        yield Problem("LEASE_S", wrong, allowed_in(type(settings), "LEASE_S"))


def _url_problems(settings: Settings, *, needed: bool) -> Iterator[Problem]:
    urls: Iterable[tuple[str, SecretStr | None, Callable[[str], str | None]]] = (
        ("SUPABASE_DB_URL", settings.supabase_db_url, _database_url_fault),
        ("REDIS_URL", settings.redis_url, _redis_url_fault),
    )
    for name, url, fault in urls:
        wrong = fault(url.get_secret_value()) if url else None
        if url is None and needed:
            wrong = "is not set (and neither DISABLE_CONNECTIONS nor --embedded is given)"
        if wrong:
            yield Problem(name, wrong, allowed_in(type(settings), name))


def _database_url_fault(url: str) -> str | None:
    """What is wrong with a URL, in words that repeat nothing of it but its scheme."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL, or its port is not a number (write '@', '/', ':' in a password as %40, %2F, %3A)"
    if parts.scheme not in DB_SCHEMES:
        return "has another scheme than " + ", ".join(DB_SCHEMES)
    return "has the port 0" if port == 0 else None


def _redis_url_fault(url: str) -> str | None:
    try:
        RedisUrl.parse(url)
    except RedisUrlInvalid as error:
        return str(error)
    return None
