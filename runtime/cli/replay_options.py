"""The options of `agent-runtime replay`, by what they are for."""

from __future__ import annotations

import math
from typing import Annotated

import typer

FASTEST = 1_000_000


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter("must be a number")
    return value


_REBUILD, _EXPORT, _SELECT = "Read models", "Hand the log on", "Which events"

Projections = Annotated[
    list[str] | None,
    typer.Option(
        "--projection",
        help="Make this read model anew; may be repeated, or several parted by commas.",
        rich_help_panel=_REBUILD,
    ),
]
All = Annotated[
    bool, typer.Option("--all", help="Make all read models anew.", rich_help_panel=_REBUILD)
]
FailOnChange = Annotated[
    bool,
    typer.Option(
        "--fail-on-change",
        help="With --dry-run: exit 1 when a row would change.",
        rich_help_panel=_REBUILD,
    ),
]
KeepOld = Annotated[
    float,
    typer.Option(
        "--keep-old",
        min=0,
        max=24 * 365,
        metavar="HOURS",
        help="How long what is replaced is kept for --undo; 0 drops it at once.",
        rich_help_panel=_REBUILD,
    ),
]
Undo = Annotated[
    bool,
    typer.Option(
        "--undo",
        help="Put back what the last replay replaced, caught up. With --projection or --all.",
        rich_help_panel=_REBUILD,
    ),
]
Abandon = Annotated[
    bool,
    typer.Option("--abandon", help="Drop a replay that never ended.", rich_help_panel=_REBUILD),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=64,
        help="Processes that read the log; else half the cores. With more than one, two read models are "
        "compared at once.",
        rich_help_panel=_REBUILD,
    ),
]
Share = Annotated[
    float,
    typer.Option(
        min=0.01,
        max=1,
        help="Of each worker's time, how much it may use while live traffic is consumed.",
        rich_help_panel=_REBUILD,
    ),
]
MaxLag = Annotated[
    float,
    typer.Option(
        "--max-lag",
        callback=_finite,
        min=0.1,
        metavar="SECONDS",
        help="Pause while live traffic is more than half of this behind.",
        rich_help_panel=_REBUILD,
    ),
]
ToFile = Annotated[
    str | None,
    typer.Option(
        "--to-file",
        help="Write a file that `publish` reads: JSON Lines, gzip where it ends in .gz; - is "
        "standard output.",
        rich_help_panel=_EXPORT,
    ),
]
ToStream = Annotated[
    str | None,
    typer.Option(
        "--to-stream",
        help="Append to this stream of REDIS_URL, in the field event.",
        rich_help_panel=_EXPORT,
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        help=f"At most so many events a second, up to {FASTEST}.", rich_help_panel=_EXPORT
    ),
]
MaxLen = Annotated[
    int | None,
    typer.Option(
        "--max-len",
        min=1,
        help="Wait while the stream would hold more entries: its reader trims what it has.",
        rich_help_panel=_EXPORT,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Replace a file that stands already.", rich_help_panel=_EXPORT
    ),
]
Restart = Annotated[
    bool,
    typer.Option(
        "--restart", help="Begin anew where an earlier run was stopped.", rich_help_panel=_EXPORT
    ),
]
FailFast = Annotated[
    bool,
    typer.Option("--fail-fast", help="Stop at the first event that would be parked or refused."),
]
Company = Annotated[str | None, typer.Option(help="Only this company.", rich_help_panel=_SELECT)]
Conversation = Annotated[
    str | None,
    typer.Option(
        help='Only this conversation; --company where several have its id. "" is what has none.',
        rich_help_panel=_SELECT,
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only this type; may be repeated.", rich_help_panel=_SELECT),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Only from here on: a time (RFC 3339, UTC without offset; a day is its beginning) or "
        "an event's id; included.",
        rich_help_panel=_SELECT,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        help="Only up to here: a time, excluded, or an event's id, included.",
        rich_help_panel=_SELECT,
    ),
]
By = Annotated[
    str,
    typer.Option(
        help="Which time is compared: recorded_at, or occurred_at.", rich_help_panel=_SELECT
    ),
]
