"""Scenario `publish`: `events.Publisher`, validation included, beside pipelined XADD of redis-py.

The same entries, in a process of its own, with an event loop as production has it. Who pipelines
without asyncio is told too, without a target: nothing that waits for several things can.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import asdict

import orjson

from runtime.bench.ground import Ground
from runtime.bench.machine import load_average
from runtime.bench.measured_process import ProcessFailed
from runtime.bench.rates import Bound, Cost, Rate, compared, rate

NAME = "publish"
TARGET = Bound(at_least=1.8)
"""Times the pipelined XADD of the same client."""


async def run(ground: Ground) -> list[Rate]:
    """One process, one way after the other, each into empty streams."""
    shape = ground.log.scaled(ground.scale)
    await ground.servers.start_anew()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runtime.bench.measured_publisher"),
        env={**os.environ, **ground.settings.to_environ()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, wrong = await process.communicate(orjson.dumps(asdict(shape), default=str))
    if process.returncode:
        raise ProcessFailed(wrong.decode(errors="replace")[-2000:])
    load = load_average()
    lines = {
        way: rate(NAME, way, shape.events, Cost(told["wall_s"], told["cpu_s"]), load=load)
        for way, told in orjson.loads(said).items()
    }
    ours, theirs = lines["Publisher"], lines["XADD, pipelined"]
    case = f"{ours.case} / {theirs.case}"
    return [*lines.values(), compared(case, ours, ours.value, theirs.value, bound=TARGET)]
