"""Long, mixed and growing bursts, and answers of several parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.companies.config import Centurion
from runtime.turns.claims import Claim, Claims
from runtime.turns.gathering import Gathering
from tests.consumers.members import wait_caught_up
from tests.turns.armed import RECORDS, SETTLES, ArmedParts
from tests.turns.players import answering
from tests.turns.room import Room, centurion, room, worker

PARTS = tuple(f"{word} parte: {word * 6}." for word in ("primeira", "segunda", "terceira"))
LONG_AGO = "2026-01-01T12:00:00Z"
OPEN_FOR_LONG = "UPDATE agent.bursts SET first_received_at = first_received_at - interval '1 day'"
TAKEN_IN = "SELECT EXISTS (SELECT FROM agent.inbox WHERE event_id = $1)"
CLOSED = "SELECT count(*) FROM agent.inbox_closures"


def _in_parts() -> Centurion:
    return centurion(channels={"*": {"kind": "log", "max_part_chars": 70}})


def _ids(*ids: UUID) -> list[str]:
    return [str(one) for one in ids]


async def wait_in_burst(here: Room, position: int) -> None:
    """Until the open burst reaches so far."""
    await here.wait_true("SELECT max(last_position) >= $1 FROM agent.bursts", position)


async def test_a_burst_of_more_than_a_turn_takes_is_answered_in_several(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        ids = await here.write(*(f"linha {n}" for n in range(450)))
        await wait_caught_up(database_url, redis_url, group="agent")
        async with worker(here):
            await here.wait_quiet()
        assert await here.turns() == [
            ("replied", "answered", _ids(*ids[at : at + 200])) for at in (0, 200, 400)
        ]
        asked = [[message.event_id for message in one.burst] for one in here.mind.asked]
        assert asked == [ids[:200], ids[200:400], ids[400:]]


async def test_all_parts_of_a_full_turn_go_out_before_the_next_one(
    database_url: str, redis_url: str
) -> None:
    think = answering("\n\n".join(PARTS))
    async with room(database_url, redis_url, centurions=[_in_parts()], think=think) as here:
        await here.write(*(f"linha {n}" for n in range(201)))
        await wait_caught_up(database_url, redis_url, group="agent")
        async with worker(here):
            await here.wait_quiet()
        assert here.channels.texts == [*PARTS, *PARTS]


async def test_old_messages_among_fresh_ones_are_left_out_and_supersede_nothing(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        [first] = await here.write("oi")
        [old] = await here.write("de janeiro", occurred_at=LONG_AGO)
        [second] = await here.write("tudo bem?")
        [last] = await here.write("do ano novo", occurred_at=LONG_AGO)
        await wait_caught_up(database_url, redis_url, group="agent")
        async with worker(here):
            await here.wait_quiet()
        assert await here.turns() == [
            ("silent", "too_old", _ids(old, last)),
            ("replied", "answered", _ids(first, second)),
        ]
        assert here.channels.texts == ["ouvi: oi\ntudo bem?"]
        [asked] = here.mind.asked
        assert [line.text for line in asked.history] == ["de janeiro", "do ano novo"]


async def test_old_messages_that_are_closed_before_the_rest_is_read_are_told_once(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall = Gathering.recall
    async with room(database_url, redis_url) as here:

        async def late(self: Gathering, claim: Claim) -> Any:
            async with asyncio.timeout(60):
                while not await here.pool.fetchval(CLOSED):  # noqa: ASYNC110 - a real condition
                    await asyncio.sleep(0.01)
            return await recall(self, claim)

        monkeypatch.setattr(Gathering, "recall", late)
        await here.write("oi")
        await here.write("de janeiro", occurred_at=LONG_AGO)
        await wait_caught_up(database_url, redis_url)
        await wait_caught_up(database_url, redis_url, group="agent")
        async with worker(here):
            await here.wait_quiet()
        [asked] = here.mind.asked
        assert [line.text for line in asked.history] == ["de janeiro"]


async def test_a_turn_that_is_taken_up_again_does_not_mistake_closed_messages_for_newer_ones(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        [fresh] = await here.write("oi")
        [old] = await here.write("de janeiro", occurred_at=LONG_AGO)
        await wait_caught_up(database_url, redis_url, group="agent")
        failing = [RuntimeError("once")]

        async def think(context: TurnContext) -> Decision:
            if failing:
                raise failing.pop()
            return Decision(by="rules", reply="olá")

        here.mind.think = think
        async with worker(here):
            await here.retry_at_once()
        assert await here.turns() == [
            ("silent", "too_old", _ids(old)),
            ("replied", "answered", _ids(fresh)),
        ]


async def test_parts_go_out_in_order_each_told_once(database_url: str, redis_url: str) -> None:
    think = answering("\n\n".join(PARTS))
    async with (
        room(database_url, redis_url, centurions=[_in_parts()], think=think) as here,
        worker(here),
    ):
        await here.write("oi")
        await here.wait_quiet()
        assert here.channels.texts == list(PARTS)
        assert [(s["text"], s["chunk"]) for s in await here.logged("message.sent")] == [
            (text, number) for number, text in enumerate(PARTS, start=1)
        ]
        assert [turn[:2] for turn in await here.turns()] == [("replied", "answered")]


async def test_a_message_after_the_first_part_suppresses_the_rest_and_is_answered_alone(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url, centurions=[_in_parts()]) as here:
        newer: list[UUID] = []

        async def write_once(part: OutboundPart) -> None:
            if not newer:
                newer.extend(await here.write("mudei de ideia"))
                await wait_in_burst(here, 2)

        async def think(context: TurnContext) -> Decision:
            long = "\n\n".join(PARTS)
            return Decision(by="llm", reply="certo" if newer else long)

        here.channels.before = write_once
        here.mind.think = think
        async with worker(here):
            first = await here.write("oi")
            await here.wait_quiet()
        assert here.channels.texts == [PARTS[0], "certo"]
        assert await here.turns() == [
            ("replied", "answered", _ids(*first)),
            ("replied", "answered", _ids(*newer)),
        ]
        [suppressed] = await here.logged("message.suppressed")
        assert (suppressed["reason"], suppressed["covers"]) == ("newer_inbound", _ids(*first))
        assert [m.event_id for m in here.mind.asked[-1].burst] == newer


async def test_a_human_after_the_first_part_suppresses_the_rest(
    database_url: str, redis_url: str
) -> None:
    think = answering("\n\n".join(PARTS))
    async with room(database_url, redis_url, centurions=[_in_parts()], think=think) as here:

        async def human(part: OutboundPart) -> None:
            await here.human_writes("deixa comigo")

        here.channels.before = human
        async with worker(here):
            ids = await here.write("oi")
            await here.wait_quiet()
        assert here.channels.texts == [PARTS[0]]
        assert await here.turns() == [("replied", "answered", _ids(*ids))]
        assert [s["reason"] for s in await here.logged("message.suppressed")] == ["human_took_over"]


async def test_a_customer_who_keeps_writing_is_answered_once_the_longest_wait_is_over(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        written = await here.write("oi")

        async def think(context: TurnContext) -> Decision:
            if not here.channels.sent:
                if len(written) == 4:
                    await here.pool.execute(OPEN_FOR_LONG)
                newer = here.inbound("e mais")
                # Ahead of the event: as soon as that is read, this thought may be over.
                written.append(UUID(newer["id"]))
                await here.publish(newer)
                await here.wait_true(TAKEN_IN, written[-1])
            return Decision(by="llm", reply=f"ouvi {len(context.burst)}")

        here.mind.think = think
        async with worker(here):
            await here.wait_quiet()
        assert await here.turns() == [
            ("superseded", "newer_inbound", _ids(*written[:1])),
            ("superseded", "newer_inbound", _ids(*written[:2])),
            ("superseded", "newer_inbound", _ids(*written[:3])),
            # Of what came after it was begun, the answer that is not superseded covers nothing.
            ("replied", "answered", _ids(*written[:4])),
            ("replied", "answered", _ids(*written[4:])),
        ]


async def test_a_thought_is_not_interrupted_once_the_longest_wait_is_over(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, written_to = [], Claims.written_to

    async def kept(self: Claims, claims: Sequence[Claim]) -> dict[UUID, float]:
        if found := await written_to(self, claims):
            looks.append(found)
        return found

    monkeypatch.setattr(Claims, "written_to", kept)
    async with room(database_url, redis_url, centurions=[centurion(max_wait_ms=1)]) as here:

        async def think(context: TurnContext) -> Decision:
            if context.question == "comprar":
                await here.write("quer dizer, alugar")
                # At the second one, what came of the first one has come.
                await here.until(lambda: len(looks) >= 2)
            return Decision(by="llm", reply=f"ouvi: {context.question}")

        here.mind.think = think
        async with worker(here):
            await here.write("comprar")
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: comprar", "ouvi: quer dizer, alugar"]
        assert len(here.mind.asked) == 2


async def test_a_newer_message_between_the_decision_and_its_send_supersedes_it(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        newer: list[UUID] = []

        async def write_once(claim: Claim, transaction: int) -> None:
            if transaction == RECORDS and not newer:
                newer.extend(await here.write("quer dizer, alugar"))
                await wait_in_burst(here, 2)

        parts = here.parts(ArmedParts)
        assert isinstance(parts, ArmedParts)
        async with worker(here, parts=parts.arm(write_once)):
            first = await here.write("comprar")
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: comprar\nquer dizer, alugar"]
        assert await here.turns() == [
            ("superseded", "newer_inbound", _ids(*first)),
            ("replied", "answered", _ids(*first, *newer)),
        ]
        states = await here.pool.fetch("SELECT state FROM agent.outbound ORDER BY created_at")
        assert [row["state"] for row in states] == ["sent"]


async def test_a_newer_message_after_the_send_is_the_next_turn_s(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        newer: list[UUID] = []

        async def write_once(claim: Claim, transaction: int) -> None:
            if transaction == SETTLES and not newer:
                newer.extend(await here.write("mais uma"))
                await wait_in_burst(here, 2)

        parts = here.parts(ArmedParts)
        assert isinstance(parts, ArmedParts)
        async with worker(here, parts=parts.arm(write_once)):
            first = await here.write("oi")
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi", "ouvi: mais uma"]
        assert [turn[2] for turn in await here.turns()] == [_ids(*first), _ids(*newer)]


async def test_a_newer_message_does_not_leave_the_fate_of_a_send_unknown(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        here.channels.answers = [Sent(Fate.UNKNOWN, detail="lost", retryable=True)]
        newer: list[UUID] = []

        async def write_once(part: OutboundPart) -> None:
            if not newer:
                newer.extend(await here.write("alô?"))
                await wait_in_burst(here, 2)

        here.channels.before = write_once
        async with worker(here):
            first = await here.write("oi")
            await here.wait_quiet()
        assert await here.turns() == [
            ("replied", "answered", _ids(*first)),
            ("replied", "answered", _ids(*newer)),
        ]
        assert here.channels.texts == ["ouvi: oi", "ouvi: oi", "ouvi: alô?"]
        assert len({part.message_id for part in here.channels.sent}) == 2
