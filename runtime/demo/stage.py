"""A live conversation of the demo: what its people do becomes events, and what follows is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from events.catalogue.messages import MessageReceived, MessageSent
from events.catalogue.service import HandoffAccepted, HandoffCompleted, HandoffRequested
from events.catalogue.turns import TurnCompleted
from events.envelope import Event, RecordedEvent
from events.publisher import Publisher
from runtime.demo.chat import Chat
from runtime.explaining.explain import explain
from runtime.ids import new_id
from runtime.queries.conversations import inbox_states, logged_events

PATIENCE_S = 60.0
"""How long anything of the demo may take; it takes that long only when something is broken."""
LOOK_EVERY_S = 0.03
TYPING_S = 0.25
"""Between two messages of a burst."""
_CHANNEL = "whatsapp"


class NothingHappened(Exception):
    """The service did not do what the demo waits for; `.what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"nothing happened within {PATIENCE_S:g} s: {what}")
        self.what = what


@dataclass
class Stage:
    """One conversation, fresh in each run, and the customer in it.

    Everything is shown as the event log has it, as soon as it is there.
    """

    db: asyncpg.Connection
    publisher: Publisher
    chat: Chat
    company_id: str
    customer: str
    conversation_id: str = field(init=False)
    _shown: int = 0
    _human: str = "human"

    def __post_init__(self) -> None:
        self.conversation_id = f"{self.customer.lower()}-{new_id().hex[-8:]}"

    async def write(self, *texts: str) -> None:
        """The customer writes a burst; returns when a turn has covered all of it.

        The gateway hands a burst over at once, so that no slow machine tears it apart.
        """
        burst = []
        for number, text in enumerate(texts):
            await asyncio.sleep(TYPING_S if number else 0.0)
            message = {"message_id": f"in-{new_id()}", "text": text}
            burst.append(self._event("message_received.text", {**self._place(), **message}))
        await self._publish(*burst)
        last = UUID(burst[-1]["id"])
        await self._wait(f"a turn about {texts[-1]!r}", lambda event: _ends(event, last))

    async def take_over(self, human: str, *texts: str) -> None:
        """A human accepts the handoff that was asked for, and writes."""
        requested = await self._wait("a handoff", _asks_for_a_human)
        accepted = {"reason": "accepted", "by": human}
        events = [self._event("handoff.accepted", {**_handoff(requested), **accepted})]
        for text in texts:
            sent = {"message_id": f"out-{new_id()}", "by": "human", "text": text}
            events.append(self._event("message.sent", {**self._place(), **sent}))
        await self._publish(*events)
        last = UUID(events[-1]["id"])
        await self._wait("the human's message", lambda event: event.id == last)

    async def give_back(self, human: str) -> None:
        """The human ends the handoff: the bot answers again."""
        requested = await self._wait("a handoff", _asks_for_a_human)
        completed = {"reason": "settled", "by": human}
        event = self._event("handoff.completed", {**_handoff(requested), **completed})
        await self._publish(event)
        id_ = UUID(event["id"])
        await self._wait("the end of the handoff", lambda event: event.id == id_)

    async def tell_decisions(self) -> None:
        """Below the conversation: what each turn decided, and why."""
        events = await logged_events(self.db, self.company_id, self.conversation_id)
        inbox = await inbox_states(self.db, self.company_id, self.conversation_id)
        self.chat.decisions(explain(events, inbox))

    async def _publish(self, *events: Mapping[str, Any]) -> None:
        await self.publisher.publish_raw([orjson.dumps(event) for event in events])

    async def _wait(self, what: str, holds: Callable[[Event], bool]) -> Event:
        """The first event of the log that it holds for; what is new is shown on the way.

        Raises:
            NothingHappened: there is none in time.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    events = [event.event for event in await self._log()]
                    if found := next(filter(holds, events), None):
                        return found
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise NothingHappened(what) from None

    async def _log(self) -> list[RecordedEvent]:
        events = await logged_events(self.db, self.company_id, self.conversation_id)
        for recorded in events[self._shown :]:
            self._show(recorded.event)
        self._shown = len(events)
        return events

    def _show(self, event: Event) -> None:
        match event.payload:
            case MessageReceived():
                text = getattr(event.payload, "text", None) or ""
                self.chat.line(event.occurred_at, self.customer, text, style="cyan")
            case MessageSent(by="human", text=text):
                self.chat.line(event.occurred_at, self._human, text or "", style="magenta")
            case MessageSent(text=text):
                self.chat.line(event.occurred_at, "bot", text or "", style="green")
            case HandoffAccepted(by=by):
                self._human = by
                self.chat.aside(event.occurred_at, f"{by} takes the conversation over")
            case HandoffCompleted(by=by):
                self.chat.aside(event.occurred_at, f"{by} gives it back to the bot")

    def _place(self) -> dict[str, Any]:
        return {"channel": _CHANNEL, "contact": {"id": self.conversation_id}}

    def _event(self, type_: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {
            "id": str(new_id()),
            "type": type_,
            "version": 1,
            "occurred_at": now.replace("+00:00", "Z"),
            "company_id": self.company_id,
            "conversation_id": self.conversation_id,
            "source": "demo",
            "correlation_id": self.conversation_id,
            "payload": dict(payload),
        }


def _ends(event: Event, message: UUID) -> bool:
    """Whether a turn is over that covers the message, and none will run again over it."""
    payload = event.payload
    return (
        isinstance(payload, TurnCompleted)
        and message in payload.covers
        and payload.outcome != "superseded"
    )


def _asks_for_a_human(event: Event) -> bool:
    return isinstance(event.payload, HandoffRequested)


def _handoff(requested: Event) -> dict[str, str]:
    payload = requested.payload
    return {"handoff_id": payload.handoff_id} if isinstance(payload, HandoffRequested) else {}
