"""Handoffs, follow-ups and a contact's own wishes."""

from __future__ import annotations

from events.catalogue.fields import Contact, Count, EventId, Identifier, Name, Time
from events.payload import Payload


class Handoff(Payload):
    """What every step of a handoff to a human has."""

    handoff_id: Identifier
    reason: Name
    by: Name
    to: Name | None = None
    brief: str | None = None


class HandoffRequested(Handoff):
    """Somebody or something asked for a human."""


class HandoffAccepted(Handoff):
    """A human owns the conversation from now on."""


class HandoffCompleted(Handoff):
    """The human gave the conversation back."""


class HandoffExpired(Handoff):
    """Nobody accepted in time."""


class HandoffFailed(Handoff):
    """The handoff could not be offered to anybody."""


class Followup(Payload):
    """What every step of a follow-up has."""

    followup_id: Identifier
    rule: Name
    attempt: Count
    due_at: Time
    reason: Name | None = None


class FollowupScheduled(Followup):
    """A follow-up will be sent unless something intervenes."""


class FollowupHeld(Followup):
    """A due follow-up waits (quiet hours, channel window); `due_at` is its new time."""


class FollowupSent(Followup):
    """The follow-up went out."""


class FollowupCanceled(Followup):
    """The follow-up is no longer wanted."""


class FollowupFailed(Followup):
    """The follow-up could not be sent."""


class ContactWish(Payload):
    """What a contact wants, in their own words; `event_id` is the message quoted."""

    contact: Contact
    channel: Name
    evidence: str
    event_id: EventId


class ContactOptedOut(ContactWish):
    """The contact wants no more messages."""


class ContactOptedIn(ContactWish):
    """The contact wants messages again."""


class ContactErased(Payload):
    """The contact's data must go; `receipt` names the request."""

    contact: Contact
    receipt: str
