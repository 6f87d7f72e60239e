"""One example of every event type."""

from __future__ import annotations

from typing import Any

from events.catalogue import CATALOGUE

_CONTACT = {"id": "5511987654321", "name": "Ana"}
_MESSAGE = {"message_id": "m-1", "channel": "whatsapp", "contact": _CONTACT}
_MEDIA = {"url": "https://media.example/1", "mime_type": "audio/ogg"}
_EVENT = "0190a000-0000-7000-8000-000000000001"
_TOKENS = {"prompt": 10, "completion": 5, "total": 15}
_STATUS = {"message_id": "out-1", "at": "2026-11-02T12:00:05Z"}
_LEAD = {"lead_id": "l-1"}
_SCORE = {
    **_LEAD,
    "score": 0.8,
    "threshold": 0.7,
    "rules_hash": "r1",
    "criteria": [{"key": "city", "met": True, "weight": 1, "required": True}],
    "summary": "fits",
}
_HANDOFF = {"handoff_id": "h-1", "reason": "asked", "by": "bot"}
_FOLLOWUP = {"followup_id": "f-1", "rule": "r", "attempt": 1, "due_at": "2026-11-03T12:00:00Z"}
_HIT = {"document_id": "d-1", "chunk": 0, "score": 0.9, "version": 1}
_RAG = {"turn_id": "t-1", "query": "preço?", "hits": [_HIT], "mode": "hybrid", "duration_ms": 20}
_DOCUMENT = {"document_id": "d-1", "chunks": 3, "version": 1}
_WISH = {"contact": _CONTACT, "channel": "whatsapp", "evidence": "pare", "event_id": _EVENT}

EXAMPLES: dict[str, dict[str, Any]] = {
    "message_received.text": {**_MESSAGE, "text": "oi"},
    **{
        f"message_received.{kind}": {**_MESSAGE, "media": _MEDIA}
        for kind in ("audio", "image", "document", "video")
    },
    **{
        f"message_received.{kind}": {**_MESSAGE, "content": {"a": 1}}
        for kind in ("location", "contact", "interactive", "unsupported")
    },
    "message_received.transcribed": {"message_id": "m-1", "text": "oi", "model": "stt"},
    "message_received.described": {"message_id": "m-1", "text": "um gato", "model": "v"},
    "message_received.enrichment_failed": {"message_id": "m-1", "reason": "x", "detail": "y"},
    "message.sent": {**_MESSAGE, "message_id": "out-1", "text": "olá", "by": "bot"},
    **{f"message.{s}": _STATUS for s in ("delivered", "read", "failed", "unknown")},
    "message.suppressed": {"turn_id": "t-1", "reason": "superseded", "covers": [_EVENT]},
    "turn.completed": {
        "turn_id": "t-1",
        "covers": [_EVENT],
        "outcome": "replied",
        "reason": "ok",
        "ms": 5,
        "tokens": _TOKENS,
        "cost": "0.0012",
    },
    "lead.created": {**_LEAD, "contact": _CONTACT},
    "lead.fact_recorded": {
        **_LEAD,
        "name": "city",
        "value": "Recife",
        "evidence": "moro em Recife",
        "event_id": _EVENT,
        "confidence": 0.9,
        "by": "llm",
    },
    **{f"lead.{step}": _SCORE for step in ("scored", "qualified", "disqualified")},
    **{
        f"handoff.{step}": _HANDOFF
        for step in ("requested", "accepted", "completed", "expired", "failed")
    },
    "rag.retrieved": _RAG,
    "rag.no_match": {**_RAG, "hits": []},
    "rag.failed": {**_RAG, "hits": [], "reason": "timeout"},
    "rag.document_indexed": _DOCUMENT,
    "rag.document_removed": _DOCUMENT,
    **{
        f"followup.{step}": _FOLLOWUP
        for step in ("scheduled", "held", "sent", "canceled", "failed")
    },
    "memory.updated": {"kept": ["city"], "dropped": [], "counts": {"facts": 1}},
    "memory.cleaned": {
        "scope": "messages",
        "before": "2026-01-01T00:00:00Z",
        "message_ids": ["m-1"],
        "counts": {"messages": 1},
    },
    "openai.call_completed": {
        "purpose": "reply",
        "model": "m",
        "credential_set_id": "c",
        "tokens": _TOKENS,
        "cost": "0.01",
        "ms": 700,
    },
    "openai.call_failed": {"purpose": "reply", "reason": "rate_limit", "retryable": True},
    "contact.opted_out": _WISH,
    "contact.opted_in": _WISH,
    "contact.erased": {"contact": _CONTACT, "receipt": "req-1"},
}


def body(type_: str, number: int = 1, **payload: Any) -> dict[str, Any]:
    """An envelope of the type's current version with the example's payload, changed by `payload`."""
    return {
        "id": f"0190a000-0000-7000-8000-{number:012d}",
        "type": type_,
        "version": CATALOGUE[type_].current,
        "occurred_at": f"2026-11-02T12:{number // 60 % 60:02}:{number % 60:02}Z",
        "company_id": "acme",
        "conversation_id": "c-1",
        "source": "tests",
        "correlation_id": "cor-1",
        "causation_id": None,
        "payload": {**EXAMPLES[type_], **payload},
    }
