"""Puts together what a turn is decided from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol
from zoneinfo import ZoneInfo

import asyncpg

from consumers.errors import TransientFault, faults_translated, told
from runtime.agent.context import Passage, TurnContext
from runtime.turns.claims import Claim
from runtime.turns.opening import Opened
from runtime.turns.recalling import Recalling
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


class Gathering:
    """Reads for one turn after the other. Raises `TransientFault` when Postgres does not answer."""

    def __init__(self, pool: asyncpg.Pool, knowledge: Knowledge) -> None:
        self._recalling = Recalling(pool)
        self._knowledge = knowledge

    async def gather(self, claim: Claim, opened: Opened) -> Gathered:
        """The context of an opened turn; its parts are read at the same time."""
        speaker, place = opened.speaker, (claim.company_id, claim.conversation_id)
        burst = [message.event_id for message in opened.burst]
        bare = TurnContext(
            claim.turn_id,
            speaker.company,
            speaker.centurion,
            claim.conversation_id,
            speaker.channel_name,
            opened.contact,
            opened.burst,
            datetime.now(UTC).astimezone(ZoneInfo(speaker.company.timezone)),
            failures=opened.failures,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                searching = tasks.create_task(self.with_passages(bare), name="passages")
                recalling = tasks.create_task(self._recalling.known(*place), name="known")
                history = await self._recalling.history(*place, burst=burst)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        known, (context, retrieval) = recalling.result(), searching.result()
        context = replace(context, history=history, facts=known.facts)
        return Gathered(context, known.told, retrieval, known.handoff_is_open)

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
