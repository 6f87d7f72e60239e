"""An operator, and a system that has met everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.partitioning import stream_key
from tests.consumers.test_dead_letters import CASES, PARTITION
from tests.runtime.demo_runs import Run, run_demo
from tests.runtime.operators import POISON, Operator, Switch, refusing_group, send


@pytest.fixture(scope="session")
def demo_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The demo, twice in the same directory.

    A key in the environment must change nothing there, and neither must switched-off workers.
    """
    folder = tmp_path_factory.mktemp("demo")
    given = {"DISABLE_WORKERS": "true", "OPENAI_API_KEY": "sk-canary"}
    return [run_demo(folder, **given) for _ in range(2)]


@pytest.fixture
async def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    """At a migrated database and empty streams."""
    operator = Operator(database_url, redis_url, tmp_path)
    await operator.begin()
    return operator


@pytest.fixture
async def consumed(operator: Operator) -> Operator:
    """Applied, duplicate, dead, filtered and parked events; nobody runs any more."""
    async with operator.redis() as redis:
        for number in range(40):
            await send(redis, number + 1, f"c{number % 20}", "oi")
        await send(redis, 1, "c0", "oi")
        for number, text in enumerate(["oi", POISON, "alô?"]):
            await send(redis, 100 + number, "poisoned", text)
        for _, fields in CASES:
            await redis.xadd(stream_key(PARTITION), fields)  # type: ignore[arg-type]
    await operator.consume(refusing_group(Switch()))
    return operator
