"""A Redis Cluster of six: three masters and a replica of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.where_it_runs.certificates import Certificates
from tests.where_it_runs.processes import free_port, listens
from tests.where_it_runs.redis_servers import (
    RedisServer,
    ask,
    redis_server,
    replication,
    wait_until,
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Three masters and a replica of each."""

    nodes: tuple[RedisServer, ...]
    url: str

    def master_of(self, key: str) -> RedisServer:
        """Who serves the key's slot now."""
        client = next(node for node in self.nodes if listens(node.port)).client()
        slot: Any = client.cluster("keyslot", key)
        ranges: Any = ask(client, "CLUSTER SLOTS")
        client.close()
        port = next(primary[1] for first, last, primary, *_ in ranges if first <= slot <= last)
        return next(node for node in self.nodes if node.port == port)


@contextmanager
def redis_cluster(
    folder: Path, certificates: Certificates | None = None, *, binary: Path | None = None
) -> Iterator[Cluster]:
    """A cluster whose replicas take over a second after their master is gone."""
    with ExitStack() as stack:
        nodes = []
        for _ in range(6):
            flags = (
                *("--cluster-enabled", "yes", "--cluster-node-timeout", "1000"),
                *("--cluster-port", str(free_port())),
                # Which takes over is not to depend on how long the replication link was quiet.
                *("--cluster-replica-validity-factor", "0"),
            )
            node = redis_server(folder, *flags, certificates=certificates, binary=binary)
            nodes.append(stack.enter_context(node))
        _join(nodes)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes[:3])
        url = f"redis+cluster://{hosts}"
        if certificates is not None:
            url = f"rediss+cluster://{hosts}?ssl_ca_certs={certificates.ca_cert}"
        yield Cluster(tuple(nodes), url)


def _join(nodes: list[RedisServer]) -> None:
    clients = [node.client() for node in nodes]
    for number in range(3):
        slots = range(number * 5461, 16384 if number == 2 else (number + 1) * 5461)
        ask(clients[number], "CLUSTER", "ADDSLOTSRANGE", slots[0], slots[-1])
    for node in nodes[1:]:
        bus = node._command[node._command.index("--cluster-port") + 1]
        ask(clients[0], "CLUSTER", "MEET", "127.0.0.1", node.port, bus)
    wait_until(lambda: all(_known(client) == 6 for client in clients))
    for number in range(3):
        master_id: Any = ask(clients[number], "CLUSTER", "MYID")
        replica = clients[number + 3]
        wait_until(lambda: bool(ask(replica, "CLUSTER", "REPLICATE", master_id)))  # noqa: B023
    wait_until(lambda: all(_is_whole(client) for client in clients))
    wait_until(lambda: all(replication(n)["master_link_status"] == "up" for n in nodes[3:]))
    for client in clients:
        client.close()


def _known(client: Redis) -> int:
    info: Any = ask(client, "CLUSTER INFO")
    return int(info["cluster_known_nodes"])


def _is_whole(client: Redis) -> bool:
    info: Any = ask(client, "CLUSTER INFO")
    nodes: Any = ask(client, "CLUSTER NODES")
    replicas = sum("slave" in node["flags"] for node in nodes.values())
    return info["cluster_state"] == "ok" and replicas == 3
