"""Scenario `growth`: whether an event costs the same when the log and the read models are large.

Once with a fiftieth of the events in the log, once with all; a tenth as many conversations. Then
events for conversations that stand already, as many as the smaller log has, are taken in and measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from runtime.bench.consume import Measuring, UnderTest, Way
from runtime.bench.ground import Ground
from runtime.bench.log_events import Corpus, LogEvents
from runtime.bench.machine import load_average
from runtime.bench.measured_consumer import PROJECTIONS
from runtime.bench.rates import Bound, Rate, compared, rate
from runtime.bench.service import ServiceFailed
from runtime.bench.streams import Entry

NAME = "growth"
SMALLER, SMALLEST = 50, 20_000
"""How many times as large the large log is; what the smaller one has at least, where there are as many."""
_A_CONVERSATION = 10
"""Events: of longer written conversations the first."""
_AT_ONCE = 20_000
_AHEAD = 60_000
"""Entries that may stand unread while the log grows."""
_LEAST_RATE = 500
"""Events a second: slower than this is taken for standing still."""
_KEPT = Bound(at_least=0.85)
_FLAT = Bound(at_most=1.2)


async def run(ground: Ground) -> list[Rate]:
    """The smaller log, the large one, and how they compare."""
    events = ground.log.scaled(ground.scale).events
    smaller = min(events, max(SMALLEST, events // SMALLER))
    few, many = [await _at(ground, size, sample=smaller) for size in (smaller, events)]
    lines = [few, many, compared("rate, large / smaller", many, many.value, few.value, bound=_KEPT)]
    held, held_before = (line.cost and line.cost.memory_mib for line in (many, few))
    if held and held_before:
        lines.append(compared("memory, large / smaller", many, held, held_before, bound=_FLAT))
    return lines


async def _at(ground: Ground, size: int, *, sample: int) -> Rate:
    """The rate at which one process takes in events when the log holds so many."""
    shape = replace(ground.log, events=size)
    measuring = Measuring(replace(ground, log=shape))
    conversations = shape.conversations or max(1, size // _A_CONVERSATION)
    log_events = LogEvents(
        Corpus.read(shape.corpus).beginnings(_A_CONVERSATION),
        conversations=conversations,
        companies=shape.companies,
        partitions=ground.settings.partitions,
    )
    entries = (Entry(row[0], row[-1].encode()) for row in log_events.rows())
    way = Way(f"{size:,} events in {conversations:,} conversations", PROJECTIONS)
    await ground.servers.start_anew()
    with ground.progress.bar(f"{NAME}: {way.title}", size + sample) as bar:
        async with (
            asyncio.timeout(60 + (size + sample) / _LEAST_RATE),
            measuring.running(way) as processes,
        ):
            await _grow(measuring, way, processes, islice(entries, size), filled=bar.advance)
            counted, cost = await measuring.drain(
                way, processes, list(islice(entries, sample)), done=size, filled=bar.advance
            )
    if (logged := await measuring.logged()) != size + sample:
        raise ServiceFailed(f"{way.title}: {logged} of {size + sample} events are in the log")
    return rate(NAME, f"at {way.title}", counted, cost, load=load_average())


async def _grow(
    measuring: Measuring,
    way: Way,
    processes: UnderTest,
    entries: Iterator[Entry],
    *,
    filled: Callable[[int], None],
) -> None:
    """Fill the streams little by little, until all is acknowledged."""
    written, alive = 0, processes.refuse_if_gone
    while some := list(islice(entries, _AT_ONCE)):
        await measuring.streams.fill(some, field=way.field, filled=filled)
        written += len(some)
        await measuring.streams.wait_acknowledged(way.group, written - _AHEAD, alive)
    await measuring.streams.wait_acknowledged(way.group, written, alive)
