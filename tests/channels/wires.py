"""Receivers below HTTP: bytes as they come, and ports where nobody is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in held:
            writer.close()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def wire(answer: bytes) -> AsyncIterator[tuple[str, list[int]]]:
    """Bytes as the answer to each request, connections kept open: the URL, and their ports."""
    ports: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.append(writer.get_extra_info("peername")[1])
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b'"parts":2}}')
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", ports
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def closing_wire(
    answer: bytes, *, gone: bool = False
) -> AsyncIterator[tuple[str, list[int]]]:
    """Answers once on each connection, and closes it instead of answering again; `gone`: all of it then.

    The URL, and each request's number among those of its connection.
    """
    numbers: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for number in (1, 2):
                await reader.readuntil(b'"parts":2}}')
                numbers.append(number)
                if number == 1:
                    writer.write(answer)
                elif gone:
                    server.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", numbers
    finally:
        server.close()
        await server.wait_closed()
