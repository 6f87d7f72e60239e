"""Redis as it is run elsewhere: alone, watched by Sentinel, as a cluster, behind TLS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.where_it_runs.certificates import Certificates
from tests.where_it_runs.processes import Server, free_port, listens, program

PASSWORD = "p@ss/w:rd"
QUOTED_PASSWORD = "p%40ss%2Fw%3Ard"
_DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")


def _tls(port: int, certificates: Certificates) -> Sequence[str]:
    return (
        *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificates.server_cert)),
        *("--tls-key-file", str(certificates.server_key)),
        *("--tls-ca-cert-file", str(certificates.ca_cert)),
        *("--tls-replication", "yes", "--tls-cluster", "yes"),
    )


class RedisServer(Server):
    """A redis-server on a loopback port."""

    def __init__(self, folder: Path, *flags: str, certificates: Certificates | None = None) -> None:
        self.port = free_port()
        self._certificates = certificates
        self.folder = folder / f"redis-{self.port}"
        self.folder.mkdir(parents=True)
        command = [
            str(program("redis-server", package="redis-server")),
            *("--bind", "127.0.0.1", "--dir", str(self.folder), "--daemonize", "no"),
            *("--repl-diskless-sync-delay", "0"),
            *(_tls(self.port, certificates) if certificates else ("--port", str(self.port))),
            *_DURABLE,
            *flags,
        ]
        super().__init__(
            f"redis-{self.port}",
            command,
            folder=self.folder,
            is_ready=lambda: listens(self.port),
        )

    def client(self) -> Redis:
        trusted = self._certificates.ca_cert if self._certificates else None
        return Redis(
            port=self.port,
            password=self._password,
            socket_timeout=5,
            ssl=trusted is not None,
            ssl_ca_certs=str(trusted) if trusted else None,
        )

    @property
    def _password(self) -> str | None:
        command = list(self._command)
        return command[command.index("--requirepass") + 1] if "--requirepass" in command else None


def ask(client: Any, *command: str | int) -> Any:
    """The answer to a command that the client has no method for."""
    return client.execute_command(*command)


def wait_until(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            if condition():
                return
        except RedisError:
            pass
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@contextmanager
def redis_server(
    folder: Path, *flags: str, certificates: Certificates | None = None
) -> Iterator[RedisServer]:
    server = RedisServer(folder, *flags, certificates=certificates)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@dataclass(frozen=True, slots=True)
class Watched:
    """A master and its replica, with three Sentinels."""

    master: RedisServer
    replica: RedisServer
    sentinel_port: int
    url: str

    def present_master(self) -> RedisServer:
        """Who Sentinel says it is."""
        sentinel = Redis(port=self.sentinel_port, decode_responses=True)
        port = _master_port(sentinel)
        sentinel.close()
        return self.master if port == self.master.port else self.replica

    def demote_master(self) -> None:
        """Let Sentinel make the replica the master while both live; clients stay where they are.

        Sentinel lets the old master follow after ten seconds; here it does so at once.
        """
        sentinel = Redis(port=self.sentinel_port, decode_responses=True)
        ask(sentinel, "SENTINEL FAILOVER", "chat")
        wait_until(lambda: _master_port(sentinel) == self.replica.port)
        sentinel.close()
        old = self.master.client()
        ask(old, "REPLICAOF", "127.0.0.1", self.replica.port)
        old.close()


def _master_port(sentinel: Redis) -> int:
    masters: Any = sentinel.sentinel_masters()
    return int(masters["chat"]["port"])


@contextmanager
def watched_redis(folder: Path) -> Iterator[Watched]:
    """Redis with a password, which Sentinel fails over a second after its master is gone."""
    with ExitStack() as stack:
        secret = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
        master = stack.enter_context(redis_server(folder, *secret))
        replica = stack.enter_context(
            redis_server(folder, *secret, "--replicaof", f"127.0.0.1 {master.port}")
        )
        wait_until(lambda: replication(replica)["master_link_status"] == "up")
        ports = [stack.enter_context(_sentinel(folder, master.port)) for _ in range(3)]
        for port in ports:
            sentinel = Redis(port=port, decode_responses=True)
            wait_until(lambda: _knows_all(sentinel))  # noqa: B023 - waited for at once
            sentinel.close()
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        yield Watched(
            master, replica, ports[0], f"redis+sentinel://:{QUOTED_PASSWORD}@{hosts}/chat/0"
        )


@contextmanager
def _sentinel(folder: Path, master_port: int) -> Iterator[int]:
    port = free_port()
    config = folder / f"sentinel-{port}.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor chat 127.0.0.1 {master_port} 2\n"
        f'sentinel auth-pass chat "{PASSWORD}"\n'
        "sentinel down-after-milliseconds chat 1000\n"
        "sentinel failover-timeout chat 5000\n"
    )
    binary = program("redis-sentinel", package="redis-sentinel")
    server = Server(
        f"sentinel-{port}",
        [str(binary), str(config)],
        folder=folder,
        is_ready=lambda: listens(port),
    )
    server.start()
    try:
        yield port
    finally:
        server.kill()


def _knows_all(sentinel: Redis) -> bool:
    masters: Any = sentinel.sentinel_masters()
    state = masters["chat"]
    return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


def replication(server: RedisServer) -> dict[str, Any]:
    client = server.client()
    try:
        found: Any = client.info("replication")
        return dict(found)
    finally:
        client.close()


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
def redis_cluster(folder: Path, certificates: Certificates | None = None) -> Iterator[Cluster]:
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
            node = redis_server(folder, *flags, certificates=certificates)
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
