"""Sending dead letters again, and giving them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from events.entry_id import EntryId
from events.errors import InvalidEvent, Reason
from events.partitioning import partition_of
from events.publisher import Publisher, PublisherSettings, publishable
from runtime.cli.acting import audit
from runtime.cli.context import FAILED, Open, errors
from runtime.cli.tables import say, show
from runtime.queries.dead_letters import Letter, load_raw, resolve
from runtime.queries.remedies import NEVER_AS_IT_IS

_CHUNK = 200
_SHOWN = 50


@dataclass(slots=True)
class Attempt:
    """What comes of one dead letter: sent to `place`, or not, because of `problem`."""

    letter: Letter
    partition: int | None
    problem: str | None
    place: str | None = None

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.problem is not None:
            return "not sent"
        return "sent" if self.place is not None else "would be sent"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, and for what: the audit's words."""

    by: str
    arguments: Mapping[str, Any]


async def resend(
    open_: Open, letters: Sequence[Letter], asked: Asked, *, dry_run: bool, as_json: bool
) -> int:
    """Send what is an event now and mark it retried; returns 1 when some is still none."""
    attempts = await _attempt(open_, letters, asked, dry_run=dry_run)
    rows = [
        {
            "key": attempt.letter.key,
            "generation": attempt.letter.generation,
            "reason": attempt.letter.reason,
            "outcome": attempt.outcome,
            "new_place": attempt.place or attempt.partition,
            "why_not": attempt.problem,
        }
        for attempt in sorted(attempts, key=lambda attempt: attempt.problem is None)
    ]
    columns = ("key", "reason", "outcome", "new_place", "why_not")
    show(
        rows if as_json else rows[:_SHOWN],
        title="dead letters",
        as_json=as_json,
        columns=columns,
        whole=("key", "outcome"),
        absent="-",
    )
    _sum_up(attempts, dry_run=dry_run, as_json=as_json)
    return FAILED if not dry_run and any(attempt.problem for attempt in attempts) else 0


async def discard(open_: Open, letters: Sequence[Letter], asked: Asked) -> int:
    """Mark dead letters discarded, with the audit row; returns how many were still open."""
    return await _mark(open_, letters, asked, resolution="discarded")


async def _attempt(
    open_: Open, letters: Sequence[Letter], asked: Asked, *, dry_run: bool
) -> list[Attempt]:
    """Judge and send, a bounded number at a time, in the order in which the entries were.

    Each chunk is marked once Redis has it. Dying in between leaves events that were sent and are
    still open: sending them again is harmless.
    """
    settings = PublisherSettings(
        partitions=open_.settings.partitions, prefix=open_.settings.stream_prefix
    )
    publisher = Publisher(open_.redis, settings=settings)
    await publisher.verify_topology()
    ordered = sorted(letters, key=lambda x: (x.generation, EntryId.parse(x.entry_id)))
    attempts: list[Attempt] = []
    with _progress() as progress:
        task = progress.add_task("", total=len(ordered))
        for start in range(0, len(ordered), _CHUNK):
            chunk = ordered[start : start + _CHUNK]
            raws = await load_raw(open_.db, chunk)
            judged = [
                (_judged(letter, raw, settings.partitions), raw)
                for letter, raw in zip(chunk, raws, strict=True)
            ]
            if not dry_run:
                await _send(open_, publisher, judged, asked)
            attempts += [attempt for attempt, _ in judged]
            progress.advance(task, len(chunk))
    return attempts


def _judged(letter: Letter, raw: bytes, partitions: int) -> Attempt:
    if (never := NEVER_AS_IT_IS.get(letter.reason)) is not None:
        return Attempt(letter, None, never)
    try:
        event = publishable(raw)
    except InvalidEvent as error:
        return Attempt(letter, None, str(error))
    return Attempt(letter, partition_of(event.company_id, event.conversation_id, partitions), None)


async def _send(
    open_: Open, publisher: Publisher, judged: Sequence[tuple[Attempt, bytes]], asked: Asked
) -> None:
    good = [(attempt, raw) for attempt, raw in judged if attempt.problem is None]
    if not good:
        return
    ids = await publisher.publish_raw([raw for _, raw in good])
    for (attempt, _), entry_id in zip(good, ids, strict=True):
        attempt.place = f"{attempt.partition}:{entry_id}"
    await _mark(open_, [attempt.letter for attempt, _ in good], asked, resolution="retried")


def _progress() -> Progress:
    return Progress(
        TextColumn("sending again"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


async def _mark(open_: Open, letters: Sequence[Letter], asked: Asked, *, resolution: str) -> int:
    action = "dead-letters retry" if resolution == "retried" else "dead-letters discard"
    async with open_.db.transaction():
        done = await resolve(open_.db, letters, resolution=resolution, by=asked.by)
        await audit(open_.db, action, by=asked.by, arguments=asked.arguments, affected=done)
    return done


def _sum_up(attempts: list[Attempt], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        return
    good = sum(attempt.problem is None for attempt in attempts)
    if not good:
        return
    verb = "would be sent again; each takes" if dry_run else "sent again; each takes"
    say(f"{good} {verb} a new place in the log: behind what came after it")
    if any(attempt.letter.reason == Reason.WRONG_PARTITION for attempt in attempts):
        say("correct the producer of those in the wrong partition, or more will come")
