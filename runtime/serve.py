"""`agent-runtime serve`: the sidecar and the consumers, in one process or several."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import uvloop
from prometheus_client.metrics_core import Metric

from events.errors import PartitionsDisagree
from projections.migrate import MigrationError, migrate
from runtime.connections import PROBE_TIMEOUT_S
from runtime.embedded import DEFAULT_DIRECTORY, EmbeddedError, EmbeddedServers
from runtime.embedded_urls import announced
from runtime.logs import configure, get_logger
from runtime.memory import settle_memory
from runtime.service import Service, StartRefused
from runtime.settings import Settings
from runtime.sidecar import Sidecar
from runtime.stopping import stop_on_signals
from runtime.supervisor import Supervisor

_log = get_logger(__name__)


class Body(Protocol):
    """What runs behind the sidecar: this process's consumers, or the children that have them."""

    def ready(self) -> dict[str, Any]:
        """The body of `GET /ready`, from memory."""

    def families(self) -> list[Metric]:
        """The metrics, from memory."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises `StartRefused`."""


def run(settings: Settings, *, embedded: bool = False, directory: Path = DEFAULT_DIRECTORY) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. Takes over the process's logging.

    `embedded` starts private servers with their data in `directory`, migrates them and uses them
    instead of the settings' URLs. Call it from the main thread, outside of an event loop.
    """
    configure(settings)
    if not embedded:
        return uvloop.run(serve(settings))
    try:
        with EmbeddedServers(directory) as servers:
            own = settings.with_servers(
                database_url=servers.database_url, redis_url=servers.redis_url
            )
            asyncio.run(_migrate(own))
            with announced(
                servers.directory,
                database_url=servers.database_url,
                redis_url=servers.redis_url,
            ):
                return uvloop.run(serve(own))
    except (EmbeddedError, MigrationError, PartitionsDisagree) as error:
        _log.error("serve.refused", reason=str(error))
        return 1


async def serve(settings: Settings, *, on_listening: Callable[[int], None] | None = None) -> int:
    """Serve until a signal; 0 after a clean stop, 1 when the start was refused.

    `on_listening` is told the sidecar's port, which the settings leave open with `PORT=0`.
    """
    settle_memory()
    stop = stop_on_signals((signal.SIGTERM, signal.SIGINT))
    body = _body(settings)
    sidecar = Sidecar(settings, ready=body.ready, families=body.families)
    try:
        port = await sidecar.start()
    except OSError as error:
        _log.error("serve.refused", reason=f"PORT {settings.port}: {error.strerror or error}")
        return 1
    if on_listening is not None:
        on_listening(port)
    try:
        await body.run(stop)
    except StartRefused as refused:
        _log.error("serve.refused", reason=str(refused))
        return 1
    except Exception:  # noqa: BLE001 - a defect of ours: told in the log, then the exit code
        _log.exception("serve.failed")
        return 1
    finally:
        await sidecar.stop()
    _log.info("serve.stopped")
    return 0


def _body(settings: Settings) -> Body:
    if settings.processes > 1 and not settings.disable_connections:
        return Supervisor(settings)
    return Service(settings)


async def _migrate(settings: Settings) -> None:
    conn = await asyncpg.connect(settings.database_dsn(), timeout=PROBE_TIMEOUT_S)
    try:
        done = await migrate(
            conn, partitions=settings.partitions, stream_prefix=settings.stream_prefix
        )
    finally:
        await conn.close()
    _log.info("embedded.migrated", done=done)
