"""Messages: what customers wrote, what was sent to them, and what became of it."""

from __future__ import annotations

from typing import Any, Literal

from events.catalogue.fields import Contact, EventId, Identifier, Media, Name, Time
from events.payload import OneOf, Payload


class MessageReceived(Payload):
    """What every inbound message has."""

    message_id: Identifier
    channel: Name
    contact: Contact
    centurion_id: Identifier | None = None


class MessageReceivedText(MessageReceived):
    """A customer wrote."""

    text: str
    reply_to: Identifier | None = None


class MessageReceivedMedia(MessageReceived):
    """A customer sent a file; `text` is what they wrote with it."""

    media: Media
    text: str | None = None


class MessageReceivedAudio(MessageReceivedMedia):
    """A customer sent a voice message or another sound."""


class MessageReceivedImage(MessageReceivedMedia):
    """A customer sent a picture."""


class MessageReceivedDocument(MessageReceivedMedia):
    """A customer sent a document."""


class MessageReceivedVideo(MessageReceivedMedia):
    """A customer sent a video."""


class MessageReceivedContent(MessageReceived):
    """A customer sent something structured, as the channel gave it."""

    content: dict[str, Any]


class MessageReceivedLocation(MessageReceivedContent):
    """A customer shared a place."""


class MessageReceivedContact(MessageReceivedContent):
    """A customer shared a contact card."""


class MessageReceivedInteractive(MessageReceivedContent):
    """A customer pressed a button or chose from a list."""


class MessageReceivedUnsupported(MessageReceivedContent):
    """A customer sent what the channel's gateway cannot represent."""


class MessageReceivedTranscribed(Payload):
    """Speech of an earlier message became text."""

    message_id: Identifier
    text: str
    model: Name
    language: Name | None = None
    seconds: float | None = None


class MessageReceivedDescribed(Payload):
    """A picture or document of an earlier message became text."""

    message_id: Identifier
    text: str
    model: Name


class MessageReceivedEnrichmentFailed(Payload):
    """Media of an earlier message could not be turned into text."""

    message_id: Identifier
    reason: Name
    detail: str


class MessageSent(OneOf):
    """A message went out. `by` is absent where the producer cannot know."""

    one_of = ("text", "media")
    message_id: Identifier
    channel: Name
    contact: Contact
    text: str | None = None
    media: Media | None = None
    turn_id: Identifier | None = None
    by: Literal["bot", "human", "followup"] | None = None
    chunk: int | None = None
    provider_message_id: Identifier | None = None


class MessageStatus(OneOf):
    """What became of an outbound message; may come before its `message.sent`."""

    one_of = ("message_id", "provider_message_id")
    at: Time
    message_id: Identifier | None = None
    provider_message_id: Identifier | None = None
    reason: str | None = None


class MessageDelivered(MessageStatus):
    """The message reached the customer's device."""


class MessageRead(MessageStatus):
    """The customer opened the message."""


class MessageFailed(MessageStatus):
    """The channel gave the message up: `reason` is a code to count by, `detail` text to read."""

    reason: Name | None = None
    detail: str | None = None


class MessageUnknown(MessageStatus):
    """It is not known whether the channel took the message."""


class MessageSuppressed(Payload):
    """A reply was not sent, and why."""

    turn_id: Identifier
    reason: Name
    covers: list[EventId]
