"""The engine against crashes: every seed's schedule over real servers, held against the oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.simulator.arena import Arena
from tests.simulator.campaign import Campaign, arenas

_CHUNK = 25


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Arena]]:
    """Servers and worker parents for all seeds."""
    with arenas(tmp_path_factory.mktemp("simulator")) as started:
        yield started


def _check(places: list[Arena], first: int) -> None:
    campaign = Campaign(places, range(first, first + _CHUNK))
    asyncio.run(campaign.run())
    assert not campaign.failed, "\n\n".join(result.told() for result in campaign.failed)


@pytest.mark.timeout(1200)
def test_nothing_is_lost_doubled_or_out_of_order(places: list[Arena]) -> None:
    _check(places, 0)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, 500, _CHUNK))
def test_nothing_is_lost_doubled_or_out_of_order_in_the_long_run(
    places: list[Arena], first: int
) -> None:
    _check(places, first)
