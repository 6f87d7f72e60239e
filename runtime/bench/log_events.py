"""Any number of different events for a log, made from a few that somebody wrote. Pure.

Copies of the written conversations get ids, names and times of their own. Some thousand are under way
at a time, as in a real log, so a conversation's events lie far apart.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from consumers.log_rows import log_row
from events.codec import decode, is_known
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.errors import InvalidEvent
from events.partitioning import partition_of
from runtime.bench.scenarios import EVENTS
from runtime.demo.script import bodies, conversations

_AT_ONCE = 1000
"""Conversations that are under way at a time."""
_OWN = frozenset(
    {
        *("message_id", "provider_message_id", "reply_to", "lead_id", "handoff_id"),
        *("turn_id", "followup_id"),
    }
)
"""Attributes of a payload that name something of its conversation."""


class CorpusInvalid(Exception):
    """A corpus that holds something else than events, or none."""


@dataclass(frozen=True, slots=True)
class LogShape:
    """What the log is to hold. `conversations`, `companies` None: as many as the copies give."""

    events: int = EVENTS
    conversations: int | None = None
    corpus: Path | None = None
    companies: int | None = None

    def scaled(self, scale: float) -> LogShape:
        """A part of it."""
        return replace(self, events=max(10, int(self.events * scale)))


@dataclass(frozen=True, slots=True)
class Written:
    """An event to copy: its body, and the number of its conversation; None: company-wide."""

    event: Event
    body: dict[str, Any]
    conversation: int | None


class Corpus:
    """What somebody wrote, in order."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        numbers: dict[tuple[str, str], int] = {}
        self.written: list[Written] = []
        for number, line in enumerate(lines, 1):
            try:
                event = decode(line)
            except InvalidEvent as error:
                raise CorpusInvalid(f"line {number}: {error}") from error
            if not is_known(event):
                raise CorpusInvalid(f"line {number}: this build does not know the event")
            key = (event.company_id, event.conversation_id)
            conversation = numbers.setdefault(key, len(numbers)) if key[1] else None
            self.written.append(Written(event, orjson.loads(line), conversation))
        if not numbers:
            raise CorpusInvalid("no event of any conversation")
        self.conversations = len(numbers)
        self.companies = sorted({written.event.company_id for written in self.written})

    @classmethod
    def read(cls, path: Path | None) -> Corpus:
        """A file of one event a line, gzip where it ends in .gz; None: the demo's events.

        Raises:
            CorpusInvalid: with the line.
            OSError: it cannot be read.
        """
        if path is None:
            return cls(bodies(conversations()))
        data = path.read_bytes()
        return cls((gzip.decompress(data) if path.suffix == ".gz" else data).splitlines())

    def beginnings(self, events: int) -> Corpus:
        """The same with the first so many events of each conversation alone."""
        cut, counts = Corpus.__new__(Corpus), Counter[int | None]()
        cut.conversations, cut.companies, cut.written = self.conversations, self.companies, []
        for written in self.written:
            counts[written.conversation] += 1
            if counts[written.conversation] <= events:
                cut.written.append(written)
        return cut

    @cached_property
    def span(self) -> timedelta:
        """From before the first to after the last."""
        times = [written.event.occurred_at for written in self.written]
        return max(times) - min(times) + timedelta(minutes=1)


class LogEvents:
    """The rows of a log without end, in the order in which they are written."""

    def __init__(
        self,
        corpus: Corpus,
        *,
        conversations: int | None = None,
        companies: int | None = None,
        partitions: int,
    ) -> None:
        self._corpus = corpus
        self._companies = corpus.companies
        if companies is not None:
            self._companies = [f"company-{number}" for number in range(companies)]
        self._conversations = conversations
        self._partitions = partitions
        self._positions = [0] * partitions
        self._number = 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """In the order of `consumers.log_rows.COLUMNS`; positions have no gaps."""
        together = max(1, ceil(_AT_ONCE / self._corpus.conversations))
        block = 0
        while True:
            for written in self._corpus.written:
                at = written.event.occurred_at + self._corpus.span * block
                for copy in range(block * together, (block + 1) * together):
                    yield self._row(written, copy, at)
            block += 1

    def _row(self, written: Written, copy: int, at: datetime) -> tuple[Any, ...]:
        company_id, conversation_id = self._place(written, copy)
        self._number += 1
        ms = int(at.timestamp() * 1000)
        event_id = UUID(int=ms << 80 | 7 << 76 | 2 << 62 | self._number)
        body = orjson.dumps(
            {
                **written.body,
                "id": str(event_id),
                "occurred_at": at.isoformat(),
                "company_id": company_id,
                "conversation_id": conversation_id or None,
                "payload": _renamed(written.body["payload"], copy),
            }
        )
        partition = partition_of(company_id, conversation_id, self._partitions)
        self._positions[partition] += 1
        event = Event(
            event_id,
            written.event.type,
            written.event.version,
            at,
            company_id,
            conversation_id,
            written.event.source,
            written.event.correlation_id,
            written.event.causation_id,
            written.event.payload,
        )
        position = self._positions[partition]
        entry_id = EntryId(ms, self._number)
        return log_row(RecordedEvent(event, partition, position, entry_id, at), body)

    def _place(self, written: Written, copy: int) -> tuple[str, str]:
        if written.conversation is None:
            at = self._corpus.companies.index(written.event.company_id)
            return self._companies[at % len(self._companies)], ""
        number = copy * self._corpus.conversations + written.conversation
        if self._conversations is not None:
            number %= self._conversations
        return self._companies[number % len(self._companies)], f"conversation-{number}"


def _renamed(payload: dict[str, Any], copy: int) -> dict[str, Any]:
    return {
        name: f"{value}-{copy}" if name in _OWN and value is not None else value
        for name, value in payload.items()
    }
