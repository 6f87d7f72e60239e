"""A Redis of the machine, with TLS or without, and what its tests ask it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.where_it_runs.certificates import Certificates
from tests.where_it_runs.processes import Server, free_port, listens, program

_DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")


def tls_flags(port: int, certificates: Certificates) -> Sequence[str]:
    return (
        *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificates.server_cert)),
        *("--tls-key-file", str(certificates.server_key)),
        *("--tls-ca-cert-file", str(certificates.ca_cert)),
        *("--tls-replication", "yes", "--tls-cluster", "yes"),
    )


def client_of(port: int, *, password: str | None, certificates: Certificates | None) -> Redis:
    return Redis(
        host="127.0.0.1",
        port=port,
        password=password,
        socket_timeout=5,
        ssl=certificates is not None,
        ssl_check_hostname=False,
        ssl_ca_certs=str(certificates.ca_cert) if certificates else None,
    )


class RedisServer(Server):
    """A redis-server, or `binary` in its place, on a loopback port."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        certificates: Certificates | None = None,
        binary: Path | None = None,
    ) -> None:
        self.port = free_port()
        self._certificates = certificates
        self.folder = folder / f"redis-{self.port}"
        self.folder.mkdir(parents=True)
        command = [
            str(binary or program("redis-server", package="redis-server")),
            *("--bind", "127.0.0.1", "--dir", str(self.folder), "--daemonize", "no"),
            *("--repl-diskless-sync-delay", "0"),
            *(tls_flags(self.port, certificates) if certificates else ("--port", str(self.port))),
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
        return client_of(self.port, password=self._password, certificates=self._certificates)

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
    folder: Path,
    *flags: str,
    certificates: Certificates | None = None,
    binary: Path | None = None,
) -> Iterator[RedisServer]:
    server = RedisServer(folder, *flags, certificates=certificates, binary=binary)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def replication(server: RedisServer) -> dict[str, Any]:
    client = server.client()
    try:
        found: Any = client.info("replication")
        return dict(found)
    finally:
        client.close()
