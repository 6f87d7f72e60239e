"""Scenario `tenants`: what one company's flood, or broken account, does to another's customers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from events.partitioning import partition_of
from runtime.bench.companies import company, model, own_key
from runtime.bench.figures import Figure, Target, figure, ratio
from runtime.bench.ground import Ground, Plan, Run, fresh
from runtime.bench.ledger import Place
from runtime.bench.machine import load_average
from runtime.bench.traffic import Rhythm
from runtime.bench.world import FAILING_KEY, REJECTED_KEY, WORKING_KEY, World

NAME = "tenants"
A, B = "flooding", "steady"
FLOOD_MESSAGES, FLOOD_CONVERSATIONS = 10_000, 2_000
B_RATE, B_CONVERSATIONS = 20.0, 150
"""In 30 s the six slowest of 600 answers are above the p99; a conversation writes each 7.5 s."""
B_TURNS_AT_ONCE = 32
"""It has 6 at work on average; from half of its bound on it would wait for itself."""
A_RATE, A_CONVERSATIONS = 10.0, 75
SECONDS, WARM_UP_S = 30.0, 3.0
DEBOUNCE_MS, MODEL_DELAY_MS = 3000, 300
TARGET = Target(p99=1.5)
_B_PARTITIONS = 4
"""B's conversations stand in so many partitions; A's in all of them, so in these too."""


@dataclass(frozen=True, slots=True)
class Case:
    """What A does, and with which account; None for the platform's."""

    name: str
    binding: Callable[[World], dict[str, Any]] | None
    act: Callable[[Run, Ground, Rhythm], Coroutine[Any, Any, None]]


async def run(ground: Ground) -> list[Figure]:
    """B alone, and B beside each of A's troubles."""
    alone, *troubled = [await _measured(ground, case) for case in CASES]
    ratios = [ratio(one, alone, target=TARGET) for one in troubled]
    return [alone, *(line for pair in zip(troubled, ratios, strict=True) for line in pair)]


async def _measured(ground: Ground, case: Case) -> Figure:
    rhythm = Rhythm(B_RATE, WARM_UP_S + SECONDS * ground.scale, WARM_UP_S, seed=1)

    def written(world: World) -> dict[str, Any]:
        a = company(A, world, debounce_ms=DEBOUNCE_MS)
        b = company(B, world, debounce_ms=DEBOUNCE_MS, turns_at_once=B_TURNS_AT_ONCE)
        if case.binding is not None:
            a["bindings"] = case.binding(world)
        return {"companies": [a, b], "credential_sets": [model(world)]}

    title = f"{NAME}: {case.name}"
    plan = Plan(title, rhythm.messages, DEBOUNCE_MS, MODEL_DELAY_MS, written, uses_model=True)
    partitions = ground.settings.partitions
    async with fresh(ground, plan) as run_:
        await run_.warm_up(_places_of_b(partitions))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run_.traffic.steady(_places_of_b(partitions), rhythm), name="b")
            tasks.create_task(case.act(run_, ground, rhythm), name="a")
        await run_.wait_answered(B)
        return figure(
            NAME,
            case.name,
            run_.ledger.delays_ms(B),
            unanswered=run_.ledger.unanswered(B),
            load=load_average(),
        )


async def _nothing(_run: Run, _ground: Ground, _rhythm: Rhythm) -> None:
    """A is silent."""


async def _flood(run_: Run, ground: Ground, rhythm: Rhythm) -> None:
    """All of it as soon as B is measured."""
    await asyncio.sleep(rhythm.warm_up_s)
    places = [(A, f"customer-{n}") for n in range(max(1, int(FLOOD_CONVERSATIONS * ground.scale)))]
    await run_.traffic.flood(places, int(FLOOD_MESSAGES * ground.scale))


async def _write_too(run_: Run, _ground: Ground, rhythm: Rhythm) -> None:
    """As B does, from the beginning: A's trouble has begun when B is measured."""
    places = [(A, f"customer-{n}") for n in range(A_CONVERSATIONS)]
    own = Rhythm(A_RATE, rhythm.seconds, rhythm.seconds, seed=2)
    await run_.traffic.steady(places, own)


CASES = (
    Case("alone", None, _nothing),
    Case("flood", None, _flood),
    Case("key refused", lambda world: own_key(world, REJECTED_KEY), _write_too),
    Case("budget spent", lambda world: own_key(world, WORKING_KEY, daily_budget_usd=0), _write_too),
    Case("breaker open", lambda world: own_key(world, FAILING_KEY), _write_too),
)


def _places_of_b(partitions: int) -> list[Place]:
    found: list[Place] = []
    number = 0
    while len(found) < B_CONVERSATIONS:
        place = (B, f"customer-{number}")
        if partition_of(*place, partitions) < _B_PARTITIONS:
            found.append(place)
        number += 1
    return found
