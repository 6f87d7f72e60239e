"""An operator, and a system that has met everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from events.partitioning import stream_key
from tests.consumers.test_dead_letters import CASES, PARTITION
from tests.runtime.demo_runs import Run, shared_runs
from tests.runtime.operators import POISON, Operator, Switch, refusing_group, send


@pytest.fixture(scope="session")
def demo_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The demo, twice in the same directory: once for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    return shared_runs((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo")


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
