"""The registry names every read model, and says so to who asks for another."""

from __future__ import annotations

import pytest

from projections.registry import ALL, by_name, fingerprint


def test_every_projection_is_found_by_its_name() -> None:
    assert [by_name(projection.name) for projection in ALL] == list(ALL)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no projection 'nope'; there are .*daily_counts"):
        by_name("nope")


def test_no_two_projections_share_a_fingerprint() -> None:
    """A fingerprint of the shared module would be blind to a changed fold."""
    assert len({fingerprint(projection) for projection in ALL}) == len(ALL)
