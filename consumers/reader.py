"""What a lane reads next: gaps by range, new entries by group; never past what it cannot account for.

In steady state new entries come by XREADGROUP. After a start, a takeover, any error, and whenever
Redis shows something that does not fit the checkpoint, a partition is *unsynced*: its stream is
examined, and everything between the checkpoint and Redis' cursor is read by range.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from time import monotonic

from consumers.catch_up import behind
from consumers.engine_settings import EngineSettings
from consumers.group import ConsumerGroup
from consumers.intake import Entry
from consumers.lineage import History, judge
from consumers.new_entries import NewEntries
from consumers.observer import Observer
from consumers.partition_state import PartitionState
from consumers.read_ahead import ReadAhead
from consumers.recovery import Recovery
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from events.entry_id import EntryId

Found = dict[int, list[Entry]]


class Reader:
    """Reads for one lane, whose `states` it shares. One call at a time."""

    def __init__(
        self,
        group: ConsumerGroup,
        *,
        streams: GroupStreams,
        watch: StreamWatch,
        recovery: Recovery,
        settings: EngineSettings,
        observer: Observer,
    ) -> None:
        self._group = group
        self._streams = streams
        self._watch = watch
        self._recovery = recovery
        self._settings = settings
        self._observer = observer
        self._blocked: asyncio.Timeout | None = None
        self._settled: dict[int, list[EntryId]] = {}
        self._ahead: ReadAhead | None = None
        self.has_more = False
        """Whether the last read that found something may have left something."""

    def interrupt(self) -> None:
        """End a read that waits."""
        blocked, self._blocked = self._blocked, None
        if blocked is not None:
            blocked.reschedule(asyncio.get_running_loop().time())

    async def acknowledge(self, entries: Found, *, at_once: bool) -> None:
        """Take committed entries off the pending lists; they may go along with the next read.

        Where there is none any more, the pending lists are settled with the next who reads there.
        """
        ids = {p: [entry.id for entry in found] for p, found in entries.items() if found}
        if at_once and ids:
            await self._streams.acknowledge(ids)
        else:
            for partition, settled in ids.items():
                self._settled.setdefault(partition, []).extend(settled)

    async def read_gaps(self, states: Mapping[int, PartitionState]) -> Found:
        """A batch of what lies between the checkpoints and Redis' cursors."""
        gaps: Found = {}
        room = self._settings.batch_events
        for partition, state in states.items():
            if state.synced:
                continue
            if state.read_up_to is None:
                state.read_up_to = await self._recovery.examine(state)
            if state.read_up_to > state.cursor:
                entries = await self._streams.read_range(
                    partition,
                    after=state.cursor,
                    up_to=state.read_up_to,
                    count=room,
                )
                if entries:
                    self._observer.resynced(self._group.name, partition, len(entries))
                    self.has_more = True
                    gaps[partition] = entries
                    room -= len(entries)
                    if room <= 0:
                        break
                    continue
            await self._synced(state)
        return gaps

    async def read_new(self, states: Mapping[int, PartitionState], *, hurried: bool) -> Found:
        """Entries that nobody was given, of the partitions that may be read on.

        `hurried`: other work waits, so an idle stream is not waited for.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return await self._read_already(ahead, states)
        cursors = {p: state.cursor for p, state in states.items()}
        count = self._count(cursors)
        hurried = hurried or any(behind(self._group, state) for state in states.values())
        settled, self._settled = self._settled, {}
        try:
            async with asyncio.timeout(None) as self._blocked:
                read = await self._streams.read_new(
                    cursors,
                    count=count,
                    block_ms=1 if hurried else self._settings.block_ms,
                    settled=settled,
                )
        except TimeoutError:
            # Interrupted: entries may have been given to us that nobody saw.
            _unsync(states.values())
            return {}
        finally:
            self._blocked = None
        distrusted = self._distrusted(read, states, cursors)
        distrusted |= await self._look(
            {p: s for p, s in states.items() if p not in distrusted}, read.found
        )
        return self._trusted(read, states, distrusted, count)

    def read_ahead(self, states: Mapping[int, PartitionState], found: Found) -> None:
        """Begin to read what follows `found` of these partitions, before it is committed.

        Only where the last read left something, so that nothing is waited for; and not where the
        streams are to be looked at, which is done right behind a read.
        """
        now = monotonic()
        if not self.has_more or any(not s.synced or s.look_at <= now for s in states.values()):
            return
        cursors = {
            p: found[p][-1].id if found.get(p) else state.cursor for p, state in states.items()
        }
        settled, self._settled = self._settled, {}
        count = self._count(cursors)
        reading = self._streams.read_new(cursors, count=count, block_ms=1, settled=settled)
        self._ahead = ReadAhead(reading, states, cursors, count)

    def forget(self, partitions: Iterable[int]) -> None:
        """Of these nothing is used that was read ahead."""
        if self._ahead is not None:
            self._ahead.forget(partitions)

    async def give_up(self) -> None:
        """Nothing more is read: what was read ahead is the next owner's."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            await ahead.give_up()

    async def _read_already(self, ahead: ReadAhead, states: Mapping[int, PartitionState]) -> Found:
        try:
            async with asyncio.timeout(None) as self._blocked:
                read = await ahead.next_ones(states)
        except TimeoutError:
            return {}
        finally:
            self._blocked = None
        distrusted = self._distrusted(read, states, ahead.cursors)
        return self._trusted(read, states, distrusted, ahead.count)

    def _count(self, partitions: Collection[int]) -> int:
        return -(-self._settings.batch_events // len(partitions))

    def _distrusted(
        self,
        read: NewEntries,
        states: Mapping[int, PartitionState],
        cursors: Mapping[int, EntryId],
    ) -> set[int]:
        below = {p for p, new in read.found.items() if new and new[0].id <= cursors[p]}
        for partition in below:
            states[partition].doubted = True
        return below | self._streams.skipped(read)

    def _trusted(
        self,
        read: NewEntries,
        states: Mapping[int, PartitionState],
        distrusted: set[int],
        count: int,
    ) -> Found:
        _unsync(states[p] for p in distrusted)
        self.has_more = bool(distrusted) or any(len(new) >= count for new in read.found.values())
        return {p: entries for p, entries in read.found.items() if p not in distrusted}

    async def _look(self, states: Mapping[int, PartitionState], found: Found) -> set[int]:
        """Look at the streams once a heart-beat; returns those whose history does not fit."""
        now = monotonic()
        due = {p: state.cursor for p, state in states.items() if state.look_at <= now}
        if not due:
            return set()
        broken = set()
        for partition, sight in (await self._watch.look(due)).items():
            state = states[partition]
            state.look_at = now + self._settings.heartbeat_s
            account = state.account
            if judge(account, state.cursor, sight) is not History.UNBROKEN:
                broken.add(partition)
            elif found.get(partition):
                account.seen = sight.seen
                account.due = account.due or sight.seen
            elif sight.nothing_above:
                await self._recovery.settle_quiet(state, sight)
            else:
                # Nothing is left to be given, and still something stands there: it was given away,
                # or has just come.
                broken.add(partition)
        return broken

    async def _synced(self, state: PartitionState) -> None:
        await self._streams.settle_own_pending(state.partition, state.cursor)
        await self._streams.forget_other_consumers(state.partition, state.cursor)
        state.synced, state.read_up_to = True, None


def _unsync(states: Iterable[PartitionState]) -> None:
    for state in states:
        state.unsync()
