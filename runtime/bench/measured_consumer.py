"""A process that consumes a bench's streams in the way that its argument names.

It ends on SIGTERM, and when its standard input closes: with who started it.

`projections` is what `serve` runs, with the log's group alone. `plain` and `faststream` are what
people write by hand, on the same tables.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from projections.groups import group_named
from runtime.bench import plain_way
from runtime.logs import configure
from runtime.memory import settle_memory
from runtime.service import Service
from runtime.settings import Settings, load_settings
from runtime.stopping import stop_on_signals

PROJECTIONS, PLAIN, FASTSTREAM = "projections", "plain", "faststream"


def main() -> int:
    """Run until it is stopped, with the settings in the environment."""
    settings = load_settings(env_file=None)
    configure(settings)
    settle_memory()
    uvloop.run(_run(_WAYS[sys.argv[1]], settings))
    return 0


async def _run(
    way: Callable[[Settings, asyncio.Event], Awaitable[None]], settings: Settings
) -> None:
    stop = stop_on_signals((signal.SIGTERM, signal.SIGINT))
    # Nothing is ever written there.
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    await way(settings, stop)


async def _projections(settings: Settings, stop: asyncio.Event) -> None:
    service = Service(settings, process_metrics=False, consumed=[group_named(PROJECTIONS)])
    await service.run(stop)


async def _faststream(settings: Settings, stop: asyncio.Event) -> None:
    # Imported here alone: it is an extra.
    from runtime.bench import faststream_way

    await faststream_way.consume(settings, stop)


_WAYS: dict[str, Callable[[Settings, asyncio.Event], Awaitable[None]]] = {
    PROJECTIONS: _projections,
    PLAIN: plain_way.consume,
    FASTSTREAM: _faststream,
}


if __name__ == "__main__":
    sys.exit(main())
