"""Every event type there is, with its payload's shape in each version.

Adding a type: write its payload model in the file of its family and add it to `_CURRENT` there
below. A new version moves the model that it replaces to `events.catalogue.earlier` and `_EARLIER`, and
adds a lift to `events.upcasters` (docs/how-to/change-an-event.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from events.catalogue import earlier, leads, messages, service, turns
from events.payload import Payload

PayloadModel = type[Payload]


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of the catalogue. `versions` maps each version to its payload's model.

    `current` is the version that folds see, `model` its payload; both are looked up for every event.
    """

    type: str
    versions: Mapping[int, PayloadModel]
    current: int = field(init=False)
    model: PayloadModel = field(init=False)
    validate: Callable[[Any], Payload] = field(init=False, repr=False, compare=False)
    """A payload in that shape, from parsed JSON. Raises pydantic's ValidationError."""

    def __post_init__(self) -> None:
        current = max(self.versions)
        object.__setattr__(self, "current", current)
        model = self.versions[current]
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "validate", model.__pydantic_validator__.validate_python)

    @property
    def family(self) -> str:
        """The part before the dot."""
        return self.type.partition(".")[0]

    @property
    def summary(self) -> str:
        """What it says, in one sentence."""
        return (self.model.__doc__ or "").strip().splitlines()[0]


_CURRENT: dict[str, PayloadModel] = {
    "message_received.text": messages.MessageReceivedText,
    "message_received.audio": messages.MessageReceivedAudio,
    "message_received.image": messages.MessageReceivedImage,
    "message_received.document": messages.MessageReceivedDocument,
    "message_received.video": messages.MessageReceivedVideo,
    "message_received.location": messages.MessageReceivedLocation,
    "message_received.contact": messages.MessageReceivedContact,
    "message_received.interactive": messages.MessageReceivedInteractive,
    "message_received.unsupported": messages.MessageReceivedUnsupported,
    "message_received.transcribed": messages.MessageReceivedTranscribed,
    "message_received.described": messages.MessageReceivedDescribed,
    "message_received.enrichment_failed": messages.MessageReceivedEnrichmentFailed,
    "message.sent": messages.MessageSent,
    "message.delivered": messages.MessageDelivered,
    "message.read": messages.MessageRead,
    "message.failed": messages.MessageFailed,
    "message.unknown": messages.MessageUnknown,
    "message.suppressed": messages.MessageSuppressed,
    "turn.completed": turns.TurnCompleted,
    "lead.created": leads.LeadCreated,
    "lead.fact_recorded": leads.LeadFactRecorded,
    "lead.scored": leads.LeadScored,
    "lead.qualified": leads.LeadQualified,
    "lead.disqualified": leads.LeadDisqualified,
    "handoff.requested": service.HandoffRequested,
    "handoff.accepted": service.HandoffAccepted,
    "handoff.completed": service.HandoffCompleted,
    "handoff.expired": service.HandoffExpired,
    "handoff.failed": service.HandoffFailed,
    "rag.retrieved": turns.RagRetrieved,
    "rag.no_match": turns.RagNoMatch,
    "rag.failed": turns.RagFailed,
    "rag.document_indexed": turns.RagDocumentIndexed,
    "rag.document_removed": turns.RagDocumentRemoved,
    "followup.scheduled": service.FollowupScheduled,
    "followup.held": service.FollowupHeld,
    "followup.sent": service.FollowupSent,
    "followup.canceled": service.FollowupCanceled,
    "followup.failed": service.FollowupFailed,
    "memory.updated": turns.MemoryUpdated,
    "memory.cleaned": turns.MemoryCleaned,
    "openai.call_completed": turns.OpenaiCallCompleted,
    "openai.call_failed": turns.OpenaiCallFailed,
    "contact.opted_out": service.ContactOptedOut,
    "contact.opted_in": service.ContactOptedIn,
    "contact.erased": service.ContactErased,
}

_EARLIER: dict[str, tuple[PayloadModel, ...]] = {
    "message.failed": (earlier.MessageFailedV1,),
    "rag.retrieved": (earlier.RagRetrievedV1,),
    "rag.no_match": (earlier.RagNoMatchV1,),
    "rag.failed": (earlier.RagFailedV1,),
}
"""Type → its payloads before the current one, version 1 first."""

CATALOGUE: Mapping[str, EventType] = MappingProxyType(
    {
        name: EventType(
            name, MappingProxyType(dict(enumerate((*_EARLIER.get(name, ()), model), 1)))
        )
        for name, model in _CURRENT.items()
    }
)
"""Type → its versions, in the order of the documentation."""
