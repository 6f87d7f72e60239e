"""Scenario `turns`: what a turn takes beyond debounce and the model's own time."""

from __future__ import annotations

from typing import Any

from runtime.bench.companies import company, model
from runtime.bench.figures import Figure, Target, figure
from runtime.bench.ground import Ground, Plan, fresh
from runtime.bench.ledger import Place
from runtime.bench.machine import load_average
from runtime.bench.traffic import Rhythm
from runtime.bench.world import World

NAME = "turns"
RATE = 50.0
SECONDS, WARM_UP_S = 60.0, 3.0
DEBOUNCE_MS, MODEL_DELAY_MS = 500, 300
TARGET = Target(p50=15, p99=60)
_COMPANIES = tuple(f"company-{number}" for number in range(8))
_GAP_S = 6.0
"""How long a customer is silent between two messages: each of them has a turn of its own."""


async def run(ground: Ground) -> list[Figure]:
    """Once by rules alone, once with a model."""
    return [
        await _case(ground, "rules", uses_model=False),
        await _case(ground, "model", uses_model=True),
    ]


async def _case(ground: Ground, case: str, *, uses_model: bool) -> Figure:
    rhythm = Rhythm(RATE, WARM_UP_S + SECONDS * ground.scale, WARM_UP_S)

    def written(world: World) -> dict[str, Any]:
        companies = [
            company(one, world, debounce_ms=DEBOUNCE_MS, turns_at_once=32) for one in _COMPANIES
        ]
        return {"companies": companies, "credential_sets": [model(world)] if uses_model else []}

    plan = Plan(
        f"{NAME}: {case}", rhythm.messages, DEBOUNCE_MS, MODEL_DELAY_MS, written, uses_model
    )
    async with fresh(ground, plan) as run_:
        await run_.warm_up(_places()[: ground.settings.partitions * 2])
        before_s = run_.service.cpu_s()
        await run_.traffic.steady(_places(), rhythm)
        await run_.wait_answered(*_COMPANIES)
        after_s = run_.service.cpu_s()
        cpu_ms = (
            None
            if before_s is None or after_s is None
            else (after_s - before_s) * 1000 / rhythm.messages
        )
        return figure(
            NAME,
            case,
            run_.ledger.delays_ms(*_COMPANIES),
            target=TARGET,
            unanswered=run_.ledger.unanswered(*_COMPANIES),
            cpu_ms=cpu_ms,
            load=load_average(),
        )


def _places() -> list[Place]:
    """As many conversations as there are messages between two of the same one."""
    return [
        (_COMPANIES[number % len(_COMPANIES)], f"customer-{number}")
        for number in range(int(RATE * _GAP_S))
    ]
