"""A real `serve` in a process of its own, and a gate in front of a server that can be shut."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp

from tests.forked_process import ForkedProcess, start_module

DEADLINE_S = 40.0


class ServiceProcess:
    """`serve` with its log lines and its sidecar."""

    def __init__(self, process: ForkedProcess | asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._grown = asyncio.Event()

    @property
    def pid(self) -> int:
        return self.process.pid

    async def read_lines(self) -> None:
        assert self.process.stderr is not None
        while raw := await self.process.stderr.readline():
            text = raw.decode()
            self.lines.append(json.loads(text) if text.startswith("{") else {"event": text})
            self._grown.set()
        self.lines.append({"event": "test.stderr_closed"})
        self._grown.set()

    async def wait_line(self, event: str, count: int = 1) -> dict[str, Any]:
        """The `count`-th log line of the event."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                self._grown.clear()
                found = [line for line in self.lines if line["event"] == event]
                if len(found) >= count:
                    return found[count - 1]
                assert self.lines[-1:] != [{"event": "test.stderr_closed"}], self.lines
                await self._grown.wait()

    async def get(self, path: str) -> tuple[int, str]:
        line = await self.wait_line("sidecar.listening")
        url = f"http://127.0.0.1:{line['port']}{path}"
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer."""
        line = await self.wait_line("sidecar.listening")
        url = f"http://127.0.0.1:{line['port']}{path}"
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as answer:
            return answer.status, await answer.json()

    async def ready(self) -> dict[str, Any]:
        status, text = await self.get("/ready")
        assert status == 200
        found: dict[str, Any] = json.loads(text)
        return found

    async def wait_ready(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask `/ready` again and again until it says what is waited for."""
        until = time.monotonic() + DEADLINE_S
        while True:
            found = await self.ready()
            if holds(found):
                return found
            assert time.monotonic() < until, (found, self.lines[-10:])
            await asyncio.sleep(0.05)

    async def wait_exit(self) -> int:
        """The exit code; what was logged is shown by pytest when the test fails."""
        async with asyncio.timeout(DEADLINE_S):
            code = await self.process.wait()
        print(*self.lines[-12:], sep="\n")
        return code


@asynccontextmanager
async def serving(*directory: str, **variables: str) -> AsyncIterator[ServiceProcess]:
    """Start `serve` with these variables; killed at the end when it still runs.

    With a `directory` it has embedded servers there.
    """
    environ = {
        **os.environ,
        "PORT": "0",
        "HOST": "127.0.0.1",
        "LOG_FORMAT": "json",
        "BLOCK_MS": "200",
        "HEARTBEAT_S": "0.2",
        "LEASE_S": "2",
        "SHUTDOWN_GRACE_S": "5",
        "PROCESSES": "1",
        **variables,
    }
    process = await start_module("tests.runtime.serving_program", *directory, environ=environ)
    service = ServiceProcess(process)
    reading = asyncio.ensure_future(service.read_lines())
    try:
        yield service
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await reading


class Gate:
    """A TCP door to a server: shut, it refuses and cuts; the URL stays the same."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def reserve(self) -> None:
        """Choose the port and stay shut."""
        await self.open()
        await self.shut()

    async def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    @property
    def url(self) -> str:
        parts = self._parts
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        if parts.scheme == "unix":
            return (
                f"redis://{user}127.0.0.1:{self._port}/{parse_qs(parts.query).get('db', ['0'])[0]}"
            )
        return f"{parts.scheme}://{user}127.0.0.1:{self._port}{parts.path}"

    async def _target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = self._parts
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(unquote(parts.path))
        host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
        default = 5432 if parts.scheme.startswith("postgres") else 6379
        port = parts.port or int(parse_qs(parts.query).get("port", [str(default)])[0])
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._target()
        self._open |= {writer, back}
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            self._open -= {writer, back}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
