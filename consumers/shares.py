"""Who should own which partition: pure, the same answer on every member for the same snapshot.

Every living member gets `floor` or `ceil` of partitions / members. Who owns most now keeps the
larger share, so that a join or a leave moves only what must move: a member above its share hands
its highest partitions over, one below takes what is free.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moves:
    """What one member should do now; both in ascending order."""

    release: tuple[int, ...]
    take: tuple[int, ...]


def shares(owners: Mapping[int, str | None], living: Collection[str]) -> dict[str, int]:
    """How many partitions each living member should own.

    The sum equals the number of partitions; two shares differ by one at the most.
    """
    return _shares(len(owners), _owned(owners, living))


def moves(owners: Mapping[int, str | None], living: Collection[str], me: str) -> Moves:
    """What `me` should release and take, given each partition's owner and who is alive.

    A partition whose owner is not alive is free. Free partitions are dealt in a fixed order, so
    that members that look at the same snapshot do not reach for the same one.

    Raises:
        ValueError: `me` is not among the living.
    """
    if me not in living:
        raise ValueError(f"{me} is not alive")
    owned = _owned(owners, living)
    share = _shares(len(owners), owned)
    mine = owned[me]
    if len(mine) > share[me]:
        return Moves(release=tuple(mine[share[me] :]), take=())
    free = [p for p in sorted(owners) if owners[p] not in owned]
    start = 0
    for member in sorted(owned):
        wants = max(0, share[member] - len(owned[member]))
        if member == me:
            return Moves(release=(), take=tuple(free[start : start + wants]))
        start += wants
    return Moves(release=(), take=())


def _shares(partitions: int, owned: Mapping[str, Sequence[int]]) -> dict[str, int]:
    order = sorted(owned, key=lambda member: (-len(owned[member]), member))
    base, extra = divmod(partitions, len(order)) if order else (0, 0)
    return {member: base + (rank < extra) for rank, member in enumerate(order)}


def _owned(owners: Mapping[int, str | None], living: Collection[str]) -> dict[str, list[int]]:
    owned: dict[str, list[int]] = {member: [] for member in living}
    for partition in sorted(owners):
        owner = owners[partition]
        if owner in owned:
            owned[owner].append(partition)
    return owned
