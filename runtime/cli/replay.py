"""`agent-runtime replay`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from consumers.selection import Clock, Selection, SelectionInvalid
from runtime.cli import exports
from runtime.cli.acting import Actor, DryRun, Yes, actor, must_be_askable
from runtime.cli.context import WRONG_USE, fail, settings_or_exit
from runtime.cli.tables import Json
from runtime.exporting.errors import TargetRefused
from runtime.exporting.file_target import Replacing
from runtime.exporting.stream_target import check_key

_FASTEST = 1_000_000

Company = Annotated[str | None, typer.Option(help="Only this company.")]
Conversation = Annotated[
    str | None,
    typer.Option(help='Only this conversation; with --company. "" is what has none.'),
]
Types = Annotated[list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Only from here on: a time (RFC 3339, UTC without offset; a day is its beginning) or "
        "an event's id; included.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", help="Only up to here: a time, excluded, or an event's id, included."),
]
By = Annotated[str, typer.Option(help="Which time is compared: recorded_at, or occurred_at.")]


def replay(
    to_file: Annotated[
        str | None,
        typer.Option(
            "--to-file",
            help="Write a file that `publish` reads: JSON Lines, gzip where it ends in .gz; - is "
            "standard output.",
        ),
    ] = None,
    to_stream: Annotated[
        str | None,
        typer.Option("--to-stream", help="Append to this stream of REDIS_URL, in the field event."),
    ] = None,
    company: Company = None,
    conversation: Conversation = None,
    types: Types = None,
    from_: From = None,
    until: Until = None,
    by: By = Clock.RECORDED_AT.value,
    rate: Annotated[
        float | None, typer.Option(help=f"At most so many events a second, up to {_FASTEST}.")
    ] = None,
    max_len: Annotated[
        int | None,
        typer.Option(
            "--max-len",
            min=1,
            help="Wait while the stream would hold more entries: its reader trims what it has.",
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first event `publish` would refuse.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that stands already.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew where an earlier run was stopped.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_: Actor = None,
    as_json: Json = False,
) -> None:
    """Hand a part of the event log on, as it stands: to a file, or to a stream of another system.

    Nothing here changes by it and no worker acts. The order is that of recording; in a conversation
    it always holds. It ends at the log's end as it is at the start. Stopped by Ctrl-C, a fault or a
    kill, the same command goes on where it stopped. An event as --from or --until means its place:
    its position in its partition, and in the others what was recorded from or up to then.

    Example: agent-runtime replay --to-file events.jsonl.gz --company acme --from 2026-11-01
    """
    if (to_file is None) == (to_stream is None):
        fail("give either --to-file FILE or --to-stream KEY", code=WRONG_USE)
    if rate is not None and not (math.isfinite(rate) and 0 < rate <= _FASTEST):
        fail(f"--rate: must be above 0, up to {_FASTEST} events a second", code=WRONG_USE)
    try:
        selection = Selection.parse(
            company=company,
            conversation=conversation,
            types=types or (),
            start=from_,
            end=until,
            by=by,
        )
    except SelectionInvalid as error:
        fail(f"--{error.field}: {error}", code=WRONG_USE)
    manner = exports.Manner(rate=rate, fail_fast=fail_fast, dry_run=dry_run, as_json=as_json)
    if to_file is not None:
        if max_len is not None:
            fail("--max-len: only with --to-stream", code=WRONG_USE)
        if not to_file or Path(to_file).name in {"", ".."}:
            fail("--to-file: must be the path of a file, or -", code=WRONG_USE)
        replacing = Replacing(whole=overwrite, partial=restart)
        exports.to_file(settings_or_exit(), selection, to_file, replacing, manner)
    if to_stream is not None:
        if overwrite:
            fail("--overwrite: only with --to-file; a stream is appended to", code=WRONG_USE)
        must_be_askable(yes=yes, dry_run=dry_run)
        settings = settings_or_exit()
        try:
            check_key(to_stream, prefix=settings.stream_prefix)
        except TargetRefused as error:
            fail(f"--to-stream: {error}", code=WRONG_USE)
        wanted = exports.ToStream(
            key=to_stream, max_len=max_len or 0, restart=restart, yes=yes, by=actor(as_)
        )
        exports.to_stream(settings, selection, wanted, manner)
