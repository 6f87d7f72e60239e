"""A proxy that changes what a real server says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lie:
    """What is said in place of the truth; of the same length, since messages tell theirs."""

    truth: bytes
    told: bytes


@asynccontextmanager
async def lying_about(server: Path, lie: Lie) -> AsyncIterator[int]:
    """Listen on a loopback port before a server's unix socket; the port is given."""
    assert len(lie.truth) == len(lie.told)

    async def pass_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Lie | None
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data.replace(change.truth, change.told) if change else data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(server)
        await asyncio.gather(
            pass_on(reader, upstream_writer, None), pass_on(upstream_reader, writer, lie)
        )

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
