"""The pure part of ownership: who should own what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.shares import moves, shares

MEMBERS = [f"m{n}" for n in range(6)]

owners_drawn = st.integers(1, 40).flatmap(
    lambda count: st.fixed_dictionaries(
        {p: st.sampled_from([None, "dead", *MEMBERS]) for p in range(count)}
    )
)
living_drawn = st.sets(st.sampled_from(MEMBERS), min_size=1)


@given(owners_drawn, living_drawn)
def test_shares_differ_by_one_at_most_and_cover_everything(
    owners: dict[int, str | None], living: set[str]
) -> None:
    share = shares(owners, living)
    assert sum(share.values()) == len(owners)
    assert max(share.values()) - min(share.values()) <= 1


@given(owners_drawn, living_drawn)
def test_repeated_moves_settle_fairly_with_each_partition_owned_once(
    owners: dict[int, str | None], living: set[str]
) -> None:
    moved = settle(owners, living)
    counts = [sum(owner == member for owner in moved.values()) for member in living]
    assert all(owner in living for owner in moved.values())
    assert max(counts) - min(counts) <= 1


@given(owners_drawn, living_drawn)
def test_only_what_must_move_moves(owners: dict[int, str | None], living: set[str]) -> None:
    kept = {p for p, owner in owners.items() if settle(owners, living)[p] == owner}
    alive = {p for p, owner in owners.items() if owner in living}
    base, extra = divmod(len(owners), len(living))
    sizes = sorted((sum(o == m for o in owners.values()) for m in living), reverse=True)
    surplus = sum(max(0, n - base - (rank < extra)) for rank, n in enumerate(sizes))
    assert len(alive - kept) == surplus


def test_members_that_see_the_same_snapshot_do_not_reach_for_the_same_partition() -> None:
    owners: dict[int, str | None] = dict.fromkeys(range(16))
    taken = [p for m in MEMBERS for p in moves(owners, set(MEMBERS), m).take]
    assert sorted(taken) == list(range(16))


def test_a_member_that_is_not_alive_cannot_move_anything() -> None:
    with pytest.raises(ValueError, match="not alive"):
        moves({0: None}, {"a"}, "b")


def settle(owners: dict[int, str | None], living: set[str]) -> dict[int, str | None]:
    moved = dict(owners)
    # Each member looks at what the others before it have done: three rounds are the most it takes.
    for _ in range(4):
        for member in sorted(living):
            plan = moves(moved, living, member)
            moved.update(dict.fromkeys(plan.release))
            moved.update(dict.fromkeys(plan.take, member))
    return moved
