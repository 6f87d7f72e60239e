"""Reads a selection of the event log in one order, in memory that does not grow with it.

The order: by `recorded_at`, then partition; within a partition always by position, also where the
database's clock went backwards. What comes next depends on nothing but the places reached, so a run
that goes on gives what the one that stopped would have given.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from consumers.selection import Selection, Slice
from events.errors import InvalidEvent
from events.publisher import publishable
from projections.statements import statements
from runtime.exporting.state import Logged, Place

_SQL = statements("runtime.exporting", "log.sql")
_BATCH, _BATCH_BYTES = 500, 4 * 1024 * 1024
_WHOLE = 2**62


@dataclass(frozen=True, slots=True)
class Limits:
    """What is held of the log at once; a partition goes above its share of bytes by one event."""

    rows: int = 16_000
    size: int = 32 * 1024 * 1024
    """Bytes of bodies."""
    span: int = 10_000
    """Positions that one statement looks at; doubled while it finds little."""
    widest: int = 1_000_000
    """The most that `span` becomes."""

    def share(self, partitions: int) -> Limits:
        """One partition's part."""
        rows, size = max(1, self.rows // partitions), max(1, self.size // partitions)
        return replace(self, rows=rows, size=size)


class LogReader:
    """One reading of a selection, over one connection."""

    def __init__(
        self,
        conn: asyncpg.Connection,
        selection: Selection,
        slices: tuple[Slice, ...],
        *,
        limits: Limits | None = None,
    ) -> None:
        share = (limits or Limits()).share(max(1, len(slices)))
        if selection.conversation is not None:
            # It has an index of its own: its pages need not be looked for.
            share = replace(share, span=_WHOLE, widest=_WHOLE)
        self._queues = {one.partition: _Queue(conn, selection, one, limits=share) for one in slices}

    @property
    def total(self) -> int:
        """How many positions there are to look at."""
        return sum(queue.slice.up_to - queue.slice.after for queue in self._queues.values())

    @property
    def looked_at(self) -> int:
        """How many of them were."""
        return sum(queue.looked_at for queue in self._queues.values())

    async def batches(self, places: Mapping[int, Place]) -> AsyncIterator[list[Logged]]:
        """What follows the places, in the order of the export, some hundreds at a time, or some megabytes."""
        heads: list[tuple[datetime, int]] = []
        for partition, queue in self._queues.items():
            if (place := places.get(partition)) is not None:
                queue.go_to(place.position)
            if (head := await queue.head()) is not None:
                heads.append((head, partition))
        heapq.heapify(heads)
        batch: list[Logged] = []
        size = 0
        while heads:
            partition = heads[0][1]
            queue = self._queues[partition]
            batch.append(queue.take())
            size += len(batch[-1].body)
            if len(batch) >= _BATCH or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
            if (head := await queue.head()) is not None:
                heapq.heapreplace(heads, (head, partition))
            else:
                heapq.heappop(heads)
        if batch:
            yield batch


class _Queue:
    """One partition's events, a page at a time."""

    def __init__(
        self,
        conn: asyncpg.Connection,
        selection: Selection,
        slice_: Slice,
        *,
        limits: Limits,
    ) -> None:
        self.slice = slice_
        self._conn = conn
        self._filters = slice_.filters(selection)
        self._limits = limits
        self._span = limits.span
        self._after = slice_.after
        self._page: deque[Any] = deque()

    @property
    def looked_at(self) -> int:
        return self._after - self.slice.after

    def go_to(self, position: int) -> None:
        self._after = position

    async def head(self) -> datetime | None:
        """When the next event was recorded; None at the end."""
        while not self._page and self._after < self.slice.up_to:
            await self._read()
        return self._page[0]["recorded_at"] if self._page else None

    def take(self) -> Logged:
        row = self._page.popleft()
        body = row["body"]
        return Logged(
            self.slice.partition,
            row["position"],
            row["event_id"],
            row["type"],
            body,
            why_refused(body),
        )

    async def _read(self) -> None:
        limits = self._limits
        up_to = min(self.slice.up_to, self._after + self._span)
        rows = await self._conn.fetch(
            _SQL["page"],
            *(self.slice.partition, self._after, up_to, *self._filters, limits.rows, limits.size),
        )
        self._page.extend(rows)
        found = rows[0]["found"] if rows else 0
        cut = found == limits.rows or len(rows) < found
        self._after = rows[-1]["position"] if cut else up_to
        if found < limits.rows // 2:
            self._span = min(self._span * 2, limits.widest)


def why_refused(body: bytes) -> str | None:
    """Why `publish` would refuse these bytes; None when it would take them."""
    try:
        publishable(body)
    except InvalidEvent as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a selection holds."""

    by_type: dict[str, int]
    bytes: int

    @property
    def events(self) -> int:
        """How many events."""
        return sum(self.by_type.values())


async def count(
    conn: asyncpg.Connection, selection: Selection, slices: tuple[Slice, ...]
) -> Counted:
    """Count a selection, at most a million positions a statement."""
    by_type: dict[str, int] = {}
    size = 0
    for one in slices:
        # A conversation has an index of its own, which need not be walked in pieces.
        step = _WHOLE if selection.conversation is not None else Limits().widest
        for after in range(one.after, one.up_to, step):
            up_to = min(one.up_to, after + step)
            given = (one.partition, after, up_to, *one.filters(selection))
            for row in await conn.fetch(_SQL["count"], *given):
                by_type[row["type"]] = by_type.get(row["type"], 0) + row["events"]
                size += row["bytes"]
    return Counted(dict(sorted(by_type.items())), size)


async def fits(conn: asyncpg.Connection, places: Mapping[int, Place]) -> bool:
    """Whether the log holds the events of these places where they say: it is the same log."""
    given = ([*places], [place.position for place in places.values()])
    rows = await conn.fetch(_SQL["at places"], *given)
    found = {row["partition"]: row["event_id"] for row in rows}
    return found == {partition: place.event_id for partition, place in places.items()}
