"""One run: from the log, in order, at a pace, to a target; and on from where one stopped."""

from __future__ import annotations

import asyncio
from typing import Protocol

import asyncpg

from consumers.selection import Selection, slices
from runtime.exporting.errors import EventRefused, PlaceUnusable
from runtime.exporting.log_reader import LogReader, fits
from runtime.exporting.pace import Pace
from runtime.exporting.state import Logged, State, refusal_of
from runtime.exporting.target import Target


class Watch(Protocol):
    """Who looks on."""

    def begun(self, state: State, *, resumed: bool) -> None:
        """Events come now; `resumed` says that earlier ones were handed on by another run."""

    def moved(self, state: State, *, looked_at: int, of: int) -> None:
        """So many positions of the log were looked at."""


async def export(
    conn: asyncpg.Connection,
    selection: Selection,
    target: Target,
    *,
    pace: Pace,
    watch: Watch,
    fail_fast: bool = False,
) -> State:
    """Hand a selection on, to its end as it is now, or as it was when the run that stopped began.

    Stopped by cancellation or a refusal, the target keeps its place.

    Raises:
        SelectionInvalid: a bound is not in the log.
        ExportError: as the target says, and `EventRefused` with `fail_fast`.
    """
    known = await target.found(selection)
    if known is not None and not known.done and not await fits(conn, known.places):
        raise PlaceUnusable(
            "this is not the log that the run was begun with: --restart begins anew"
        )
    state = known or State.new(selection, await slices(conn, selection))
    await target.begin(state)
    watch.begun(state, resumed=known is not None)
    if not state.done:
        reader = LogReader(conn, selection, state.slices)
        try:
            await _hand_on(reader, target, pace=pace, watch=watch, fail_fast=fail_fast)
        except (asyncio.CancelledError, EventRefused):
            await target.pause()
            raise
    await target.finish()
    return target.state


async def _hand_on(
    reader: LogReader, target: Target, *, pace: Pace, watch: Watch, fail_fast: bool
) -> None:
    async for batch in reader.batches(target.state.places):
        good, bad = _up_to_refused(batch) if fail_fast else (batch, None)
        for portion in pace.portions(good, most=target.most):
            await pace.wait_turn(len(portion))
            await target.write(portion, target.state)
            watch.moved(target.state, looked_at=reader.looked_at, of=reader.total)
        if bad is not None:
            raise EventRefused(refusal_of(bad))


def _up_to_refused(batch: list[Logged]) -> tuple[list[Logged], Logged | None]:
    for index, event in enumerate(batch):
        if event.refusal is not None:
            return batch[:index], event
    return batch, None
