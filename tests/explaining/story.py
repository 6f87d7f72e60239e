"""A conversation in which everything happens, as the wire has it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from events.codec import decode
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.partitioning import partition_of
from tests.examples import body
from tests.projections.spec import PARTITIONS, RECORDED_AT

CONVERSATION = "5511987654321"
_SCORE = {"threshold": 0.7, "rules_hash": "r1", "summary": "fits", "lead_id": "l-1"}
_CITY = {"key": "city", "met": True, "weight": 1, "required": True}
_EMAIL = {"key": "email", "met": False, "weight": 1, "required": True}


def event_id(number: int) -> str:
    """The id of the event with that number."""
    return str(UUID(f"0190a000-0000-7000-8000-{number:012d}"))


class Story:
    """Events of one conversation, a second apart, in the order in which they are told."""

    def __init__(self, conversation: str = CONVERSATION, *, company: str = "acme") -> None:
        self.bodies: list[dict[str, Any]] = []
        self._scope = {"company_id": company, "conversation_id": conversation}

    def then(self, type_: str, *, correlation: str = "none", **payload: Any) -> str:
        """Tell one more; its event id."""
        number = len(self.bodies) + 1
        told = {**body(type_, number, **payload), **self._scope, "correlation_id": correlation}
        self.bodies.append(told)
        return str(told["id"])

    def receive(self, text: str) -> str:
        """The customer writes."""
        message_id = f"in-{len(self.bodies) + 1}"
        return self.then("message_received.text", text=text, message_id=message_id)

    def end(self, turn: str, outcome: str, reason: str, *covers: str, **more: Any) -> str:
        """A turn ends."""
        told = {"turn_id": turn, "outcome": outcome, "reason": reason, "covers": [*covers]}
        return self.then("turn.completed", correlation=f"of-{turn}", **{**told, **more})

    def recorded(self) -> list[RecordedEvent]:
        """As the log gives them back."""
        return [_recorded(told, place) for place, told in enumerate(self.bodies, start=1)]


def _recorded(told: dict[str, Any], place: int) -> RecordedEvent:
    event = decode(orjson.dumps(told))
    partition = partition_of(event.company_id, event.conversation_id, PARTITIONS)
    return RecordedEvent(event, partition, place, EntryId(place, 0), RECORDED_AT)


def everything() -> Story:
    """A superseded turn, a reply with a model, one without, a handoff, a human, silence, waiting."""
    story = Story()
    first = story.receive("Oi, vocês abrem \x1b[31msábado?\n[bold]")
    story.then("rag.retrieved", turn_id="t-1", query="abrem sábado", correlation="of-t-1")
    story.then("openai.call_completed", correlation="of-t-1")
    second = story.receive("Sou de Recife")
    story.then("message.suppressed", turn_id="t-1", reason="newer_inbound", covers=[first])
    story.end("t-1", "superseded", "newer_inbound", first)
    story.then(
        "openai.call_failed",
        correlation="of-t-2",
        reason="openai_rate_limited",
        status=429,
        model="m",
        ms=40,
    )
    story.then("openai.call_completed", correlation="of-t-2")
    story.then("lead.fact_recorded", correlation="of-t-2", event_id=second)
    story.then("lead.scored", correlation="of-t-2", score=0.5, criteria=[_CITY, _EMAIL], **_SCORE)
    story.then("message.sent", turn_id="t-2", message_id="out-1", text="Abrimos, sim!")
    story.end("t-2", "replied", "answered", first, second, model="m")
    story.then("message.read", message_id="out-1")
    story.then("message.delivered", message_id="out-1")
    voice = story.then("message_received.audio", message_id="in-voice")
    story.then("message_received.transcribed", message_id="in-voice", text="quero falar com gente")
    story.then("rag.no_match", turn_id="t-3", query="falar com gente", hits=[])
    story.then("handoff.requested", correlation="of-t-3", reason="asked_for_human", to="vendas")
    story.then("message.sent", turn_id="t-3", message_id="out-2", text="Já chamo alguém.")
    story.end("t-3", "handed_off", "asked_for_human", voice, tokens=None, cost=None)
    story.then("handoff.accepted", correlation="of-t-3", by="ana", reason="asked_for_human")
    story.then("message.sent", message_id="out-3", text="Aqui é a Ana", by="human")
    third = story.receive("Oi Ana")
    story.end("t-4", "silent", "human_owns", third, tokens=None, cost=None)
    story.then("handoff.completed", by="ana", reason="resolved")
    story.then("followup.scheduled", rule="gone_quiet")
    story.receive("Obrigado")
    return story
