"""Scenario `idle`: what `serve` takes of a machine on which nothing happens.

With the settings of the environment, workers included. Processor time, memory and wake-ups are the
service's own; what it makes the servers do is not in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runtime.bench.ground import Ground
from runtime.bench.machine import load_average
from runtime.bench.rates import Bound, Rate
from runtime.bench.service import serving
from runtime.bench.usage import calls, cpu_of_s, memory_mib, switches

NAME = "idle"
SECONDS, SETTLED_S = 60.0, 5.0
CPU, MEMORY = Bound(at_most=1.0), Bound(at_most=123.9)
"""Percent of a core, and MiB (130 MB)."""


async def run(ground: Ground) -> list[Rate]:
    """Start, wait until it has settled, and look twice."""
    seconds = SECONDS * ground.scale
    await ground.servers.start_anew()
    async with serving(ground.settings, ground.servers, ground.folder) as service:
        await asyncio.sleep(SETTLED_S)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        counts: dict[str, Callable[[], float | None]] = {
            "processor": lambda: cpu_of_s(service.pids),
            "wake-ups": lambda: switches(service.pids),
            "reads and writes": lambda: calls(service.pids),
        }
        before = {name: count() for name, count in counts.items()}
        await asyncio.sleep(seconds)
        lasted_s = loop.time() - began_s
        after = {name: count() for name, count in counts.items()}
        held_mib = memory_mib(service.pids)
    a_second = {
        name: (value - start) / lasted_s
        for name, value in after.items()
        if value is not None and (start := before[name]) is not None
    }
    over = f"over {lasted_s:.0f} s"
    lines = []
    if (cores := a_second.pop("processor", None)) is not None:
        lines.append(_line(f"processor, {over}", "% of a core", cores * 100, CPU))
    if held_mib is not None:
        lines.append(_line("memory", "MiB", held_mib, MEMORY))
    return [*lines, *(_line(f"{n}, {over}", "a second", v) for n, v in a_second.items())]


def _line(case: str, unit: str, value: float, bound: Bound = Bound()) -> Rate:  # noqa: B008 - frozen
    ratio = None if bound == Bound() else value
    return Rate(NAME, case, unit, 0, value, ratio, bound, None, load_average())
