"""Puts together what a turn is decided from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol
from zoneinfo import ZoneInfo

import asyncpg

from consumers.errors import TransientFault, faults_translated, told
from runtime.agent.context import Line, Passage, TurnContext
from runtime.turns.claims import Claim
from runtime.turns.opening import Opened
from runtime.turns.recalling import MOST_LINES, Recalled, recall
from runtime.turns.thought import Retrieval, Told


class Knowledge(Protocol):
    """Finds what a company knows."""

    async def passages(self, company_id: str, question: str) -> tuple[Passage, ...]:
        """Passages above the gate, best first."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A turn's context, and what only its recording needs."""

    context: TurnContext
    told: Told | None
    retrieval: Retrieval | None
    handoff_is_open: bool


class Reading:
    """What is read for one turn, while the turn is being opened."""

    def __init__(self, claim: Claim, gathering: Gathering, tasks: asyncio.TaskGroup) -> None:
        self._claim = claim
        self._gathering = gathering
        self._tasks = tasks
        self._recalled = tasks.create_task(gathering.recall(claim), name="recall")
        self._left_out: tuple[Line, ...] = ()
        self._searched: asyncio.Future[tuple[TurnContext, Retrieval | None]] = asyncio.Future()

    def about(self, opened: Opened) -> None:
        """The turn is to be thought about: search for what its burst asks."""
        claim, speaker = self._claim, opened.speaker
        self._left_out = tuple(
            Line("contact", message.text, message.occurred_at)
            for message in opened.left_out
            if message.text is not None
        )
        bare = TurnContext(
            claim.turn_id,
            speaker.company,
            speaker.centurion,
            claim.conversation_id,
            speaker.channel_name,
            opened.contact,
            opened.burst,
            datetime.now(UTC).astimezone(ZoneInfo(speaker.company.timezone)),
            failures=opened.seen.turn.failures,
        )
        searching = self._gathering.with_passages(bare)
        self._searched = self._tasks.create_task(searching, name="passages")

    def gathered(self) -> Gathered:
        """All of it, once the reading is done.

        Raises:
            asyncio.InvalidStateError: it is not, or nobody said what it is about.
        """
        known, (context, retrieval) = self._recalled.result(), self._searched.result()
        # What the opening itself has closed may have been open yet when the rest was read.
        earlier = [line for line in known.lines if line not in self._left_out]
        history = (*earlier, *self._left_out)[-MOST_LINES:]
        context = replace(context, history=history, facts=known.facts)
        return Gathered(context, known.told, retrieval, known.handoff_is_open)


class Gathering:
    """Reads for one turn after the other. Raises `TransientFault` when Postgres does not answer."""

    def __init__(self, pool: asyncpg.Pool, knowledge: Knowledge) -> None:
        self._pool = pool
        self._knowledge = knowledge

    @asynccontextmanager
    async def reading(self, claim: Claim) -> AsyncIterator[Reading]:
        """Read while the turn is opened inside; afterwards all is read.

        What a conversation has come to changes only by its turns, and this one has the claim.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                yield Reading(claim, self, tasks)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def recall(self, claim: Claim) -> Recalled:
        """What was said before, and what is known by now."""
        return await recall(self._pool, claim.company_id, claim.conversation_id)

    async def with_passages(self, context: TurnContext) -> tuple[TurnContext, Retrieval | None]:
        """The context with what the company's knowledge says; a failing search leaves it without."""
        question = context.question
        if not question.strip():
            return context, None
        began = perf_counter()
        failed: str | None = None
        found: tuple[Passage, ...] = ()
        try:
            with faults_translated():
                found = await self._knowledge.passages(context.company.id, question)
        except (TransientFault, asyncpg.PostgresError) as fault:
            # Also a defect of the search, or of the platform's own tables: the customer is answered.
            failed = told(fault)
        ms = int((perf_counter() - began) * 1000)
        return replace(context, passages=found), Retrieval(question[:2000], ms, failed)
