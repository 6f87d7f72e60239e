"""A child of `serve --processes N`: consumes, and tells its parent once a second.

It talks over a socket pair, one JSON line a message. The parent's death closes the socket, and on
Linux sends SIGTERM besides, so that no child outlives it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from typing import Any

import orjson
import uvloop

from runtime.exposition import encode
from runtime.logs import configure, get_logger
from runtime.memory import settle_memory
from runtime.service import Service, StartRefused
from runtime.settings import load_settings
from runtime.stopping import stop_on_signals

TELL_EVERY_S = 1.0
REFUSED = 3
"""The exit code that says: starting me again will not help."""
_PR_SET_PDEATHSIG = 1

_log = get_logger(__name__)


def main() -> int:
    """Run with the settings in the environment; `argv`: the socket's descriptor, the parent's id."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    settings = load_settings(env_file=None)
    configure(settings)
    settle_memory()
    service = Service(settings, process_metrics=False)
    return uvloop.run(_consume(service, socket.socket(fileno=descriptor)))


async def _consume(service: Service, link: socket.socket) -> int:
    stop = stop_on_signals((signal.SIGTERM,))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    reader, writer = await asyncio.open_connection(sock=link)
    async with asyncio.TaskGroup() as tasks:
        told = [
            tasks.create_task(_tell(service, writer, stop), name="tell-parent"),
            tasks.create_task(_watch_parent(reader, stop), name="watch-parent"),
        ]
        try:
            await service.run(stop)
        except StartRefused as refused:
            await _send(writer, {"refused": str(refused)}, stop)
            return REFUSED
        finally:
            for task in told:
                task.cancel()
    await _send(writer, _snapshot(service), stop)
    return 0


async def _tell(service: Service, writer: asyncio.StreamWriter, stop: asyncio.Event) -> None:
    while True:
        await _send(writer, _snapshot(service), stop)
        await asyncio.sleep(TELL_EVERY_S)


async def _send(writer: asyncio.StreamWriter, message: dict[str, Any], stop: asyncio.Event) -> None:
    try:
        writer.write(orjson.dumps(message) + b"\n")
        await writer.drain()
    except OSError:
        stop.set()


async def _watch_parent(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    await reader.read()
    if not stop.is_set():
        _log.warning("consumer_process.orphaned")
        stop.set()


def _snapshot(service: Service) -> dict[str, Any]:
    return {"ready": service.ready(), "metrics": encode(service.families())}


def _die_with(parent: int) -> None:
    """Ask Linux for SIGTERM when the parent dies; elsewhere the closed socket says it.

    Source: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
