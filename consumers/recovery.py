"""Finds out, before a partition is read on, whether its stream is the one that was read.

Where it is not, a new generation begins: what both histories share is found by the event log, the
stream's ids are lifted above the old checkpoint, and everything above the shared part is read
again; the dedup basis tells what is new. What cannot come any more is counted as lost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from consumers.accounts import Accounts, Settlement
from consumers.errors import CheckpointMoved
from consumers.intake import FIELD
from consumers.lineage import (
    History,
    Loss,
    Sight,
    expected_unread,
    how_gone,
    judge,
    missing,
    why,
)
from consumers.observer import Observer
from consumers.partition_state import PartitionState
from consumers.seen_basis import body_hash
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from events.entry_id import ZERO, EntryId
from projections.group import Basis, ConsumerGroup

_ANCHORS = 500
"""How far back the part that two histories share is looked for; beyond it, the whole
stream is read again."""


class Recovery:
    """Brings a partition's group, account and generation in line with its stream."""

    def __init__(
        self,
        group: ConsumerGroup,
        *,
        streams: GroupStreams,
        watch: StreamWatch,
        accounts: Accounts,
        restore_topology: Callable[[], Awaitable[None]],
        observer: Observer,
    ) -> None:
        self._group = group
        self._streams = streams
        self._watch = watch
        self._accounts = accounts
        self._restore_topology = restore_topology
        self._observer = observer

    async def examine(self, state: PartitionState) -> EntryId:
        """Set the partition right; returns up to where it must be read by range.

        Raises:
            LeaseLost, CheckpointMoved, TransientFault: come again.
        """
        partition = state.partition
        old = state.cursor
        sight = (await self._watch.look({partition: old}))[partition]
        history = judge(state.account, old, sight, doubted=state.doubted)
        if history is History.FIRST_SEEN:
            await self._first_seen(state, sight)
        elif history is History.BROKEN:
            await self._begin_generation(state, sight)
        elif history is History.TAIL_IN_DOUBT:
            await self._check_tail(state, sight)
        else:
            state.account.seen = sight.seen
        state.account.due = state.account.due or sight.seen
        if await self._streams.ensure_group(partition, state.cursor):
            if sight.group_exists:
                # It was there a moment ago: whatever took it came after the look. Look again.
                state.doubted = True
                raise CheckpointMoved(frozenset({partition}))
            await self._restore_topology()
            if history is not History.FIRST_SEEN:
                self._observer.group_recreated(self._group.name, partition, str(state.cursor))
        delivered = await self._streams.last_delivered(partition)
        if sight.last_id < max(delivered, old):
            await self._watch.lift(partition, max(delivered, old))
        state.doubted = False
        return delivered

    async def settle_quiet(self, state: PartitionState, sight: Sight) -> None:
        """Close the account of a partition whose every entry was read; `sight` was taken then."""
        account = state.account
        gone = missing(account, sight.seen, account.read)
        if gone == 0:
            account.seen, account.due = sight.seen, None
            return
        loss = Loss(gone, at_least=False, reason=how_gone(sight.seen, state.cursor), since=None)
        await self._settle(
            state,
            Settlement(
                base=(account.base or 0) + min(gone, 0),
                cursor=state.cursor,
                entry_hash=account.entry_hash,
                seen=sight.seen,
                server_id=sight.server_id or account.server_id,
                loss=loss if gone > 0 else None,
            ),
        )

    async def _first_seen(self, state: PartitionState, sight: Sight) -> None:
        """Whatever was ever appended counts for the first group; a later one begins with what stands."""
        base = 0
        if state.cursor != ZERO or await self._accounts.others_have_read(state.partition):
            base = sight.added - await self._unread(state.partition, state.cursor, sight)
        await self._settle(state, self._kept(state, sight, base=base))

    async def _check_tail(self, state: PartitionState, sight: Sight) -> None:
        loss = await self._lost_tail(state, sight)
        unread = await self._unread(state.partition, state.cursor, sight)
        lost = state.account.lost + (loss.count if loss else 0)
        base = sight.added - unread - state.account.read - lost
        await self._settle(state, self._kept(state, sight, base=base, loss=loss))

    async def _begin_generation(self, state: PartitionState, sight: Sight) -> None:
        reason = why(state.account, state.cursor, sight)
        loss = await self._lost_tail(state, sight)
        anchor, entry_hash = await self._shared_part(state)
        unread = await self._unread(state.partition, anchor, sight)
        settlement = Settlement(
            base=sight.added - unread,
            cursor=anchor,
            entry_hash=entry_hash,
            seen=sight.seen,
            server_id=sight.server_id,
            begins=reason,
            loss=loss or Loss(0, at_least=True, reason=reason, since=_since(state)),
        )
        await self._settle(state, settlement)
        self._observer.generation_began(
            self._group.name, state.partition, state.generation, reason, str(anchor)
        )

    async def _lost_tail(self, state: PartitionState, sight: Sight) -> Loss | None:
        """What stood above the checkpoint at the last look and does not stand there now."""
        expected, seen = expected_unread(state.account), state.account.seen
        if expected == 0 or seen is None:
            return None
        standing = await self._watch.count(state.partition, after=state.cursor, up_to=seen.last_id)
        if standing >= expected:
            return None
        reason = why(state.account, state.cursor, sight)
        return Loss(expected - standing, at_least=True, reason=reason, since=seen.at)

    async def _shared_part(self, state: PartitionState) -> tuple[EntryId, bytes | None]:
        partition = state.partition
        known: Mapping[EntryId, bytes]
        identity: Callable[[Mapping[bytes, bytes]], bytes | None]
        if self._group.basis is Basis.LOG:
            known = await self._accounts.newest_of_the_log(partition, _ANCHORS)
            identity = _body
        else:
            known = await self._accounts.newest_seen(partition, _ANCHORS)
            identity = _hash_of_body
        return await self._watch.highest_standing(partition, known, identity=identity)

    async def _unread(self, partition: int, after: EntryId, sight: Sight) -> int:
        return await self._watch.count(partition, after=after, up_to=sight.last_id)

    def _kept(
        self, state: PartitionState, sight: Sight, *, base: int, loss: Loss | None = None
    ) -> Settlement:
        return Settlement(
            base=base,
            cursor=state.cursor,
            entry_hash=state.account.entry_hash,
            seen=sight.seen,
            server_id=sight.server_id,
            loss=loss,
        )

    async def _settle(self, state: PartitionState, settlement: Settlement) -> None:
        await self._accounts.settle(state, settlement)
        if settlement.loss is not None:
            self._observer.lost(self._group.name, state.partition, settlement.loss)


def _body(fields: Mapping[bytes, bytes]) -> bytes | None:
    return fields.get(FIELD)


def _hash_of_body(fields: Mapping[bytes, bytes]) -> bytes | None:
    raw = fields.get(FIELD)
    return body_hash(raw) if raw is not None else None


def _since(state: PartitionState) -> datetime | None:
    return state.account.seen.at if state.account.seen else None
