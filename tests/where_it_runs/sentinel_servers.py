"""A master and its replica that three Sentinels watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.where_it_runs.certificates import Certificates
from tests.where_it_runs.processes import Server, free_port, listens, program
from tests.where_it_runs.redis_servers import (
    RedisServer,
    ask,
    client_of,
    redis_server,
    replication,
    tls_flags,
    wait_until,
)

PASSWORD = "p@ss/w:rd"
QUOTED_PASSWORD = "p%40ss%2Fw%3Ard"


class Sentinel(Server):
    """A redis-sentinel on a loopback port, watching a master under the name `chat`."""

    def __init__(
        self, folder: Path, master_port: int, certificates: Certificates | None = None
    ) -> None:
        self.port = free_port()
        self._certificates = certificates
        config = folder / f"sentinel-{self.port}.conf"
        flags = tls_flags(self.port, certificates) if certificates else ("--port", str(self.port))
        pairs = zip(flags[::2], flags[1::2], strict=True)
        lines = [
            *(f"{name.removeprefix('--')} {value}" for name, value in pairs),
            *("bind 127.0.0.1", f"dir {folder}"),
            f"sentinel monitor chat 127.0.0.1 {master_port} 2",
            f'sentinel auth-pass chat "{PASSWORD}"',
            "sentinel down-after-milliseconds chat 1000",
            "sentinel failover-timeout chat 5000",
        ]
        config.write_text("\n".join(lines) + "\n")
        super().__init__(
            f"sentinel-{self.port}",
            [str(program("redis-sentinel", package="redis-sentinel")), str(config)],
            folder=folder,
            is_ready=lambda: listens(self.port),
        )

    def client(self) -> Redis:
        return client_of(self.port, password=None, certificates=self._certificates)


@dataclass(frozen=True, slots=True)
class Watched:
    """A master and its replica, with three Sentinels."""

    master: RedisServer
    replica: RedisServer
    sentinel: Sentinel
    url: str

    def present_master(self) -> RedisServer:
        """Who Sentinel says it is."""
        sentinel = self.sentinel.client()
        port = _master_port(sentinel)
        sentinel.close()
        return self.master if port == self.master.port else self.replica

    def demote_master(self) -> None:
        """Let Sentinel make the replica the master while both live; clients stay where they are.

        Sentinel lets the old master follow after ten seconds; here it does so at once.
        """
        sentinel = self.sentinel.client()
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
def watched_redis(folder: Path, certificates: Certificates | None = None) -> Iterator[Watched]:
    """Redis with a password, which Sentinel fails over a second after its master is gone."""
    with ExitStack() as stack:
        secret = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
        master = stack.enter_context(redis_server(folder, *secret, certificates=certificates))
        follows = ("--replicaof", f"127.0.0.1 {master.port}")
        replica = stack.enter_context(
            redis_server(folder, *secret, *follows, certificates=certificates)
        )
        wait_until(lambda: replication(replica)["master_link_status"] == "up")
        sentinels = [Sentinel(folder, master.port, certificates) for _ in range(3)]
        for sentinel in sentinels:
            stack.callback(sentinel.kill)
            sentinel.start()
        for sentinel in sentinels:
            client = sentinel.client()
            wait_until(lambda: _knows_all(client))  # noqa: B023 - waited for at once
            client.close()
        yield Watched(master, replica, sentinels[0], _url(sentinels, certificates))


def _url(sentinels: list[Sentinel], certificates: Certificates | None) -> str:
    hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels)
    where = f"+sentinel://:{QUOTED_PASSWORD}@{hosts}/chat/0"
    if certificates is None:
        return f"redis{where}"
    return f"rediss{where}?ssl_ca_certs={certificates.ca_cert}"


def _knows_all(sentinel: Redis) -> bool:
    masters: Any = sentinel.sentinel_masters()
    state = masters["chat"]
    return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)
