"""A rebuild's worker process: fills the partitions that its standard input names, order by order.

It ends when its parent does, and gives way to live processes: its niceness is raised.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import asyncpg
import orjson
import uvloop

from consumers.cancellation import raise_if_cancelled
from consumers.errors import ConsumerError, faults_translated
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.pace import Pace
from consumers.rebuild.reading import Scope
from consumers.rebuild.run import filler_of
from consumers.rebuild.scratch import Scratch
from projections.registry import by_name
from runtime.memory import BULK_NEW_OBJECTS, settle_memory
from runtime.postgres_connection import StatelessConnection
from runtime.rebuilding.orders import Order, told_failure
from runtime.settings import Settings, load_settings

NICENESS = 10
_PACE_EVERY_S = 0.5
_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1


def main() -> int:
    """As a process of its own."""
    # Ctrl-C is its parent's to answer, whose end is this process's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settle_memory(BULK_NEW_OBJECTS)
    return serve(load_settings(env_file=None))


def serve(settings: Settings) -> int:
    """Fill what each line of the standard input orders; the answer to each is a line of JSON.

    An empty object, or why it was refused. 0 after the last order; whatever else fails is raised.
    """
    os.nice(NICENESS)
    return uvloop.run(_serve(settings.database_dsn()))


async def _serve(dsn: str) -> int:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader),
        os.fdopen(_STANDARD_INPUT, "rb", buffering=0, closefd=False),
    )
    line = await reader.readline()
    while line:
        work = asyncio.ensure_future(_fill(dsn, Order.read(line)))
        # None comes before the answer: until then only the parent's end does.
        following = asyncio.ensure_future(reader.readline())
        await asyncio.wait({work, following}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
            return 1
        os.write(_STANDARD_OUTPUT, orjson.dumps(_told(work)) + b"\n")
        line = await following
    return 0


def _told(work: asyncio.Future[None]) -> dict[str, Any]:
    try:
        work.result()
    except (RebuildError, ConsumerError) as error:
        if (told := told_failure(error)) is None:
            raise
        return told
    return {}


async def _fill(dsn: str, order: Order) -> None:
    with faults_translated():
        async with asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=3,
            statement_cache_size=0,
            connection_class=StatelessConnection,
            server_settings={"application_name": "agent-runtime replay"},
        ) as pool:
            scratch, pace = Scratch(pool, order.schema, order.run, order.group), Pace()
            async with scratch.told_when_lost():
                await _fill_parts(scratch, order, pace)


async def _fill_parts(scratch: Scratch, order: Order, pace: Pace) -> None:
    filler = await filler_of(
        scratch,
        [by_name(name) for name in order.names],
        scope=Scope(order.scope),
        fail_fast=order.fail_fast,
        settings=order.settings,
        pace=pace,
    )
    parts = {part.partition: part for part in await scratch.parts()}
    filling = asyncio.ensure_future(filler.fill([parts[p] for p in order.partitions]))
    pacing = asyncio.ensure_future(_keep_pace(scratch, pace))
    try:
        await asyncio.wait({filling, pacing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Whichever of them fails is why the other ends.
        first = filling if filling.done() else pacing
        for task in (filling, pacing):
            task.cancel()
        await asyncio.wait({filling, pacing})
    first.result()


async def _keep_pace(scratch: Scratch, pace: Pace) -> None:
    while True:
        pace.share = await scratch.share()
        raise_if_cancelled()
        await asyncio.sleep(_PACE_EVERY_S)


if __name__ == "__main__":
    raise SystemExit(main())
