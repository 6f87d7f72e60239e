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
from runtime.exporting.log_reader import Counted, count
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


@dataclass(frozen=True, slots=True)
class _Export:
    """One command's work, once its connections are open."""

    open_: Open
    selection: Selection
    target: Target
    name: str
    manner: Manner
    watch: ExportWatch

    async def count(self) -> int:
        """Tell what would be exported; what would be refused is refused here too."""
        counted, _ = await self.counted()
        tell_counted(counted, self.name, as_json=self.manner.as_json)
        return 0

    async def counted(self) -> tuple[Counted, int]:
        """What the selection holds, and how much of it an earlier run has handed on."""
        known = await self.target.found(self.selection)
        parts = known.slices if known is not None else await slices(self.open_.db, self.selection)
        counted = await count(self.open_.db, self.selection, parts)
        return counted, known.events if known is not None else 0

    async def run(self) -> tuple[State, Run]:
        """Export, while the watch is shown."""
        pace = Pace(self.manner.rate, clock=monotonic, sleep=asyncio.sleep)
        started = monotonic()
        with self.watch:
            try:
                state = await export(
                    self.open_.db,
                    self.selection,
                    self.target,
                    pace=pace,
                    watch=self.watch,
                    fail_fast=self.manner.fail_fast,
                )
            except ExportError:
                raise
            except Exception:
                if self.watch.has_begun and self.name != "-":
                    errors.print("the place is kept: the same command goes on from there")
                raise
        seconds = monotonic() - started
        return state, Run(self.name, self.watch.before, self.watch.resumed, seconds)


def to_file(
    settings: Settings, selection: Selection, *, file: str, replacing: Replacing, manner: Manner
) -> NoReturn:
    """Export to a file, or to standard output where it is called `-`."""

    async def work() -> int:
        async with _opened(settings) as open_:
            watch = ExportWatch(errors)
            if file == "-":
                pipe = PipeTarget(sys.stdout.buffer)
                return await _filed(_Export(open_, selection, pipe, file, manner, watch))
            with FileTarget(Path(file), replacing=replacing, clock=monotonic) as target:
                return await _filed(_Export(open_, selection, target, file, manner, watch))

    _carried_out(work, kept="" if file == "-" else f"{file}.partial keeps what is written")


async def _filed(work: _Export) -> int:
    if work.manner.dry_run:
        return await work.count()
    state, run = await work.run()
    tell(state, run, as_json=work.manner.as_json, aside=work.name == "-")
    return 0


def to_stream(
    settings: Settings, selection: Selection, *, wanted: ToStream, manner: Manner
) -> NoReturn:
    """Export to a stream of `REDIS_URL`, with a preview and an audit row."""

    async def work() -> int:
        async with _opened(settings) as open_:
            watch = ExportWatch(errors)
            target = StreamTarget(
                open_.redis,
                wanted.key,
                run=str(uuid4()),
                max_len=wanted.max_len,
                restart=wanted.restart,
                sleep=asyncio.sleep,
                on_full=watch.full,
            )
            asked = _Export(open_, selection, target, wanted.key, manner, watch)
            if manner.dry_run:
                return await asked.count()
            if not wanted.yes and not await _agreed(asked, target):
                return FAILED
            return await _sent(asked, target, by=wanted.by)

    _carried_out(work, kept=f"{wanted.key} keeps what it has got")


async def _agreed(work: _Export, target: StreamTarget) -> bool:
    counted, done = await work.counted()
    entries = await target.entries()
    errors.print(
        f"{counted.events - done:,} events of {counted.events:,} ({size(counted.bytes)} in all) go "
        f"to the stream {target.key}, which holds {entries:,} entries",
        markup=False,
    )
    return confirm("Send them?", yes=False)


async def _sent(work: _Export, target: StreamTarget, *, by: str) -> int:
    outcome = "stopped"
    try:
        state, run = await work.run()
        outcome = "done"
    finally:
        if target.has_begun:
            await _audit(work, target, by=by, outcome=outcome)
    await target.forget()
    tell(state, run, as_json=work.manner.as_json, aside=False)
    return 0


async def _audit(work: _Export, target: StreamTarget, *, by: str, outcome: str) -> None:
    """One row a run: how many it sent, and how many the stream has got of the selection by now."""
    sent = target.state.events
    given = {
        "stream": target.key,
        **work.selection.told(),
        "outcome": outcome,
        "sent_in_all": sent,
    }
    affected = sent - work.watch.before
    await audit(work.open_.db, _ACTION, by=by, arguments=given, affected=affected)


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
