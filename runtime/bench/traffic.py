"""Customers who write: one after the other, or all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import orjson

from events.publisher import Publisher
from runtime.bench.ledger import Ledger, Place
from runtime.ids import new_id

TEXTS = (
    "Oi, bom dia! Quanto custa o plano completo?",
    "Qual é o horário de atendimento no sábado?",
    "Meu nome é Ana Souza e moro em Campinas",
    "Vocês aceitam cartão de crédito? Em quantas vezes?",
    "Quanto tempo demora a entrega?",
    "Meu e-mail é ana.souza@example.com",
    "Onde fica a loja de vocês?",
    "Posso trocar o produto depois?",
)
_FLOOD_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`rate` messages a second for `seconds`; those of the first `warm_up_s` are not counted.

    Each has its place in time, and is sent at its beginning; with a `seed` at a moment of it by chance, the
    same in each run. Two rhythms without one are in step: each message of the slower one meets one of the other.
    """

    rate: float
    seconds: float
    warm_up_s: float
    seed: int | None = None

    @property
    def messages(self) -> int:
        """How many."""
        return int(self.rate * self.seconds)

    def due_s(self) -> Iterator[float]:
        """When each of them is due, from the beginning on, in order."""
        chance = None if self.seed is None else Random(self.seed)  # noqa: S311 - no secret
        for number in range(self.messages):
            yield (number + (chance.random() if chance else 0.0)) / self.rate


class Traffic:
    """Publishes as any producer does, and notes in the ledger when Redis took each message."""

    def __init__(
        self, publisher: Publisher, ledger: Ledger, *, sent: Callable[[int], None]
    ) -> None:
        self._publisher = publisher
        self._ledger = ledger
        self._sent = sent
        self._numbers = 0

    async def steady(self, places: Sequence[Place], rhythm: Rhythm) -> None:
        """One message after the other over the places, in rounds, each when it is due, whatever happens."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number, due_s in enumerate(rhythm.due_s()):
                await asyncio.sleep(max(0.0, began + due_s - loop.time()))
                place = places[number % len(places)]
                tasks.create_task(
                    self._send([place], is_counted=due_s >= rhythm.warm_up_s),
                    name=f"message-{number}",
                )

    async def flood(self, places: Sequence[Place], messages: int) -> None:
        """So many messages over the places, as fast as Redis takes them; none is counted."""
        for start in range(0, messages, _FLOOD_BATCH):
            numbers = range(start, min(start + _FLOOD_BATCH, messages))
            await self._send([places[n % len(places)] for n in numbers], is_counted=False)

    async def _send(self, places: Sequence[Place], *, is_counted: bool) -> None:
        ids = await self._publisher.publish_raw([self._body(place) for place in places])
        for place, entry_id in zip(places, ids, strict=True):
            self._ledger.appended(place, entry_id.ms / 1000, is_counted=is_counted)
        self._sent(len(places))

    def _body(self, place: Place) -> bytes:
        company_id, conversation_id = place
        self._numbers += 1
        return orjson.dumps(
            {
                "id": str(new_id()),
                "type": "message_received.text",
                "version": 1,
                "occurred_at": datetime.now(UTC).isoformat(),
                "company_id": company_id,
                "conversation_id": conversation_id,
                "source": "bench",
                "correlation_id": f"bench-{self._numbers}",
                "causation_id": None,
                "payload": {
                    "message_id": f"in-{self._numbers}",
                    "channel": "whatsapp",
                    "contact": {"id": conversation_id},
                    "text": TEXTS[self._numbers % len(TEXTS)],
                },
            }
        )
