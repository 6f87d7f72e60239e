"""A TCP proxy in front of one server for one worker, which breaks connections to order.

It reads along: a trap fires when the worker sends a word, before or after the server has it, or
when the server's answer is on its way, so that a fault meets the moment that hurts.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulator.actions import Server, Style, Trigger

_CHUNK = 65536
# An answer to a blocking read that says "nothing" is shorter.
_ANSWER_WITH_ENTRIES = 64


@dataclass
class Trap:
    """Fires once, for the first worker that does what the trigger says."""

    trigger: Trigger
    spring: Callable[[int], None] = field(repr=False)
    sprung: bool = False

    def matches(self, data: bytes) -> bool:
        return not self.sprung and self.trigger.word.encode() in data

    def fire(self, slot: int) -> None:
        if not self.sprung:
            self.sprung = True
            self.spring(slot)


class Link:
    """Where one worker slot reaches one server."""

    def __init__(self, slot: int, server: Server, target: Path, traps: list[Trap]) -> None:
        self._slot = slot
        self._server = server
        self._target = target
        self._traps = traps
        self._listener: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.delay_s = 0.0
        self.port = 0
        self.silence: Style | None = None

    async def open(self) -> None:
        """Listen on a free port of the loopback."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening and end all connections."""
        if self._listener is not None:
            self._listener.close()
        self.cut("reset")

    def cut(self, style: Style) -> None:
        """Break every connection there is; silence takes new ones too, until `end_silence`."""
        if style in ("mute", "deaf"):
            self.silence = style
        for connection in list(self._connections):
            connection.cut(style)

    def end_silence(self) -> None:
        """Reset the connections that were left open without carrying anything."""
        self.silence = None
        for connection in list(self._connections):
            if connection.silent:
                connection.cut("reset")

    def traps_for(self, data: bytes) -> Trap | None:
        """The first armed trap that the worker's bytes spring."""
        for trap in self._traps:
            if trap.trigger.server == self._server and trap.matches(data):
                return trap
        return None

    def fire(self, trap: Trap) -> None:
        """Let the fault befall this link's worker."""
        trap.fire(self._slot)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            writer.close()
            return
        connection = _Connection(self, (reader, writer), upstream)
        self._connections.add(connection)
        if self.silence is not None:
            connection.cut(self.silence)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection:
    def __init__(self, link: Link, worker: _Streams, server: _Streams) -> None:
        self._link = link
        self._from_worker, self._to_worker = worker
        self._from_server, self._to_server = server
        self._answer_trap: Trap | None = None
        self._may_answer = asyncio.Event()
        self._may_answer.set()
        self._mute = self._deaf = self._ended = False

    @property
    def silent(self) -> bool:
        """Whether one direction is swallowed."""
        return self._mute or self._deaf

    async def run(self) -> None:
        """Carry bytes both ways until an end closes."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._requests())
                tasks.create_task(self._answers())
        finally:
            self.cut("close")

    def cut(self, style: Style) -> None:
        if style == "mute":
            self._mute = True
        elif style == "deaf":
            self._deaf = True
        elif style == "half_close":
            self._mute = True
            with suppress(OSError, RuntimeError):
                self._to_worker.write_eof()
        else:
            self._end(reset=style == "reset")

    def _end(self, *, reset: bool) -> None:
        self._ended = True
        raw = self._to_worker.get_extra_info("socket")
        if reset and raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for writer in (self._to_worker, self._to_server):
            if reset:
                writer.transport.abort()
            else:
                writer.close()

    async def _requests(self) -> None:
        with suppress(OSError):
            while data := await self._from_worker.read(_CHUNK):
                await self._request(data)
        self.cut("close")

    async def _request(self, data: bytes) -> None:
        trap = self._link.traps_for(data)
        moment = trap.trigger.moment if trap is not None else None
        if trap is not None and moment == "before":
            self._link.fire(trap)
        if moment == "sent":
            self._may_answer.clear()
        if moment == "answered":
            self._answer_trap = trap
        if not (self._deaf or self._ended):
            self._to_server.write(data)
            await self._to_server.drain()
        if trap is not None and moment == "sent":
            self._link.fire(trap)
            self._may_answer.set()

    async def _answers(self) -> None:
        with suppress(OSError):
            while data := await self._from_server.read(_CHUNK):
                await self._answer(data)
        # The server's end reaches the worker, but not through a connection that must stay silent.
        if not self._mute:
            self.cut("close")

    async def _answer(self, data: bytes) -> None:
        trap = self._answer_trap
        if trap is not None and (
            trap.trigger.word != "XREADGROUP" or len(data) > _ANSWER_WITH_ENTRIES
        ):
            self._answer_trap = None
            self._link.fire(trap)
        await self._may_answer.wait()
        if self._link.delay_s:
            await asyncio.sleep(self._link.delay_s)
        if not (self._mute or self._ended):
            self._to_worker.write(data)
            await self._to_worker.drain()
