"""Postgres as it is run elsewhere: of another version, behind TLS, behind PgBouncer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from runtime.embedded.privileges import unprivileged
from tests.where_it_runs.certificates import Certificates
from tests.where_it_runs.processes import Server, free_port, listens, postgres_programs, program

_USER = "agent_runtime"


@contextmanager
def postgres_server(folder: Path, certificates: Certificates | None = None) -> Iterator[int]:
    """The machine's newest PostgreSQL on a loopback port, which is given."""
    port, data, account = free_port(), folder / "postgres", unprivileged()
    data.mkdir()
    account.own(data)
    created = subprocess.run(
        [
            *(str(postgres_programs("initdb")), "-D", str(data), "-U", _USER, "--no-sync"),
            *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        cwd="/",
        preexec_fn=account.before_exec(signal.SIGKILL),
        capture_output=True,
        text=True,
        check=False,
    )
    assert created.returncode == 0, created.stderr
    settings = {"port": str(port), "listen_addresses": "127.0.0.1", "fsync": "off"}
    settings["unix_socket_directories"] = ""
    if certificates is not None:
        settings |= _tls(data, certificates)
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    server = Server(
        "postgres-with-tls" if certificates else "postgres",
        [str(postgres_programs("postgres")), "-D", str(data), *flags],
        folder=folder,
        is_ready=lambda: _is_ready(data),
        account=account,
    )
    server.start()
    try:
        yield port
    finally:
        server.stop(signal.SIGINT)


def _is_ready(data: Path) -> bool:
    """It tells in the last line of its pid file."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False


def _tls(data: Path, certificates: Certificates) -> dict[str, str]:
    """The key must belong to who runs the server; every connection must be by TLS."""
    for source, name in (
        (certificates.server_cert, "server.crt"),
        (certificates.server_key, "server.key"),
    ):
        shutil.copy(source, data / name)
        unprivileged().own(data / name)
        (data / name).chmod(0o600)
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    return {"ssl": "on"}


class PgBouncer(Server):
    """A transaction pooler before a database that is reached by a unix socket.

    Several share a port: the kernel gives each new connection to one that lives.
    """

    def __init__(self, folder: Path, database_url: str, *, port: int, number: int) -> None:
        parts = urlsplit(database_url)
        self._database = parts.path.removeprefix("/")
        socket_folder = parse_qs(parts.query)["host"][0]
        config, users = folder / f"bouncer-{number}.ini", folder / f"users-{number}"
        users.write_text(f'"{_USER}" ""\n')
        config.write_text(
            f"[databases]\n{self._database} = host={socket_folder}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nso_reuseport = 1\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {users}\n"
            # Fewer servers than clients, so that each transaction gets another one.
            "pool_mode = transaction\ndefault_pool_size = 3\nserver_round_robin = 1\n"
        )
        for path in (config, users):
            path.chmod(0o644)
        super().__init__(
            f"bouncer-{number}",
            [str(program("pgbouncer", package="pgbouncer")), str(config)],
            folder=folder,
            is_ready=lambda: listens(port),
            account=unprivileged(),
        )


@contextmanager
def pgbouncers(folder: Path, database_url: str) -> Iterator[tuple[str, list[PgBouncer]]]:
    """Two poolers on one port; the URL by which they are reached."""
    port = free_port()
    bouncers = [PgBouncer(folder, database_url, port=port, number=n) for n in range(2)]
    for bouncer in bouncers:
        bouncer.start()
    database = urlsplit(database_url).path.removeprefix("/")
    try:
        yield f"postgresql://{_USER}@127.0.0.1:{port}/{database}", bouncers
    finally:
        for bouncer in bouncers:
            bouncer.kill()


def readable_by_all(folder: Path) -> None:
    """Let another account through to what lies in a folder of the tests."""
    for parent in (folder, *folder.parents):
        found = parent.stat()
        if found.st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(found.st_mode | 0o011)
