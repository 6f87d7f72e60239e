"""Clients for a `REDIS_URL`: all of the program's are made here, so that each mode works everywhere."""

from __future__ import annotations

from functools import cache
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException
from redis.exceptions import TimeoutError as RedisTimeoutError

from consumers.redis_clients import RedisClient
from runtime.redis_urls import RedisMode, RedisUrl

_KINDS = frozenset({str, bytes, int})
"""Of arguments that hiredis writes as redis-py does."""
_MOST_CONNECTIONS = 4096
"""Of a cluster's client to each node: a stream that is waited for takes one."""


def redis_client(
    url: str,
    *,
    timeout_s: float,
    connect_timeout_s: float = 5.0,
    retry: Retry | None = None,
    name: str | None = None,
) -> RedisClient:
    """A client that waits `timeout_s` for an answer; without `retry` it sends a command once.

    Making it opens nothing; who makes it closes it.

    Raises:
        RedisUrlInvalid: the URL cannot be used.
    """
    wanted = RedisUrl.parse(url)
    given: dict[str, Any] = {
        **wanted.options,
        "username": wanted.username,
        "password": wanted.password,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": connect_timeout_s,
        "client_name": name,
        "retry": retry or Retry(NoBackoff(), 0),
    }
    if wanted.mode is RedisMode.CLUSTER:
        return _cluster(wanted, given)
    given |= {"db": wanted.db, "retry_on_error": [RedisConnectionError, RedisTimeoutError]}
    client = _master(wanted, given) if wanted.mode is RedisMode.SENTINEL else _one(wanted, given)
    pool: Any = client.connection_pool
    pool.connection_class = _ours(pool.connection_class)
    return client


def _one(wanted: RedisUrl, given: dict[str, Any]) -> Redis:
    if wanted.socket is not None:
        return Redis(unix_socket_path=wanted.socket, **given)
    ((host, port),) = wanted.hosts
    return Redis(host=host, port=port, ssl=wanted.tls, **given)


def _cluster(wanted: RedisUrl, given: dict[str, Any]) -> RedisCluster:
    client = _Cluster(
        startup_nodes=[ClusterNode(host, port) for host, port in wanted.hosts],
        ssl=wanted.tls,
        max_connections=_MOST_CONNECTIONS,
        # Streams of healthy nodes are served while another's slots have no primary.
        require_full_coverage=False,
        # A slot that moved is learnt alone: learning all anew cuts every connection in use.
        reinitialize_steps=0,
        **given,
    )
    ours = _ours(client.connection_kwargs["connection_class"])
    # For the nodes to come, and for those of the URL.
    client.connection_kwargs["connection_class"] = ours
    for node in client.startup_nodes:
        node.connection_class = ours
    return client


def _master(wanted: RedisUrl, given: dict[str, Any]) -> Redis:
    of_sentinels = {
        **({"ssl": True} if wanted.tls else {}),
        **wanted.options,
        **wanted.sentinel_options,
        "socket_timeout": given["socket_connect_timeout"],
        "socket_connect_timeout": given["socket_connect_timeout"],
        "retry": Retry(NoBackoff(), 0),
    }
    sentinel = Sentinel(wanted.hosts, sentinel_kwargs=of_sentinels)  # type: ignore[no-untyped-call]
    master: _Master = sentinel.master_for(
        wanted.service, redis_class=_Master, ssl=wanted.tls, **given
    )
    master.sentinels = sentinel
    return master


class _TellsCuts:
    """Says of a connection that was cut what it is, where redis-py lets other errors through.

    uvloop raises RuntimeError for a transport that was reset, and a connection that another task
    has just closed has no writer any more.
    """

    async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
        sending: Any = super()
        try:
            await sending.send_packed_command(*args, **kwargs)
        except (RuntimeError, AttributeError) as error:
            raise RedisConnectionError("Connection was cut while writing to it.") from error


class _PacksFast:
    """Writes commands down by hiredis, as redis-py's connections without asyncio do.

    In Python each argument takes a call and copies what came before it, and a read of all streams has 80.
    """

    def pack_command(self, *args: Any) -> list[bytes]:
        name = args[0]
        # redis-py takes a name of two words apart.
        if (b" " if isinstance(name, bytes) else " ") not in name and _KINDS.issuperset(
            map(type, args)
        ):
            return [hiredis.pack_command(args)]
        packing: Any = super()
        packed: list[bytes] = packing.pack_command(*args)
        return packed


@cache
def _ours(kind: Any) -> Any:
    """redis-py's connection class of that kind, with ours before it."""
    return type(kind.__name__, (_TellsCuts, _PacksFast, kind), {})


class _Cluster(RedisCluster):
    """Knows the nodes before it sends, and comes back to the URL's when no other answers any more."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        # While it knows no node, redis-py sends a command anywhere instead of by its key.
        await self.initialize()
        return await super().execute_command(*args, **kwargs)

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> RedisCluster:
        try:
            return await super().initialize(additional_startup_nodes_info, last_failed_node_name)
        except RedisClusterException:
            for node in self.startup_nodes:
                self.nodes_manager.startup_nodes.setdefault(node.name, node)
            raise

    async def aclose(self) -> None:
        await super().aclose()
        # The above does nothing when a connection failed last, and leaves the others open.
        for nodes in ("nodes_cache", "startup_nodes"):
            await self.nodes_manager.aclose(nodes)


class _Master(Redis):
    """The master as Sentinel names it at each new connection; closes Sentinel's clients too."""

    sentinels: Sentinel

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.sentinels.aclose()
