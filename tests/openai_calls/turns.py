"""Turns to decide, and what a model says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from runtime.agent.context import Contact, Inbound, Line, Passage, TurnContext
from runtime.companies.config import Centurion, Company

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
TURN_ID = UUID("01920000-0000-7000-8000-00000000beef")
CRITERIA = [
    {"key": "email", "type": "field_present", "label": "seu e-mail", "field": "email"},
    {"key": "budget", "type": "field_present", "label": "seu orçamento", "field": "budget"},
    {"key": "urgent", "type": "llm", "label": "urgência", "prompt": "The customer is in a hurry."},
]


def centurion(**changes: Any) -> Centurion:
    given = {
        "id": "bia",
        "name": "Bia",
        "prompt": "Vende planos de internet fibra.",
        "models": {"chat": "gpt-5.4-mini"},
        "qualification": {"criteria": CRITERIA},
        "channels": {"*": {"kind": "log"}},
    }
    return Centurion.model_validate(given | changes)


def inbound(number: int, text: str | None) -> Inbound:
    return Inbound(
        event_id=UUID(int=number),
        message_id=f"m{number}",
        kind="text",
        text=text,
        occurred_at=NOW,
    )


def turn(
    *texts: str | None,
    company_id: str = "acme",
    agent: Centurion | None = None,
    history: tuple[Line, ...] = (),
    passages: tuple[Passage, ...] = (),
) -> TurnContext:
    return TurnContext(
        turn_id=TURN_ID,
        company=Company(id=company_id, name="Acme Telecom"),
        centurion=agent or centurion(),
        conversation_id="c1",
        channel="whatsapp",
        contact=Contact(id="5511999990000", phone="+5511999990000"),
        burst=tuple(inbound(number, text) for number, text in enumerate(texts or ("oi",), 1)),
        now=NOW,
        history=history,
        passages=passages,
    )


def output(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "reply": "Oi! Como posso ajudar?",
        "facts": [],
        "criteria": [],
        "handoff": {"wanted": False, "reason": "", "brief": ""},
        "silence": {"wanted": False, "reason": ""},
        "confidence": 0.9,
        "citations": [],
    }
    return given | changes
