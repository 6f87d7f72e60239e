"""Scenario `memory`: whether `serve` holds more the more it has consumed, under full load."""

from __future__ import annotations

import asyncio
from statistics import linear_regression

from runtime.bench.consume import SERVE, Measuring, Way
from runtime.bench.ground import Ground
from runtime.bench.machine import load_average
from runtime.bench.measured_consumer import PROJECTIONS
from runtime.bench.rates import Bound, Rate
from runtime.bench.usage import memory_mib

NAME = "memory"
_EVERY_S = 0.1
_GROWN_UP = 1 / 3
"""The part of the events after which pools, caches and buffers have their size."""
_MILLION = 1_000_000


async def run(ground: Ground) -> list[Rate]:
    """Look at it while it consumes all events; the slope is of the last two thirds."""
    measuring = Measuring(ground)
    await ground.servers.start_anew()
    entries, streams = measuring.entries, measuring.streams
    way = Way("serve, 1 process", SERVE)
    looks: list[tuple[int, float]] = []
    with ground.progress.bar(f"{NAME}: {way.title}", len(entries)) as bar:
        async with measuring.running(way) as processes:
            filling = asyncio.create_task(
                streams.fill(entries, field=way.field, filled=bar.advance), name="filling"
            )
            done = 0
            while done < len(entries):
                processes.refuse_if_gone()
                done = await streams.acknowledged(PROJECTIONS)
                if (held_mib := memory_mib(processes.pids)) is not None:
                    looks.append((done, held_mib))
                await asyncio.sleep(_EVERY_S)
            await filling
    return _lines(looks, len(entries))


def _lines(looks: list[tuple[int, float]], events: int) -> list[Rate]:
    late = [look for look in looks if look[0] >= events * _GROWN_UP]
    lines = []
    if looks:
        most = max(held for _, held in looks)
        lines.append(_line("at the most", "MiB", most, events))
    if len({done for done, _ in late}) > 1:
        slope = linear_regression(*zip(*late, strict=True)).slope * _MILLION
        lines.append(_line("slope", "MiB/million events", slope, events))
    return lines


def _line(case: str, unit: str, value: float, events: int) -> Rate:
    return Rate(NAME, case, unit, events, value, None, Bound(), None, load_average())
