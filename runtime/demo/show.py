"""`agent-runtime demo`: publish, consume, and show the read models as tables."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import monotonic
from uuid import uuid4

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from consumers.engine import Engine
from consumers.groups import PROJECTIONS
from consumers.observer import BatchCommitted, SilentObserver
from consumers.topology import record_topology
from events.publisher import Publisher, PublisherSettings
from projections.migrate import migrate
from projections.statements import statements
from runtime.cli.context import fail, settings_or_exit, show
from runtime.connections import Connections
from runtime.demo.script import bodies, conversations
from runtime.embedded import DEFAULT_DIRECTORY, EmbeddedError, EmbeddedServers
from runtime.settings import Settings

_SQL = statements("runtime.demo", "tables.sql")
_TITLES = {
    "companies": "Companies: who waits for an answer, who is with a human",
    "leads": "Leads with the best scores, and what is known of them",
    "transcript": "A conversation that a human took over",
    "handoffs": "Handoffs to humans",
    "gaps": "Knowledge gaps: questions without an answer",
    "usage": "OpenAI usage",
}


class _Counting(SilentObserver):
    """How many entries are committed, for the progress bar."""

    def __init__(self) -> None:
        self.read = 0

    def batch_committed(self, batch: BatchCommitted) -> None:
        """Add the batch."""
        self.read += batch.read


def run_demo(*, stay: bool = False, directory: Path = DEFAULT_DIRECTORY) -> int:
    """Show the cycle; returns the exit code. `stay` serves on afterwards until a signal."""
    settings = settings_or_exit(embedded=True)
    console = Console()
    try:
        with EmbeddedServers(directory) as servers:
            own = settings.with_servers(
                database_url=servers.database_url, redis_url=servers.redis_url
            )
            uvloop.run(_demo(own, console))
    except EmbeddedError as error:
        fail(str(error))
    if stay:
        from runtime.serve import run

        console.print(f"\nServing: curl -s localhost:{settings.port}/ready")
        return run(settings, embedded=True, directory=directory)
    return 0


async def _demo(settings: Settings, console: Console) -> None:
    conn = await asyncpg.connect(settings.database_dsn())
    connections = Connections(settings)
    try:
        await migrate(conn, partitions=settings.partitions, stream_prefix=settings.stream_prefix)
        await record_topology(conn, connections.redis.commands)
        pool = await asyncpg.create_pool(settings.database_dsn(), min_size=2, max_size=6)
        try:
            await _cycle(settings, connections, pool, console)
            await _tables(conn, console)
        finally:
            await pool.close()
    finally:
        await connections.close()
        await conn.close()
    _where_next(console)


async def _cycle(
    settings: Settings, connections: Connections, pool: asyncpg.Pool, console: Console
) -> None:
    written = conversations()
    events = bodies(written)
    counting = _Counting()
    engine = Engine(
        PROJECTIONS,
        pool=pool,
        redis=connections.redis,
        settings=settings.engine(),
        member_id=f"demo-{os.getpid()}-{uuid4().hex[:8]}",
        observer=counting,
    )
    publisher = Publisher(
        connections.redis.commands,
        settings=PublisherSettings(partitions=settings.partitions, prefix=settings.stream_prefix),
    )
    console.print(f"{len(written)} conversations, {len(events)} events to publish")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(engine.run(), name="demo-engine")
        started = monotonic()
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
        ) as progress:
            published = progress.add_task("published", total=len(events))
            committed = progress.add_task("committed", total=len(events))
            for start in range(0, len(events), 100):
                await publisher.publish_raw(events[start : start + 100])
                progress.update(published, completed=min(start + 100, len(events)))
                progress.update(committed, completed=min(counting.read, len(events)))
            while counting.read < len(events) and not running.done():
                progress.update(committed, completed=counting.read)
                await asyncio.sleep(0.02)
            if counting.read < len(events):
                raise RuntimeError(
                    f"the engine ended after {counting.read} of {len(events)} events"
                )
            progress.update(committed, completed=len(events))
        seconds = monotonic() - started
        await engine.stop()
    console.print(f"done in {seconds:.2f} s: {len(events) / seconds:,.0f} events/s\n")


async def _tables(conn: asyncpg.Connection, console: Console) -> None:
    for name, title in _TITLES.items():
        rows = [dict(row) for row in await conn.fetch(_SQL[name])]
        show(rows, title=title, as_json=False, absent="-")
    totals = await conn.fetchrow(_SQL["totals"])
    if totals is not None:
        console.print(
            f"read {totals['read']} entries: {totals['applied']} applied, {totals['duplicate']} "
            f"duplicates (a retrying producer, or an earlier demo), {totals['dead']} dead letters"
        )


def _where_next(console: Console) -> None:
    console.print(
        "\nWhere next:\n"
        "  ./run demo --serve              the same, and stays up with /ready and /metrics\n"
        "  ./run groups status             owners, positions, lag (beside a running server)\n"
        "  ./run events tail --follow      the log as it grows\n"
        "  ./run publish FILE              your own events; docs/how-to has the format"
    )
