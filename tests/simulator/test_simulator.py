"""The engine against crashes: every seed's schedule over real servers, held against the oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.simulator.arena import Arena
from tests.simulator.run import run_seed


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Servers and a worker parent for all seeds."""
    with Arena(tmp_path_factory.mktemp("simulator")) as started:
        yield started


def _check(arena: Arena, seed: int) -> None:
    result = asyncio.run(run_seed(arena, seed))
    assert not result.failures, f"{result}\n" + "\n".join(result.logs)


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_doubled_or_out_of_order(arena: Arena, seed: int) -> None:
    _check(arena, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(500))
def test_nothing_is_lost_doubled_or_out_of_order_in_the_long_run(arena: Arena, seed: int) -> None:
    _check(arena, seed)
