"""`agent-runtime demo`: publish, consume, show the read models as tables; then a bot that answers."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
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
from runtime.demo.live import show_bot
from runtime.demo.script import bodies, conversations
from runtime.demo.stage import NothingHappened
from runtime.embedded import DEFAULT_DIRECTORY, EmbeddedError, EmbeddedServers
from runtime.logs import configure
from runtime.settings import Settings

_SQL = statements("runtime.demo", "tables.sql")
_NOW_LIVE = (
    "\nNow live, without any key: a service answers for the company of runtime/demo/company.yaml, by "
    "its rules and its knowledge, with a debounce of 0.6 s. Below each conversation stands what was "
    "decided, and why. Times are UTC."
)
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
    # More than errors would tear the conversations apart.
    configure(settings.model_copy(update={"log_level": "error"}))
    console = Console()
    try:
        with EmbeddedServers(directory) as servers:
            own = settings.with_servers(
                database_url=servers.database_url, redis_url=servers.redis_url
            )
            uvloop.run(_demo(own, console))
    except (EmbeddedError, NothingHappened) as error:
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
            before = await _totals(conn)
            await _cycle(settings, connections, pool, console)
            await _tables(conn, console, before)
        finally:
            await pool.close()
        console.print(_NOW_LIVE)
        shown = await show_bot(settings, conn, connections.redis.commands, console)
    finally:
        await connections.close()
        await conn.close()
    _where_next(console, shown[0])


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


async def _tables(conn: asyncpg.Connection, console: Console, before: Counter[str]) -> None:
    for name, title in _TITLES.items():
        rows = [dict(row) for row in await conn.fetch(_SQL[name])]
        show(rows, title=title, as_json=False, absent="-")
    now = await _totals(conn)
    console.print(
        f"read {now['read'] - before['read']} entries: "
        f"{now['applied'] - before['applied']} applied, "
        f"{now['duplicate'] - before['duplicate']} duplicates (a retrying producer, or an earlier "
        f"demo), {now['dead'] - before['dead']} dead letters"
    )


async def _totals(conn: asyncpg.Connection) -> Counter[str]:
    return Counter(dict(await conn.fetchrow(_SQL["totals"]) or {}))


def _where_next(console: Console, conversation_id: str) -> None:
    console.print(
        "\nWhere next:\n"
        "  ./run demo --serve              the same, and stays up with /ready and /metrics\n"
        "  beside a running server, in another terminal:\n"
        "  ./run groups status             owners, positions, lag\n"
        "  ./run events tail --follow      the log as it grows\n"
        f"  ./run conversations explain {conversation_id}\n"
        "                                  why the bot did what it did\n"
        "  ./run publish FILE              your own events; docs/how-to has the format"
    )
