"""Scenario `latency`: from when an event is due to be published until its row can be read.

Messages are published at fixed times whatever becomes of them, through `events.Publisher`. Another
process looks how far the read models are; at the end every message must stand in the public view
`projections.messages`, whose log position says when that was. A delay counts from the time at which
the message was due, so a publisher that is late counts too.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from events.publisher import Publisher, PublisherSettings
from projections.statements import statements
from runtime.bench.figures import Figure, Target, figure
from runtime.bench.ground import Ground
from runtime.bench.machine import load_average
from runtime.bench.service import ServiceUnderTest, serving
from runtime.bench.traffic import TEXTS
from runtime.ids import new_id
from runtime.settings import Settings

NAME = "latency"
SECONDS, WARM_UP_S = 20.0, 1.0
RATES = (
    (100, Target()),
    (1000, Target(p50=5, p99=25)),
    (5000, Target(p99=60)),
)
"""Events a second."""
CONVERSATIONS = 200
TICK_S = 0.005
"""What is due within so long is published together, and counts from its beginning."""
_SEEN_WITHIN_S = 30.0
_SQL = statements("runtime.bench", "ways.sql")


async def run(ground: Ground) -> list[Figure]:
    """One service, at each rate in turn."""
    settings = ground.settings.model_copy(update={"processes": 1, "disable_workers": True})
    await ground.servers.start_anew()
    async with serving(settings, ground.servers, ground.folder) as service:
        rates = [_Rate(ground, settings, service, events) for events, _ in RATES]
        return [
            line
            for rate, (_, target) in zip(rates, RATES, strict=True)
            for line in await rate.measured(target)
        ]


class _Rate:
    """Measures at one rate, with a company of its own."""

    def __init__(
        self, ground: Ground, settings: Settings, service: ServiceUnderTest, events: int
    ) -> None:
        self._ground = ground
        self._settings = settings
        self._service = service
        self._events = events
        self._company = f"company-{events}"
        self._due_s: dict[str, float] = {}
        self._taken_ms: list[float] = []

    async def measured(self, target: Target) -> list[Figure]:
        """The delays, the producer's part of them, and how far apart the looks were."""
        ticks = self._ticks()
        publisher = Publisher(
            self._ground.servers.redis,
            settings=PublisherSettings(
                partitions=self._settings.partitions, prefix=self._settings.stream_prefix
            ),
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "runtime.bench.measured_visibility"),
            env={**os.environ, **self._settings.to_environ()},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            await process.stdout.readline()
            before_s = self._service.cpu_s()
            with _settled_memory():
                await self._publish(publisher, ticks)
            readable = await self._readable()
            after_s = self._service.cpu_s()
            process.terminate()
            told = orjson.loads((await process.communicate())[0])
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return self._figures(told, readable, target, _spent_ms(before_s, after_s, len(self._due_s)))

    def _ticks(self) -> list[list[bytes]]:
        """What is published together, made beforehand: making it is not what is measured."""
        together = max(1, round(self._events * TICK_S))
        seconds = WARM_UP_S + SECONDS * self._ground.scale
        ticks = max(1, round(self._events * seconds / together))
        return [[self._body(n * together + i) for i in range(together)] for n in range(ticks)]

    def _body(self, number: int) -> bytes:
        conversation = f"customer-{number % CONVERSATIONS}"
        return orjson.dumps(
            {
                "type": "message_received.text",
                "version": 1,
                "occurred_at": "2026-11-02T12:00:00Z",
                "company_id": self._company,
                "conversation_id": conversation,
                "source": "bench",
                "correlation_id": f"in-{number}",
                "causation_id": None,
                "payload": {
                    "message_id": f"in-{number}",
                    "channel": "whatsapp",
                    "contact": {"id": conversation},
                    "text": TEXTS[number % len(TEXTS)],
                },
            }
        )

    def _named(self, body: bytes, due_s: float) -> bytes:
        """The body with an id of this moment, as a producer makes it: ids rise with time."""
        event_id = str(new_id())
        self._due_s[event_id] = due_s
        return b'{"id":"%s",%s' % (event_id.encode(), body[1:])

    @property
    def _every_s(self) -> float:
        """Between two ticks."""
        return max(1, round(self._events * TICK_S)) / self._events

    async def _publish(self, publisher: Publisher, ticks: Sequence[list[bytes]]) -> None:
        title = f"{NAME}: {self._events:,} events/s"
        with self._ground.progress.bar(title, sum(map(len, ticks))) as bar:
            began_s = time.time()
            async with asyncio.TaskGroup() as tasks:
                for number, bodies in enumerate(ticks):
                    due_s = began_s + number * self._every_s
                    await asyncio.sleep(max(0.0, due_s - time.time()))
                    named = [self._named(body, due_s) for body in bodies]
                    sending = self._send(publisher, named, due_s)
                    tasks.create_task(sending, name=f"tick-{number}")
                    bar.advance(len(bodies))
        self._counted_from_s = began_s + WARM_UP_S

    async def _send(self, publisher: Publisher, bodies: list[bytes], due_s: float) -> None:
        ids = await publisher.publish_raw(bodies)
        # By Redis' clock, which counts whole milliseconds.
        self._taken_ms += [entry_id.ms - due_s * 1000 for entry_id in ids]

    async def _readable(self) -> list[Any]:
        """Where the events stand that the public view shows: all, or what came in time.

        Two plain questions: a join is planned for one row of a company that came after the last ANALYZE.
        """
        fetch, shown = self._ground.servers.db.fetch, set[Any]()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SEEN_WITHIN_S):
                while len(shown) < len(self._due_s):
                    self._service.refuse_if_gone()
                    await asyncio.sleep(0.2)
                    shown = {
                        row["event_id"] for row in await fetch(_SQL["readable"], self._company)
                    }
        places = await fetch(_SQL["places"], self._company)
        return [place for place in places if place["event_id"] in shown]

    def _figures(
        self, told: dict[str, Any], readable: Sequence[Any], target: Target, cpu_ms: float | None
    ) -> list[Figure]:
        looks: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for at_s, partition, position in told["seen"]:
            looks[partition].append((position, at_s))
        delays_ms = []
        for event_id, partition, position in readable:
            due_s = self._due_s[str(event_id)]
            if due_s >= self._counted_from_s:
                seen = looks[partition]
                at_s = seen[bisect_left(seen, (position, 0.0))][1]
                delays_ms.append((at_s - due_s) * 1000)
        missing = len(self._due_s) - len(readable)
        case = f"{self._events} events/s"
        gaps_ms = [gap_s * 1000 for gap_s in told["gaps_s"][1:]]
        further: dict[str, Any] = {"load": load_average(), "cpu_ms": cpu_ms, "unanswered": missing}
        return [
            figure(NAME, case, delays_ms, target=target, **further),
            figure(NAME, f"{case}: until Redis took it", self._taken_ms),
            figure(NAME, f"{case}: between two looks", gaps_ms),
        ]


@contextmanager
def _settled_memory() -> Iterator[None]:
    """What was made before is not looked through meanwhile, which would stop the publisher for long."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _spent_ms(before_s: float | None, after_s: float | None, events: int) -> float | None:
    return None if before_s is None or after_s is None else (after_s - before_s) * 1000 / events
