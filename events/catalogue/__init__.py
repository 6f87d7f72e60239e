"""Every event type there is, with its payload's shape in each version.

Adding a type: write its payload model in the file of its family and add it to `_V1` there below;
a new version adds its model to `versions` and a lift to `events.upcasters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from events.catalogue import leads, messages, service, turns
from events.payload import Payload

PayloadModel = type[Payload]


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of the catalogue. `versions` maps each version to its payload's model."""

    type: str
    versions: Mapping[int, PayloadModel]

    @property
    def family(self) -> str:
        """The part before the dot."""
        return self.type.partition(".")[0]

    @property
    def current(self) -> int:
        """The version that folds see."""
        return max(self.versions)

    @property
    def model(self) -> PayloadModel:
        """The current version's payload."""
        return self.versions[self.current]

    @property
    def summary(self) -> str:
        """What it says, in one sentence."""
        return (self.model.__doc__ or "").strip().splitlines()[0]


_V1: dict[str, type[Payload]] = {
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

CATALOGUE: Mapping[str, EventType] = MappingProxyType(
    {name: EventType(name, MappingProxyType({1: model})) for name, model in _V1.items()}
)
"""Type → its versions, in the order of the documentation."""
