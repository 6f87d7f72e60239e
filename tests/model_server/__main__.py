"""`python -m tests.model_server`: the server alone, its URL on the first line of its output."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
from pathlib import Path

from tests.model_server.brain import Answering, default_brain
from tests.model_server.server import DEFAULT_KEY, ModelServer, ServerSettings


def _bounds(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def _brain(text: str) -> Answering:
    module, _, name = text.partition(":")
    found: Answering = getattr(importlib.import_module(module), name)
    return found


def _asked() -> tuple[Answering, ServerSettings]:
    parser = argparse.ArgumentParser(prog="python -m tests.model_server")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--record", type=Path, help="a JSON Lines file; continued if it exists")
    parser.add_argument("--delay-ms", type=_bounds, default=(0, 0), help="LOW-HIGH")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key", action="append", help=f"a known key ({DEFAULT_KEY})")
    parser.add_argument("--model", action="append", help="a model that exists (all do)")
    parser.add_argument("--brain", type=_brain, default=default_brain, help="MODULE:CALLABLE")
    given = parser.parse_args()
    return given.brain, ServerSettings(
        port=given.port,
        keys=tuple(given.key or (DEFAULT_KEY,)),
        models=tuple(given.model) if given.model else None,
        delay_ms=given.delay_ms,
        seed=given.seed,
        record=given.record,
    )


async def _serve(answering: Answering, settings: ServerSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ModelServer(answering, settings) as server:
        print(server.url, flush=True)
        await stop.wait()


asyncio.run(_serve(*_asked()))
