"""Who is alive, who owns what and who may commit: pure in `now`, which is the database's clock.

`leases.sql` does the same in Postgres, where each statement is atomic; a conformance test holds the
two against each other. No member's own clock is ever asked: a member whose clock is wrong, or that
slept, is judged by its row alone.

An owner whose lease ran out still owns its partitions until somebody takes them: what ends an
ownership is the next epoch, not the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from consumers.shares import Moves, moves

FORGOTTEN_AFTER = timedelta(hours=1)
"""How long a dead member's row is kept."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things last."""

    lease: timedelta
    settling: timedelta
    """How long a member must have been beating before a lease that ran out counts for the owner's
    death and not for Postgres' absence; a few beats."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """One partition's row. Each change of the owner is a new epoch; a release keeps it."""

    owner: str | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """A group's rows at one moment. Every operation gives a new one."""

    expires_at: Mapping[str, datetime] = field(default_factory=dict)
    """Member → until when it is alive."""
    alive_since: Mapping[str, datetime] = field(default_factory=dict)
    """Member → since when it has been beating without a break of half a lease."""
    ownerships: Mapping[int, Ownership] = field(default_factory=dict)

    @property
    def owners(self) -> dict[int, str | None]:
        """Partition → the owner that its row names, alive or not."""
        return {partition: row.owner for partition, row in self.ownerships.items()}


def prepared(partitions: int) -> Membership:
    """A group without members that owns `partitions` partitions."""
    return Membership(ownerships={partition: Ownership() for partition in range(partitions)})


def is_alive(expires_at: datetime | None, now: datetime) -> bool:
    """Whether a member is alive at `now`; None stands for no row."""
    return expires_at is not None and expires_at > now


def living(expires_at: Mapping[str, datetime], now: datetime) -> frozenset[str]:
    """The members that are alive at `now`."""
    return frozenset(member for member, until in expires_at.items() if is_alive(until, now))


def heartbeat(group: Membership, member: str, now: datetime, terms: Terms) -> Membership:
    """`member` stays, or becomes, alive for a lease from `now`."""
    unbroken = is_alive(group.expires_at.get(member), now + terms.lease / 2)
    return replace(
        group,
        expires_at={**group.expires_at, member: now + terms.lease},
        alive_since={
            **group.alive_since,
            member: group.alive_since[member] if unbroken else now,
        },
    )


def take(group: Membership, partition: int, member: str, now: datetime, terms: Terms) -> Membership:
    """`member`, if it is alive, becomes the owner of what nobody living owns; else nothing changes.

    Where no member has been beating for the settling time, Postgres itself was away, and all leases
    ran out together: their owners have so long to beat again.
    """
    row = group.ownerships[partition]
    if row.owner == member or not is_alive(group.expires_at.get(member), now):
        return group
    until = group.expires_at.get(row.owner) if row.owner is not None else None
    if until is not None and (is_alive(until, now) or not _is_settled(group, now, terms)):
        return group
    return _changed(group, {partition: Ownership(member, row.epoch + 1)})


def release(group: Membership, partitions: Iterable[int], member: str) -> Membership:
    """Those of `partitions` that `member` owns are free at once."""
    freed = {
        partition: replace(group.ownerships[partition], owner=None)
        for partition in partitions
        if group.ownerships[partition].owner == member
    }
    return _changed(group, freed)


def leave(group: Membership, member: str) -> Membership:
    """`member` is no longer alive; whatever it still owns may be taken."""
    return _without(group, {member})


def forget_the_dead(group: Membership, now: datetime) -> Membership:
    """Drop members that have been dead for longer than `FORGOTTEN_AFTER`."""
    return _without(
        group, {m for m, until in group.expires_at.items() if until < now - FORGOTTEN_AFTER}
    )


def may_commit(group: Membership, partition: int, member: str, epoch: int) -> bool:
    """Whether a batch that was read under `epoch` may be committed; of all members one at the most."""
    return group.ownerships[partition] == Ownership(member, epoch)


def next_moves(
    owners: Mapping[int, str | None],
    expires_at: Mapping[str, datetime],
    member: str,
    now: datetime,
) -> Moves:
    """What `member`, which has just heart-beaten, should release and take."""
    return moves(owners, living(expires_at, now) | {member}, member)


def _is_settled(group: Membership, now: datetime, terms: Terms) -> bool:
    beating = living(group.expires_at, now + terms.lease / 2)
    return any(group.alive_since[member] <= now - terms.settling for member in beating)


def _without(group: Membership, gone: Collection[str]) -> Membership:
    if not gone:
        return group
    return replace(
        group,
        expires_at={m: until for m, until in group.expires_at.items() if m not in gone},
        alive_since={m: since for m, since in group.alive_since.items() if m not in gone},
    )


def _changed(group: Membership, rows: Mapping[int, Ownership]) -> Membership:
    return replace(group, ownerships={**group.ownerships, **rows}) if rows else group
