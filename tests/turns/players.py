"""Who plays with the turns in tests: a thinker, a channel and an observer that keep what they were told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from runtime.agent.context import Inbound, Passage, TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.companies.config import Channel
from runtime.turns.claims import Claim

Thinking = Callable[[TurnContext], Awaitable[Decision]]


@dataclass
class Channels:
    """A sender that keeps what it was given; `answers` are its outcomes, in order, then SENT."""

    answers: list[Sent] = field(default_factory=list)
    sent: list[OutboundPart] = field(default_factory=list)
    before: Callable[[OutboundPart], Awaitable[None]] | None = None

    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        if self.before is not None:
            await self.before(part)
        self.sent.append(part)
        if self.answers:
            return self.answers.pop(0)
        return Sent(Fate.SENT, provider_message_id=f"p-{len(self.sent)}")

    @property
    def texts(self) -> list[str]:
        return [part.text for part in self.sent]


class Mind:
    """A thinker that keeps what it was asked; `think` is what it does."""

    def __init__(self, think: Thinking | None = None) -> None:
        self.asked: list[TurnContext] = []
        self.think = think or answering()

    async def decide(self, context: TurnContext) -> Decision:
        self.asked.append(context)
        return await self.think(context)


def answering(reply: str | None = None) -> Thinking:
    """Always the same reply, else one that repeats the question."""

    async def think(context: TurnContext) -> Decision:
        return Decision(by="rules", reply=reply or f"ouvi: {context.question}")

    return think


class Nothing:
    """A company that knows nothing."""

    async def passages(self, company_id: str, question: str) -> tuple[Passage, ...]:
        return ()


class Ears:
    """What the turns told."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.losses = self.ticks = 0
        self.waits_s: list[float] = []

    def opened(self, claim: Claim, burst: Sequence[Inbound]) -> None:
        pass

    def ended(self, claim: Claim, outcome: str, reason: str, took_s: float) -> None:
        self.ends.append((outcome, str(reason)))

    def replied(self, claim: Claim, after_s: float, overhead_s: float) -> None:
        pass

    def part_settled(self, claim: Claim, part: int, sent: Sent) -> None:
        pass

    def failed(self, claim: Claim, error: str, wait_s: float) -> None:
        self.faults.append(error)
        self.waits_s.append(wait_s)

    def lost(self, claim: Claim) -> None:
        self.losses += 1

    def ticked(self, worker: str) -> None:
        self.ticks += 1

    def tick_failed(self, worker: str, error: str) -> None:
        self.faults.append(error)

    def relayed(self, bodies: Sequence[str], again: int) -> None:
        pass

    def relay_failed(self, error: str, wait_s: float) -> None:
        self.faults.append(error)

    def outbox_depth(self, rows: int, age_s: float) -> None:
        pass
