"""What can go wrong while read models are rebuilt.

RebuildError
├── SomebodyIsAtIt    another operator's rebuild goes on; `.who`, `.since`, `.phase`
├── UnfinishedRun     another one was begun and never ended; `.title`
├── RunLost           somebody took this run over
├── CannotRebuild     it is not possible, and why: nothing was changed
└── EventParked       the first event that would be parked, where none may be
"""

from __future__ import annotations

from datetime import datetime


class RebuildError(Exception):
    """Base of what a rebuild refuses. The live read models are as they were."""


class SomebodyIsAtIt(RebuildError):
    """A rebuild is under way; its process was heard of a moment ago."""

    def __init__(self, *, who: str, title: str, since: datetime, phase: str) -> None:
        super().__init__(f"{who} is at it since {since:%Y-%m-%d %H:%M:%SZ}: {title}, {phase}")
        self.who = who
        self.since = since
        self.phase = phase


class UnfinishedRun(RebuildError):
    """What was begun and never ended is not what is asked for now."""

    def __init__(self, *, who: str, title: str, since: datetime) -> None:
        super().__init__(
            f"{who} began {title} at {since:%Y-%m-%d %H:%M:%SZ} and it never ended: "
            "ask for the same again to finish it, or drop it with --abandon"
        )
        self.title = title


class RunLost(RebuildError):
    """Somebody else goes on with this run, or dropped it."""

    def __init__(self) -> None:
        super().__init__("somebody else goes on with this rebuild, or dropped it")


class CannotRebuild(RebuildError):
    """Not possible as things stand; the text says why and what to do."""


class EventParked(RebuildError):
    """An event that the rebuild would park, under fail-fast; the text names it and why."""
