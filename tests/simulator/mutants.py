"""Defects planted in a worker's engine, which the simulator must find.

Each models an engine that somebody could have written. Where a second line of defence of ours would
hide the defect, it is taken away too, and the mutant says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from redis.exceptions import ResponseError

from consumers import batch_writes, lane, leased, reader, stream
from consumers.stream import GroupStreams
from events.entry_id import EntryId

_ACKED = "simulator:acked:"


def ack_before_commit() -> None:
    """A batch is acknowledged before it is committed, and what was acknowledged is not read again.

    The defect of an engine at most once: a crash between XACK and commit loses the batch. Reading
    the range above the checkpoint again would hide it, so entries that were acknowledged are left
    out of that; they are noted in Redis itself.
    """
    streams: Any = stream.GroupStreams
    lanes: Any = lane.Lane
    read_range, commit = streams.read_range, lanes._commit

    async def acknowledge_and_commit(self: Any, intakes: Any) -> None:
        found: GroupStreams = self._parts.streams
        for intake in intakes:
            ids = [str(entry_id) for entry_id in intake.ids]
            await found._clients.commands.sadd(f"{_ACKED}{intake.partition}", *ids)
        await found.acknowledge({intake.partition: intake.ids for intake in intakes})
        await commit(self, intakes)

    async def read_range_unacked(
        self: Any, partition: int, *, after: EntryId, up_to: EntryId, count: int
    ) -> Any:
        acked = await self._clients.commands.smembers(f"{_ACKED}{partition}")
        known = {EntryId.parse(entry_id) for entry_id in acked}
        while entries := await read_range(self, partition, after=after, up_to=up_to, count=count):
            if unacked := [entry for entry in entries if entry.id not in known]:
                return unacked
            after = entries[-1].id
        return []

    _replace(lanes, "_commit", acknowledge_and_commit)
    _replace(streams, "read_range", read_range_unacked)


def no_epoch_check() -> None:
    """Nothing fences a stale owner: who read a batch commits it.

    The defect of an engine whose lease is only looked at when a partition is taken. The lease's
    lock alone is not enough to take away: the checkpoint's compare-and-set, for the group and for
    each projection, is a second fence, and is taken away too. What is left is the log's unique
    event id and position.
    """

    async def unlocked(conn: Any, member: Any, states: Any) -> Any:
        return await conn.fetchval("SELECT now()")

    _replace(leased, "_lock", unlocked)
    for name in ("move checkpoints", "move projection checkpoints"):
        _rewrite(name, r"AND c\.(position|entry_id) = n\.\w+_before", "")


def no_own_pending_recovery() -> None:
    """What Redis gave to somebody who did not commit it is not read again.

    The defect of an engine that only ever reads `>`: entries whose answer was lost on the wire, or
    whose reader died, stay in a pending list for ever.
    """

    async def nothing_delivered(self: Any, partition: int) -> EntryId:
        return EntryId(0, 0)

    _replace(stream.GroupStreams, "last_delivered", nothing_delivered)


def no_xpending_check() -> None:
    """Nobody looks whether another consumer was given entries in between.

    The defect of an engine that recovers at start and takeover only: a stale owner's blocked read
    takes entries after the takeover, and the new owner commits beyond them. The look at the stream
    once a heart-beat, which finds entries that were given away while nothing comes, is a second line
    and is taken away too.
    """

    def nothing_skipped(self: Any, read: Any) -> set[int]:
        return set()

    _replace(stream.GroupStreams, "skipped", nothing_skipped)
    _replace(reader.Reader, "_look", _nothing_amiss)


def group_recreated_at_dollar() -> None:
    """A group that is missing is created at `$`.

    The defect of every other tutorial: what was appended and not read yet is skipped. Our reading
    of the range up to the new group's cursor would hide it, so after a recreation it is not read.
    Two more lines are taken away: asking what stands between the checkpoint and the first entry
    found (who holds pending entries is still asked), and the look once a heart-beat.
    """
    streams: Any = stream.GroupStreams
    last_delivered, skipped = streams.last_delivered, streams.skipped

    def held_by_others(self: Any, read: Any) -> Any:
        return skipped(self, replace(read, found={}))

    async def ensure_at_end(self: Any, partition: int, at: EntryId) -> bool:
        try:
            await self._clients.commands.xgroup_create(
                self.key(partition), self._group, id="$", mkstream=True
            )
        except ResponseError:
            return False
        self.__dict__.setdefault("recreated", {})[partition] = at
        return True

    async def trusted(self: Any, partition: int) -> EntryId:
        recreated: dict[int, EntryId] = self.__dict__.setdefault("recreated", {})
        at = recreated.pop(partition, None)
        return at if at is not None else await last_delivered(self, partition)

    _replace(streams, "ensure_group", ensure_at_end)
    _replace(streams, "last_delivered", trusted)
    _replace(streams, "skipped", held_by_others)
    _replace(reader.Reader, "_look", _nothing_amiss)


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        ack_before_commit,
        no_epoch_check,
        no_own_pending_recovery,
        no_xpending_check,
        group_recreated_at_dollar,
    )
}


def apply_mutant(name: str) -> None:
    """Plant a defect in this process."""
    MUTANTS[name]()


async def _nothing_amiss(self: Any, states: Any, found: Any) -> set[int]:
    return set()


def _replace(owner: Any, name: str, by: Callable[..., Any]) -> None:
    """Put a defective function in the place of the engine's.

    Raises:
        LookupError: there is none of that name any more: the mutant would be no mutant.
    """
    if not hasattr(owner, name):
        raise LookupError(f"{owner!r} has no {name}")
    setattr(owner, name, by)


def _rewrite(statement: str, pattern: str, replacement: str) -> None:
    """Change a named statement.

    Raises:
        LookupError: it no longer says what is to be changed: the mutant would be no mutant.
    """
    changed, count = re.subn(pattern, replacement, batch_writes._SQL[statement])
    if not count:
        raise LookupError(f"{statement!r} does not have {pattern!r}")
    batch_writes._SQL[statement] = changed
