"""Carrying out an export for the command line: preview, run, report, audit."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn
from uuid import uuid4

from consumers.selection import Selection, SelectionInvalid, slices
from runtime.cli.acting import audit, confirm
from runtime.cli.context import FAILED, WRONG_USE, Open, carry_out, errors, fail, opened
from runtime.cli.export_report import Run, size, tell, tell_counted
from runtime.cli.export_watch import ExportWatch
from runtime.exporting.errors import ExportError, TargetRefused
from runtime.exporting.export import export
from runtime.exporting.file_target import FileTarget, Replacing
from runtime.exporting.log_reader import count
from runtime.exporting.pace import Pace
from runtime.exporting.pipe_target import PipeTarget
from runtime.exporting.state import State
from runtime.exporting.stream_target import StreamTarget
from runtime.exporting.target import Target
from runtime.settings import Settings

_INTERRUPTED = 130
_ACTION = "replay --to-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is to be done."""

    rate: float | None
    fail_fast: bool
    dry_run: bool
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStream:
    """To which stream, and who asks."""

    key: str
    max_len: int
    restart: bool
    yes: bool
    by: str


def to_file(
    settings: Settings, selection: Selection, file: str, replacing: Replacing, manner: Manner
) -> NoReturn:
    """Export to a file, or to standard output where it is called `-`."""

    async def work() -> int:
        async with _opened(settings) as open_:
            if file == "-":
                return await _to_file(open_, selection, PipeTarget(sys.stdout.buffer), file, manner)
            with FileTarget(Path(file), replacing=replacing, clock=monotonic) as target:
                return await _to_file(open_, selection, target, file, manner)

    _carried_out(work, kept="" if file == "-" else f"{file}.partial keeps what is written")


def to_stream(
    settings: Settings, selection: Selection, wanted: ToStream, manner: Manner
) -> NoReturn:
    """Export to a stream of `REDIS_URL`, with a preview and an audit row."""

    async def work() -> int:
        async with _opened(settings) as open_:
            target = StreamTarget(
                open_.redis,
                wanted.key,
                run=str(uuid4()),
                max_len=wanted.max_len,
                restart=wanted.restart,
                sleep=asyncio.sleep,
            )
            if manner.dry_run:
                return await _dry_run(open_, selection, target, wanted.key, manner)
            if not wanted.yes and not await _agreed(open_, selection, target):
                return FAILED
            return await _sent(open_, selection, target, wanted, manner)

    _carried_out(work, kept=f"{wanted.key} keeps what it has got")


def _carried_out(work: Any, *, kept: str) -> NoReturn:
    try:
        carry_out(work)
    except KeyboardInterrupt:
        more = f": {kept}, and the same command goes on from there" if kept else ""
        fail(f"stopped{more}", code=_INTERRUPTED)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Open]:
    """Connections; what is wrong ends the command, and SIGTERM stops it as Ctrl-C does."""
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGTERM, signal.raise_signal, signal.SIGINT
    )
    async with opened(settings) as open_:
        try:
            yield open_
        except SelectionInvalid as error:
            fail(f"--{error.field}: {error}", code=WRONG_USE)
        except TargetRefused as error:
            fail(str(error), code=WRONG_USE)
        except ExportError as error:
            fail(str(error))
        except BrokenPipeError:
            # What is left in the buffer has nowhere to go at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            fail("whoever read standard output has stopped")


async def _to_file(
    open_: Open, selection: Selection, target: Target, file: str, manner: Manner
) -> int:
    if manner.dry_run:
        return await _dry_run(open_, selection, target, file, manner)
    state, run = await _exported(open_, selection, target, file, manner)
    tell(state, run, as_json=manner.as_json, aside=file == "-")
    return 0


async def _dry_run(
    open_: Open, selection: Selection, target: Target, name: str, manner: Manner
) -> int:
    known = await target.found(selection)
    parts = known.slices if known is not None else await slices(open_.db, selection)
    tell_counted(await count(open_.db, selection, parts), name, as_json=manner.as_json)
    return 0


async def _agreed(open_: Open, selection: Selection, target: StreamTarget) -> bool:
    known = await target.found(selection)
    standing = await target.standing()
    parts = known.slices if known is not None else await slices(open_.db, selection)
    counted = await count(open_.db, selection, parts)
    done = known.events if known is not None else 0
    errors.print(
        f"{counted.events - done:,} events of {counted.events:,} ({size(counted.bytes)} in all) go "
        f"to the stream {target.key}, which holds {standing.entries:,} entries",
        markup=False,
    )
    return confirm("Send them?", yes=False)


async def _exported(
    open_: Open, selection: Selection, target: Target, name: str, manner: Manner
) -> tuple[State, Run]:
    pace = Pace(manner.rate, clock=monotonic, sleep=asyncio.sleep)
    started = monotonic()
    with ExportWatch(errors) as watch:
        try:
            state = await export(
                *(open_.db, selection, target),
                pace=pace,
                watch=watch,
                fail_fast=manner.fail_fast,
            )
        except Exception:
            if watch.has_begun and name != "-":
                errors.print("the place is kept: the same command goes on from there")
            raise
    return state, Run(name, watch.before, watch.resumed, monotonic() - started)


async def _sent(
    open_: Open, selection: Selection, target: StreamTarget, wanted: ToStream, manner: Manner
) -> int:
    known = await target.found(selection)
    before = known.events if known is not None else 0
    outcome = "stopped"
    try:
        state, run = await _exported(open_, selection, target, wanted.key, manner)
        outcome = "done"
    finally:
        await _audit(open_, selection, target, wanted, outcome=outcome, before=before)
    await target.forget()
    tell(state, run, as_json=manner.as_json, aside=False)
    return 0


async def _audit(
    open_: Open,
    selection: Selection,
    target: StreamTarget,
    wanted: ToStream,
    *,
    outcome: str,
    before: int,
) -> None:
    """One row a run: how many it sent, and how many the stream has got of the selection by now."""
    if not target.has_begun:
        return
    sent = target.state.events
    given = {"stream": wanted.key, **selection.told(), "outcome": outcome, "sent_in_all": sent}
    await audit(open_.db, _ACTION, by=wanted.by, arguments=given, affected=sent - before)
