"""What happened in an event, in a few words."""

from __future__ import annotations

from events.catalogue.leads import LeadCreated
from events.catalogue.messages import (
    MessageReceived,
    MessageReceivedDescribed,
    MessageReceivedEnrichmentFailed,
    MessageReceivedTranscribed,
    MessageSent,
    MessageStatus,
)
from events.catalogue.service import Followup, Handoff
from events.catalogue.turns import RagDocumentIndexed, RagDocumentRemoved, TurnCompleted
from events.envelope import Event
from runtime.explaining.explain import text_of
from runtime.explaining.rendering import one_line, step_line
from runtime.explaining.steps import step_of
from runtime.explaining.values import Other

_CHARS = 120


def summary(event: Event) -> str:
    """One line; what people wrote is in quotes. Empty where the type says all."""
    told = one_line(_told(event)).strip()
    return told if len(told) <= _CHARS else f"{told[: _CHARS - 1]}…"


def _told(event: Event) -> str:
    match event.payload:
        case MessageReceived() as payload:
            text = text_of(payload)
            return f'"{text}"' if text else f"message {payload.message_id}"
        case MessageReceivedTranscribed(text=text) | MessageReceivedDescribed(text=text):
            return f'"{text}"'
        case MessageReceivedEnrichmentFailed(reason=reason, detail=detail):
            return f"{reason}: {detail}"
        case MessageSent(text=text, by=by):
            return f'{by or "somebody"}: "{text}"' if text else f"{by or 'somebody'}: media"
        case MessageStatus() as payload:
            name = payload.message_id or payload.provider_message_id
            return f"message {name}" + (f": {payload.reason}" if payload.reason else "")
        case TurnCompleted(outcome=outcome, reason=reason):
            return f"{outcome}: {reason}"
        case LeadCreated(lead_id=lead_id):
            return f"lead {lead_id}"
        case Handoff(reason=reason, by=by, to=to):
            return f"by {by}{f' to {to}' if to else ''}: {reason}"
        case Followup(rule=rule, attempt=attempt, reason=reason):
            return f"rule {rule}, attempt {attempt}{f': {reason}' if reason else ''}"
        case (
            RagDocumentIndexed(document_id=document_id, version=version)
            | RagDocumentRemoved(document_id=document_id, version=version)
        ):
            return f"document {document_id} version {version}"
    step = step_of(event, status="sent")
    return step.detail if isinstance(step, Other) else step_line(step)
