"""The engine against crashes: every seed's schedule over real servers, held against the oracle."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic

import pytest

from tests.simulator.arena import Arena
from tests.simulator.campaign import Campaign
from tests.told import Told

_CHUNK = 25


def _check(places: list[Arena], first: int, told: Told) -> None:
    campaign = Campaign(places, range(first, first + _CHUNK))
    began = monotonic()
    try:
        asyncio.run(campaign.run())
    finally:
        told.seeds.took_s += monotonic() - began
        told.seeds.ended += len(campaign.results)
        told.seeds.failed += [result.schedule.seed for result in campaign.failed]
        told.seeds.injected += sum((r.injected for r in campaign.results), Counter[str]())
    assert len(campaign.results) == _CHUNK
    assert not campaign.failed, "\n\n".join(result.told() for result in campaign.failed)


@pytest.mark.timeout(1200)
def test_nothing_is_lost_doubled_or_out_of_order(places: list[Arena], told: Told) -> None:
    _check(places, 0, told)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, 500, _CHUNK))
def test_nothing_is_lost_doubled_or_out_of_order_in_the_long_run(
    places: list[Arena], first: int, told: Told
) -> None:
    _check(places, first, told)
