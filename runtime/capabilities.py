"""What the servers are and can do: found out at the start, logged, exported, and held to the least.

ServersUnfit
├── ServerTooOld   Redis before 7.0, Postgres before 15
└── WrongMode      a cluster's node under a URL for a single server
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoPermissionError, ResponseError

from consumers.redis_clients import RedisClient
from projections.statements import statements
from runtime.redis_urls import RedisMode, RedisUrl

_SQL = statements("runtime.queries", "servers.sql")
LEAST_REDIS, LEAST_POSTGRES = (7, 0), (15,)
_CONFIG = ("appendonly", "appendfsync", "maxmemory-policy")
_LATER_COMMANDS = {
    "waitaof": "WAITAOF",
    "xackdel": "XACKDEL",
    # It came with XADD's option IDMP, which COMMAND INFO does not show.
    "xcfgset": "XADD IDMP",
    "xnack": "XNACK",
}
_DIGITS = re.compile(r"\d+")
UNKNOWN = "unknown"
"""What a server does not tell."""
POOLER = "pooler"


class ServersUnfit(Exception):
    """The program must not run with these servers; waiting would not help."""


class ServerTooOld(ServersUnfit):
    """The server lacks what the program rests on."""

    def __init__(self, server: str, version: str, least: str) -> None:
        super().__init__(f"{server} {version} is too old: at least {least} is needed")


class WrongMode(ServersUnfit):
    """The URL names a cluster's node as a single server."""

    def __init__(self) -> None:
        super().__init__(
            "REDIS_URL names a node of a Redis Cluster as a single server: "
            "write redis+cluster://host:port,host:port"
        )


@dataclass(frozen=True, slots=True)
class RedisCapabilities:
    """What a Redis is; the fields are texts, ready for labels."""

    server: str
    """`redis` or `valkey`."""
    version: str
    """Of a cluster, its oldest primary's."""
    mode: str
    tls: str
    appendonly: str
    appendfsync: str
    maxmemory_policy: str
    commands: str
    """Later ones than 7.0's that are there, with commas."""


@dataclass(frozen=True, slots=True)
class PostgresCapabilities:
    """What a Postgres is; the fields are texts, ready for labels."""

    version: str
    route: str
    """`direct` or `pooler`."""
    tls: str
    """Of our own connection."""
    pgvector: str
    """The version that the database has, else `available` or `absent`."""


async def detect_redis(client: RedisClient, url: str) -> RedisCapabilities:
    """Ask a Redis what it is.

    Raises:
        WrongMode: besides what the client raises.
    """
    wanted = RedisUrl.parse(url)
    infos = await _of_each_primary(client, "INFO", "server") or [{}]
    oldest: dict[str, Any] = min(infos, key=lambda info: _numbers(_version(info)))
    mode = oldest.get("redis_mode", oldest.get("server_mode"))
    if mode == "cluster" and wanted.mode is not RedisMode.CLUSTER:
        raise WrongMode
    config = await _config(client)
    return RedisCapabilities(
        server="valkey" if "valkey_version" in oldest else "redis",
        version=_version(oldest),
        mode=str(wanted.mode),
        tls="yes" if wanted.tls else "no",
        appendonly=config["appendonly"],
        appendfsync=config["appendfsync"],
        maxmemory_policy=config["maxmemory-policy"],
        commands=",".join(await _later_commands(client)),
    )


async def detect_postgres(conn: asyncpg.Connection, dsn: str) -> PostgresCapabilities:
    """Ask a Postgres what it is."""
    row = await conn.fetchrow(_SQL["postgres"])
    assert row is not None  # noqa: S101 - the statement gives one row
    # A pooler hands out process ids of its own making.
    is_direct = row["pid"] == conn.get_server_pid()
    return PostgresCapabilities(
        version=str(row["version"]).split()[0],
        route="direct" if is_direct else POOLER,
        tls=_yes(row["tls"]) if is_direct else _tls_of_url(dsn),
        pgvector=row["pgvector"] or "absent",
    )


def hold_to_least(redis: RedisCapabilities, postgres: PostgresCapabilities) -> None:
    """Refuse servers that lack what the program rests on.

    Raises:
        ServerTooOld: one of them is.
    """
    if redis.version != UNKNOWN and _numbers(redis.version) < LEAST_REDIS:
        raise ServerTooOld(redis.server.capitalize(), redis.version, "7.0")
    if _numbers(postgres.version) < LEAST_POSTGRES:
        raise ServerTooOld("Postgres", postgres.version, "15")


def risks(redis: RedisCapabilities) -> list[str]:
    """Which of its settings make it likely that Redis loses events, in words."""
    found = []
    if "no" in redis.appendonly.split("/"):
        found.append("appendonly is no: a restart loses what was not consumed")
    elif "no" in redis.appendfsync.split("/"):
        found.append("appendfsync is no: a power cut loses up to half a minute")
    evicting = set(redis.maxmemory_policy.split("/")) - {"noeviction", UNKNOWN}
    if evicting:
        found.append(f"maxmemory-policy is {', '.join(sorted(evicting))}: streams may be evicted")
    return found


def labels(found: RedisCapabilities | PostgresCapabilities) -> dict[str, str]:
    """The fields by name."""
    return asdict(found)


async def _of_each_primary(client: RedisClient, *command: str) -> list[Any]:
    """The answers of the one server, or of each of a cluster's primaries; none when refused.

    Hosted servers and ACLs often forbid commands that tell about the server.
    """
    asked: Any = client
    try:
        if not isinstance(client, RedisCluster):
            return [await asked.execute_command(*command)]
        await client.initialize()
        return [
            await asked.execute_command(*command, target_nodes=node)
            for node in client.get_primaries()
        ]
    except ResponseError as error:
        # Its subclasses are faults that pass: CLUSTERDOWN, MOVED.
        if type(error) not in {ResponseError, NoPermissionError}:
            raise
        return []


async def _config(client: RedisClient) -> dict[str, str]:
    """The settings that decide about loss; primaries that differ are told with a slash."""
    answers = await _of_each_primary(client, "CONFIG GET", *_CONFIG) or [{}]
    return {name: "/".join(sorted({a.get(name, UNKNOWN) for a in answers})) for name in _CONFIG}


async def _later_commands(client: RedisClient) -> list[str]:
    answers = await _of_each_primary(client, "COMMAND INFO", *_LATER_COMMANDS)
    return [
        shown
        for number, shown in enumerate(_LATER_COMMANDS.values())
        if answers and all(answer[number] is not None for answer in answers)
    ]


def _version(info: dict[str, Any]) -> str:
    return str(info.get("valkey_version") or info.get("redis_version") or UNKNOWN)


def _numbers(version: str) -> tuple[int, ...]:
    """For comparing: `7.0.15` → (7, 0, 15), `18beta1` → (18,)."""
    return tuple(int(found[0]) for part in version.split(".") if (found := _DIGITS.match(part)))


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"


def _tls_of_url(dsn: str) -> str:
    """Through a pooler the server sees the pooler's connection, so only our wish is known."""
    mode = parse_qs(urlsplit(dsn).query).get("sslmode", [""])[-1]
    if mode in {"require", "verify-ca", "verify-full"}:
        return "yes"
    return "no" if mode == "disable" else UNKNOWN
