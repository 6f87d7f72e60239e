"""Scenario `growth`: whether an event costs the same when the log and the read models are large.

Once with a fiftieth of the events in the log, once with all; a tenth as many conversations. Then
events for conversations that stand already, as many as the smaller log has, are taken in and measured,
several times, and medians are compared. What filling leaves to the servers is waited for: a vacuum of what
came, and Redis' rewriting of streams that nobody trims, would fall into some samples of the large log and
into none of the smaller one. That would be another one after the first sample, so it is made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median

from runtime.bench.consume import Measuring, UnderTest, Way
from runtime.bench.ground import Ground
from runtime.bench.log_events import Corpus, LogEvents
from runtime.bench.machine import load_average
from runtime.bench.measured_consumer import PROJECTIONS
from runtime.bench.rates import Bound, Rate, compared, median_rates, rate
from runtime.bench.service import ServiceFailed
from runtime.bench.settling import settle_postgres, settle_redis
from runtime.bench.streams import Entry

NAME = "growth"
SMALLER, SMALLEST = 50, 20_000
"""How many times as large the large log is; what the smaller one has at least, where there are as many."""
SAMPLES = 5
"""Of each log."""
_A_CONVERSATION = 10
"""Events: of longer written conversations the first."""
_AT_ONCE = 20_000
_AHEAD = 60_000
"""Entries that may stand unread while the log grows."""
_SETTLED_WITHIN_S = 120
_LEAST_RATE = 500
"""Events a second: slower than this is taken for standing still."""
_KEPT = Bound(at_least=0.85)
_FLAT = Bound(at_most=1.2)


async def run(ground: Ground) -> list[Rate]:
    """The samples of the smaller log and of the large one, their medians, and how these compare."""
    events = ground.log.scaled(ground.scale).events
    smaller = min(events, max(SMALLEST, events // SMALLER))
    # One bar for all of it: its time left is the scenario's.
    with ground.progress.bar(NAME, events + 3 * SAMPLES * smaller) as bar:
        few = [
            line
            for _ in range(SAMPLES)
            for line in await _at(ground, smaller, sample=smaller, times=1, filled=bar.advance)
        ]
        many = await _at(ground, events, sample=smaller, times=SAMPLES, filled=bar.advance)
    medians = [median_rates([[line] for line in lines])[0] for lines in (few, many)]
    few_at, many_at = medians
    rates = compared("rate, large / smaller", many_at, many_at.value, few_at.value, bound=_KEPT)
    lines = [*few, *many, *medians, rates]
    held, held_before = _memory_mib(many), _memory_mib(few)
    if held and held_before:
        lines.append(compared("memory, large / smaller", many_at, held, held_before, bound=_FLAT))
    return lines


def _memory_mib(lines: Sequence[Rate]) -> float | None:
    """The median of what the process held; None where the system does not tell."""
    told = [line.cost.memory_mib for line in lines if line.cost and line.cost.memory_mib]
    return median(told) if told else None


async def _at(
    ground: Ground, size: int, *, sample: int, times: int, filled: Callable[[int], None]
) -> list[Rate]:
    """The rates at which one process takes in samples, one after the other, into a log of that size."""
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
    lines: list[Rate] = []
    whole = size + times * sample
    async with (
        asyncio.timeout(60 + whole / _LEAST_RATE),
        measuring.running(way) as processes,
    ):
        await _grow(measuring, way, processes, islice(entries, size), filled=filled)
        await settle_redis(ground.servers.redis, within_s=_SETTLED_WITHIN_S)
        await settle_postgres(ground.servers.db)
        for done in range(size, whole, sample):
            counted, cost = await measuring.drain(
                way, processes, list(islice(entries, sample)), done=done, filled=filled
            )
            lines.append(rate(NAME, f"at {way.title}", counted, cost, load=load_average()))
    if (logged := await measuring.logged()) != whole:
        raise ServiceFailed(f"{way.title}: {logged} of {whole} events are in the log")
    return lines


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
