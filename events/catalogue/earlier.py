"""Payloads as earlier versions have them: still accepted, lifted when read, not written any more.

They stay for ever: producers may send them, and the log holds them. What they are made of may not
change under them; a shared shape (`Hit`, `MessageStatus`) that changes is copied here first.
"""

from __future__ import annotations

from typing import Literal

from events.catalogue.fields import Identifier, Milliseconds, Name
from events.catalogue.messages import MessageStatus
from events.catalogue.turns import Hit
from events.payload import Payload


class MessageFailedV1(MessageStatus):
    """The channel gave the message up; `reason` is free text, a code or both (`code: text`)."""

    reason: str | None = None


class RagQueryV1(Payload):
    """What every retrieval has; `hits` best first, `ms` is how long it took."""

    turn_id: Identifier
    query: str
    hits: list[Hit]
    mode: Literal["hybrid", "keyword"]
    ms: Milliseconds


class RagRetrievedV1(RagQueryV1):
    """Passages above the gate were found; `ms` is how long it took."""


class RagNoMatchV1(RagQueryV1):
    """Nothing above the gate was found: a knowledge gap; `ms` is how long it took."""


class RagFailedV1(RagQueryV1):
    """The retrieval itself failed; `ms` is how long it took."""

    reason: Name | None = None
