"""What `REDIS_URL` may say: one server, the master that Sentinel names, or a cluster.

    redis://[[user]:password@]host[:6379][/db][?options]
    unix://[[user]:password@]/path/to/socket[?db=0]
    redis+sentinel://[[user]:password@]host[:26379],host,…/service[/db][?options]
    redis+cluster://[[user]:password@]host[:6379],host,…[?options]

With `rediss` in place of `redis` everything goes through TLS. Options: `ssl_ca_certs`, `ssl_certfile`,
`ssl_keyfile` (paths), `ssl_check_hostname` (`true`, `false`), `ssl_cert_reqs` (`required`, `none`),
`health_check_interval` (seconds), and of Sentinel's own servers `sentinel_username`,
`sentinel_password`. What else redis-py takes from a URL would change time-outs, retries or answers
that the engine counts on, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

REDIS_SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"),
)
_PORTS = {"cluster": 6379, "sentinel": 26379}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS_OPTIONS = (*_FILES, "ssl_check_hostname", "ssl_cert_reqs")
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")


class RedisMode(StrEnum):
    """How the servers are run."""

    STANDALONE = "standalone"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class RedisUrlInvalid(ValueError):
    """A URL that cannot be used. The text repeats nothing of it but names of options."""


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A parsed URL; `repr` shows no secret."""

    mode: RedisMode
    tls: bool
    hosts: tuple[tuple[str, int], ...] = ()
    socket: str | None = None
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    sentinel_options: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL.

        Raises:
            RedisUrlInvalid: it cannot be used.
        """
        try:
            parts = urlsplit(url)
            scheme, _, kind = parts.scheme.partition("+")
            mode = RedisMode(kind or "standalone")
        except ValueError:
            raise RedisUrlInvalid("is not a URL of Redis") from None
        if parts.scheme not in REDIS_SCHEMES:
            raise RedisUrlInvalid("has another scheme than " + ", ".join(REDIS_SCHEMES))
        options = _options(parts, tls=scheme == "rediss", mode=mode)
        user, _, hosts = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        found = () if scheme == "unix" else _hosts(hosts, _PORTS.get(kind, 6379))
        service, db = _path(parts, mode)
        if mode is RedisMode.STANDALONE and len(found) > 1:
            raise RedisUrlInvalid("names several hosts: say redis+cluster or redis+sentinel")
        return cls(
            mode=mode,
            tls=scheme == "rediss",
            hosts=found,
            socket=_socket(parts) if scheme == "unix" else None,
            service=service,
            db=options.pop("db", db),
            username=unquote(name) or None,
            password=unquote(password) or None,
            sentinel_options={
                key.removeprefix("sentinel_"): options.pop(key)
                for key in _SENTINEL_OPTIONS
                if key in options
            },
            options=options,
        )

    @property
    def secrets(self) -> frozenset[str]:
        """The passwords in it."""
        found = (self.password, self.sentinel_options.get("password"))
        return frozenset(secret for secret in found if secret)


def _options(parts: SplitResult, *, tls: bool, mode: RedisMode) -> dict[str, Any]:
    allowed = {"health_check_interval", *(_TLS_OPTIONS if tls else ())}
    if mode is RedisMode.SENTINEL:
        allowed |= set(_SENTINEL_OPTIONS)
    if mode is not RedisMode.CLUSTER:
        allowed.add("db")
    found: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in _TLS_OPTIONS and not tls:
            raise RedisUrlInvalid(f"has the option {name}, but its scheme is not one with TLS")
        if name not in allowed:
            raise RedisUrlInvalid(f"has an unknown option (allowed: {', '.join(sorted(allowed))})")
        found[name] = _option(name, value)
    return found


def _option(name: str, value: str) -> Any:
    if name in _FILES and not Path(value).is_file():
        raise RedisUrlInvalid(f"names a file in {name} that is not there")
    if name == "ssl_check_hostname":
        return _chosen(name, value.lower(), {"true": True, "false": False})
    if name == "ssl_cert_reqs":
        return _chosen(name, value.lower(), {"required": "required", "none": "none"})
    if name in {"db", "health_check_interval"}:
        return _number(name, value)
    return value


def _chosen(name: str, value: str, choices: dict[str, Any]) -> Any:
    if value not in choices:
        raise RedisUrlInvalid(f"wants one of {', '.join(choices)} as {name}")
    return choices[value]


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise RedisUrlInvalid(f"has a {name} that is not a number (write '/' in a password as %2F)")
    return int(value)


def _path(parts: SplitResult, mode: RedisMode) -> tuple[str, int]:
    """The service and the database."""
    if parts.scheme == "unix":
        return "", 0
    words = [unquote(word) for word in parts.path.split("/") if word]
    service = words.pop(0) if mode is RedisMode.SENTINEL and words else ""
    if mode is RedisMode.SENTINEL and not service:
        raise RedisUrlInvalid("names no service (redis+sentinel://host:26379/service)")
    if len(words) > 1:
        raise RedisUrlInvalid("has too long a path")
    db = _number("database", words[0]) if words else 0
    if db and mode is RedisMode.CLUSTER:
        raise RedisUrlInvalid("names a database; a cluster has the database 0 alone")
    return service, db


def _socket(parts: SplitResult) -> str:
    if not parts.path:
        raise RedisUrlInvalid("names no socket")
    return unquote(parts.path)


def _hosts(text: str, default_port: int) -> tuple[tuple[str, int], ...]:
    found = []
    for word in text.split(","):
        try:
            parts = urlsplit(f"//{word}")
            port = default_port if parts.port is None else parts.port
        except ValueError:
            raise RedisUrlInvalid(
                "has a port that is not a number (write '@', '/', ':' in a password as %40, %2F, %3A)"
            ) from None
        if not parts.hostname:
            raise RedisUrlInvalid("names no host")
        if port == 0:
            raise RedisUrlInvalid("has the port 0")
        found.append((parts.hostname, port))
    return tuple(found)
