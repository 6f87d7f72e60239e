"""The registry names every read model, and says so to who asks for another."""

from __future__ import annotations

import pytest

from projections.registry import ALL, by_name


def test_every_projection_is_found_by_its_name() -> None:
    assert [by_name(projection.name) for projection in ALL] == list(ALL)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no projection 'nope'; there are .*daily_counts"):
        by_name("nope")
