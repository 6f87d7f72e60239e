"""One event as a step of an explanation."""

from __future__ import annotations

from events.catalogue.leads import LeadFactRecorded, LeadScoring
from events.catalogue.messages import MessageSent, MessageSuppressed
from events.catalogue.service import ContactErased, ContactWish, Followup, Handoff
from events.catalogue.turns import (
    OpenaiCallCompleted,
    OpenaiCallFailed,
    RagFailed,
    RagQuery,
)
from events.envelope import Event
from events.payload import NewerVersion, UnknownType, Unreadable
from runtime.explaining.values import (
    Call,
    Found,
    HandoffStep,
    Learnt,
    Measure,
    Other,
    Retrieval,
    Said,
    Scoring,
    Step,
    Unsaid,
    why,
)


def step_of(event: Event, *, status: str) -> Step:
    """The step; `status` is what became of the message where the event is a `message.sent`."""
    at, payload = event.occurred_at, event.payload
    match payload:
        case MessageSent():
            text = payload.text if payload.text is not None else _media_of(payload)
            return Said(at, payload.message_id, text, payload.by, status)
        case MessageSuppressed():
            return Unsaid(at, why(payload.reason))
        case OpenaiCallCompleted() | OpenaiCallFailed():
            return _call(event, payload)
        case RagQuery():
            return _retrieval(event, payload)
        case LeadFactRecorded():
            return Learnt(
                at, payload.name, payload.value, payload.evidence, payload.confidence, payload.by
            )
        case LeadScoring():
            return _scoring(event, payload)
        case Handoff():
            return HandoffStep(
                at,
                payload.handoff_id,
                _step_name(event),
                why(payload.reason),
                payload.by,
                payload.to,
                payload.brief,
            )
    return Other(at, event.type, _detail(event))


def _step_name(event: Event) -> str:
    return event.type.partition(".")[2]


def _media_of(payload: MessageSent) -> str | None:
    return f"[{payload.media.mime_type}]" if payload.media is not None else None


def _call(event: Event, payload: OpenaiCallCompleted | OpenaiCallFailed) -> Call:
    if isinstance(payload, OpenaiCallCompleted):
        return Call(
            event.occurred_at,
            payload.purpose,
            payload.model,
            tokens=payload.tokens.total,
            cost_usd=payload.cost,
            ms=payload.ms,
        )
    return Call(
        event.occurred_at,
        payload.purpose,
        payload.model,
        ms=payload.ms,
        why=why(payload.reason),
        status=payload.status,
        retryable=payload.retryable,
    )


def _retrieval(event: Event, payload: RagQuery) -> Retrieval:
    failed = payload.reason if isinstance(payload, RagFailed) else None
    return Retrieval(
        event.occurred_at,
        _step_name(event),
        payload.query,
        payload.mode,
        tuple(Found(hit.document_id, hit.version, hit.chunk, hit.score) for hit in payload.hits),
        payload.duration_ms,
        why(failed) if failed is not None else None,
    )


def _scoring(event: Event, payload: LeadScoring) -> Scoring:
    measures = tuple(Measure(c.key, c.met, c.required) for c in payload.criteria)
    return Scoring(
        event.occurred_at,
        _step_name(event),
        payload.score,
        payload.threshold,
        measures,
        payload.summary,
    )


def _detail(event: Event) -> str:
    match event.payload:
        case Followup(rule=rule, attempt=attempt, reason=reason):
            return f"rule {rule}, attempt {attempt}" + (f": {reason}" if reason else "")
        case ContactWish(evidence=evidence):
            return f'"{evidence}"'
        case ContactErased(receipt=receipt):
            return f"receipt {receipt}"
        case UnknownType():
            return "not of the catalogue"
        case NewerVersion():
            return f"version {event.version} is newer than this program"
        case Unreadable(reason=reason):
            return f"cannot be read: {reason}"
    return ""
