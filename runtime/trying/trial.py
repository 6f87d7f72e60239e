"""Decides a made-up turn exactly as a real one is decided, and says everything about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from consumers.errors import faults_translated
from projections.statements import statements
from runtime.agent.context import Contact, Inbound, Line, TurnContext
from runtime.agent.decision import Thinker
from runtime.agent.qualification import score
from runtime.companies.config import Centurion, Company
from runtime.companies.directory import Directory
from runtime.ids import new_id
from runtime.turns.gathering import Gathering
from runtime.turns.recalling import recall
from runtime.turns.thought import Retrieval, Thought

_SQL = statements("runtime.queries", "audit.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is tried. `conversation_id` lends its lines and facts; `history` comes after them."""

    company_id: str
    centurion_id: str
    message: str
    history: Sequence[Line] = ()
    conversation_id: str | None = None


class UnknownCenturion(Exception):
    """The company has no enabled centurion of that id; another company's is as unknown."""


class Trial:
    """Tries centurions out. `thinker` must tell nobody of its calls."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        directory: Directory,
        gathering: Gathering,
        thinker: Thinker,
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._gathering = gathering
        self._thinker = thinker

    async def run(self, asked: Asked, *, by: str) -> dict[str, Any]:
        """The body of the answer: what a real turn would say and do.

        Raises:
            UnknownCenturion: nothing was written.
            ConfigInvalid: the platform's rows say what cannot be used.
            TransientFault: Postgres does not answer.
        """
        with faults_translated():
            company = await self._directory.company(asked.company_id)
            centurion = await self._directory.centurion(asked.company_id, asked.centurion_id)
        if company is None or centurion is None or centurion.id != asked.centurion_id:
            raise UnknownCenturion
        context, retrieval = await self._gathering.with_passages(
            await self._context(asked, company, centurion)
        )
        decision = await self._thinker.decide(context)
        thought = Thought(context, decision, None, retrieval, handoff_is_open=False)
        body = _told(thought)
        await self._audit(asked, thought, by=by)
        return body

    async def _context(self, asked: Asked, company: Company, centurion: Centurion) -> TurnContext:
        now = datetime.now(UTC)
        history, facts = tuple(asked.history), {}
        if asked.conversation_id is not None:
            known = await recall(self._pool, asked.company_id, asked.conversation_id)
            history, facts = (*known.lines, *history), known.facts
        event_id = new_id()
        return TurnContext(
            new_id(),
            company,
            centurion,
            asked.conversation_id or f"trial-{event_id}",
            next(iter(centurion.channels), "trial"),
            Contact("trial"),
            (Inbound(event_id, str(event_id), "text", asked.message, now),),
            now.astimezone(ZoneInfo(company.timezone)),
            history=history,
            facts=facts,
        )

    async def _audit(self, asked: Asked, thought: Thought, *, by: str) -> None:
        usage = thought.decision.usage
        told = {
            "company_id": asked.company_id,
            "centurion_id": asked.centurion_id,
            "conversation_id": asked.conversation_id,
            "outcome": thought.outcome,
            "reason": str(thought.reason),
            "model": usage.model if usage else None,
            "cost_usd": str(usage.cost_usd) if usage and usage.cost_usd is not None else None,
        }
        given = {name: value for name, value in told.items() if value is not None}
        with faults_translated():
            await self._pool.execute(
                _SQL["write"], by, "centurions test", orjson.dumps(given).decode(), 0
            )


def _told(thought: Thought) -> dict[str, Any]:
    decision, context = thought.decision, thought.context
    scoring = score(
        context.centurion.qualification,
        thought.facts(),
        thought.findings(),
        locale=context.company.locale,
    )
    usage = decision.usage
    return {
        "ok": True,
        "reply": decision.reply,
        "model": usage.model if usage else None,
        "facts": [
            {
                "name": fact.name,
                "value": fact.value,
                "evidence": fact.evidence,
                "confidence": fact.confidence,
                "by": fact.by,
            }
            for fact in thought.facts().values()
        ],
        "score": {**scoring.payload(""), "qualified": scoring.qualified} | {"lead_id": None},
        "citations": [asdict(citation) for citation in decision.citations],
        "usage": None
        if usage is None
        else {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": None if usage.cost_usd is None else float(usage.cost_usd),
        },
        "decisions": _decisions(thought),
    }


def _decisions(thought: Thought) -> list[dict[str, str]]:
    """Each step in order: what was searched, who decided and how, what it came to."""
    decision, context = thought.decision, thought.context
    steps = [*_searched(thought.retrieval, context)]
    steps += [{"step": step.what, "detail": step.detail} for step in decision.steps]
    steps.append({"step": "decided_by", "detail": decision.by})
    if decision.handoff is not None:
        steps.append({"step": "handoff", "detail": decision.handoff.brief})
    steps.append({"step": thought.outcome, "detail": str(thought.reason)})
    return steps


def _searched(retrieval: Retrieval | None, context: TurnContext) -> list[dict[str, str]]:
    if retrieval is None:
        return []
    found = ", ".join(f"{p.document_id} #{p.chunk} ({p.score:.2f})" for p in context.passages)
    detail = retrieval.failed or found or "nothing above the gate"
    return [{"step": "searched_knowledge", "detail": detail}]
