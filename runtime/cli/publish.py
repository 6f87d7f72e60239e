"""`agent-runtime publish`."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from events.publisher import Publisher, PublisherSettings
from runtime.cli.context import WRONG_USE, carry_out, errors, fail, settings_or_exit
from runtime.publishing.event_file import BadLine, EventFile, why_bad
from runtime.redis_client import redis_client

_MOST_ROWS = 50


def publish(
    file: Annotated[str, typer.Argument(help="A file of JSON Lines, gzip too, or - for stdin.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Send the good lines even when others are bad.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=20_000, help="Events checked out at once.")
    ] = 4000,
) -> None:
    """Check a whole file of events, then append them to their streams.

    Nothing is sent while a line is bad: a table names line, field and reason, and the exit code is
    2. With --skip-bad the good lines are sent and the exit code is 0. Sending the same file again
    is harmless: an event's id is its idempotency key.

    Example: agent-runtime publish events.jsonl.gz
    """
    settings = settings_or_exit()
    source = EventFile.from_stdin() if file == "-" else EventFile(Path(file))
    if file != "-" and not source.path.is_file():
        fail(f"{file}: there is no such file", code=WRONG_USE)

    async def work() -> int:
        good, bad = _check(source)
        if bad:
            _tell(bad, len(bad), skip_bad=skip_bad)
            if not skip_bad:
                return WRONG_USE
        redis = redis_client(settings.redis_dsn(), timeout_s=30)
        try:
            publisher = Publisher(
                redis,
                settings=PublisherSettings(
                    partitions=settings.partitions, prefix=settings.stream_prefix
                ),
            )
            await publisher.verify_topology()
            await _send(publisher, source, total=good, batch=batch)
        finally:
            await redis.aclose()
        return 0

    carry_out(work)


def _check(source: EventFile) -> tuple[int, list[BadLine]]:
    good, bad = 0, []
    for found in source.bad_lines():
        if found is None:
            good += 1
        else:
            bad.append(found)
    return good, bad


def _tell(bad: list[BadLine], count: int, *, skip_bad: bool) -> None:
    table = Table("line", "field", "reason", "detail", title=f"{count} bad lines")
    for line in bad[:_MOST_ROWS]:
        table.add_row(*map(Text, (str(line.line), line.field, line.reason, line.detail[:120])))
    if count > _MOST_ROWS:
        table.caption = f"and {count - _MOST_ROWS} more"
    errors.print(table)
    errors.print(
        "The good lines are sent."
        if skip_bad
        else "Nothing was sent. Mend the lines, or --skip-bad."
    )


async def _send(publisher: Publisher, source: EventFile, *, total: int, batch: int) -> None:
    started, sent = monotonic(), 0
    progress = Progress(
        TextColumn("publishing"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )
    with progress:
        task = progress.add_task("publishing", total=total)
        bodies: list[bytes] = []
        for number, body in source.lines():
            if why_bad(number, body) is not None:
                continue
            bodies.append(body)
            if len(bodies) >= batch:
                await publisher.publish_raw(bodies)
                sent += len(bodies)
                progress.update(task, completed=sent)
                bodies = []
        if bodies:
            await publisher.publish_raw(bodies)
            sent += len(bodies)
            progress.update(task, completed=sent)
    seconds = max(monotonic() - started, 1e-9)
    Console().print(f"published {sent} events in {seconds:.1f} s ({sent / seconds:,.0f}/s)")


class _Rate(ProgressColumn):
    """Events a second."""

    def render(self, task: Task) -> str:
        """The rate as it is now."""
        return f"{task.speed:,.0f}/s" if task.speed else "…"
