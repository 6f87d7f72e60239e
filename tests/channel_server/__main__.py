"""The server as a process: `python -m tests.channel_server --port 0 --record FILE [--naive]`.

Prints its URL in one line, then serves until SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from tests.channel_server.server import channel_server


async def _serve(words: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with channel_server(
        record=words.record, idempotent=not words.naive, port=words.port
    ) as server:
        print(server.url, flush=True)
        await stop.wait()


def main() -> None:
    """Read the words and serve."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--record", type=Path)
    words.add_argument("--naive", action="store_true", help="deliver the same key again")
    asyncio.run(_serve(words.parse_args()))


if __name__ == "__main__":
    main()
