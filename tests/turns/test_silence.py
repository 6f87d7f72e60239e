"""When nothing may be said: the customer's wish, a human, the channel's window, an erased contact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.agent.deterministic import DeterministicThinker
from runtime.companies.config import Company, CompanySettings
from runtime.extraction import extract
from runtime.turns.claims import Claim
from tests.consumers.members import wait_caught_up
from tests.examples import EXAMPLES
from tests.turns.armed import RECORDS, SETTLES, ArmedParts
from tests.turns.room import Room, centurion, room, worker

KINDS = sorted(
    kind
    for kind in EXAMPLES
    if kind.startswith("message_received.")
    and kind.partition(".")[2] not in {"text", "transcribed", "described", "enrichment_failed"}
)


async def outcomes(here: Room, conversation: str = "c-1") -> list[tuple[str, str]]:
    return [turn[:2] for turn in await here.turns(conversation)]


async def test_an_opt_out_holds_at_once_and_until_the_customer_opts_in_again(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        [out] = await here.write("parar")
        await here.wait_quiet()
        await here.write("ainda aí?")
        await here.wait_quiet()
        assert here.channels.sent == []
        [back] = await here.write("quero voltar a receber mensagens")
        await here.wait_quiet()
        assert len(here.channels.sent) == 1
        assert await outcomes(here) == [
            ("silent", "opted_out"),
            ("silent", "opted_out"),
            ("replied", "answered"),
        ]
        told = [
            (event["event_id"], event["evidence"])
            for type_ in ("contact.opted_out", "contact.opted_in")
            for event in await here.logged(type_)
        ]
        assert told == [(str(out), "parar"), (str(back), told[1][1])]


async def test_an_opt_out_in_a_superseded_burst_is_told_once(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        await here.write("oi", "pare de me mandar mensagem", "sério")
        await here.wait_quiet()
        await here.write("sair")
        await here.wait_quiet()
        assert here.channels.sent == []
        assert len(await here.logged("contact.opted_out")) == 1


async def test_outside_of_the_channel_s_window_nothing_is_sent(
    database_url: str, redis_url: str
) -> None:
    day = Company(id="acme", name="Acme", settings=CompanySettings(answer_within_s=86_400))
    windowed = centurion(channels={"*": {"kind": "log", "window_hours": 1}})
    async with room(database_url, redis_url, centurions=[windowed], company=day) as here:
        async with worker(here):
            written_at = datetime.now(UTC) - timedelta(hours=2)
            await here.write("oi", occurred_at=written_at.isoformat())
            await here.wait_quiet()
            assert here.channels.sent == []
            await here.write("oi de novo")
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi de novo"]
        assert await outcomes(here) == [
            ("silent", "channel_window_closed"),
            ("replied", "answered"),
        ]


async def test_an_old_message_that_comes_late_does_not_close_the_window(
    database_url: str, redis_url: str
) -> None:
    windowed = centurion(channels={"*": {"kind": "log", "window_hours": 1}})
    async with room(database_url, redis_url, centurions=[windowed]) as here:
        await here.write("oi")
        written_at = datetime.now(UTC) - timedelta(days=2)
        await here.write("do backlog", occurred_at=written_at.isoformat())
        await wait_caught_up(database_url, redis_url, group="agent")
        async with worker(here):
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi"]


async def test_an_erased_contact_is_never_written_to(database_url: str, redis_url: str) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        await here.tell("contact.erased", contact={"id": "c-1"}, receipt="r-1")
        await here.write("alguém?")
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi"]
        assert await outcomes(here) == [("replied", "answered"), ("silent", "conversation_closed")]


@pytest.mark.parametrize("how", ["writes", "accepts"])
async def test_a_human_who_comes_between_the_decision_and_its_send_silences_it(
    database_url: str, redis_url: str, how: str
) -> None:
    async with room(database_url, redis_url) as here:

        async def come(claim: Claim, transaction: int) -> None:
            if transaction != RECORDS:
                return
            if how == "writes":
                await here.human_writes("deixa comigo")
                return
            handoff = {"handoff_id": "h-1", "reason": "asked", "by": "ana"}
            await here.tell("handoff.accepted", **handoff)
            await here.wait_true("SELECT owner = 'human' FROM agent.conversation_control")

        parts = here.parts(ArmedParts)
        assert isinstance(parts, ArmedParts)
        async with worker(here, parts=parts.arm(come)):
            ids = await here.write("oi")
            await here.wait_quiet()
            await here.write("e aí?")
            await here.wait_quiet()
        assert here.channels.sent == []
        assert (await here.turns())[0] == ("silent", "human_took_over", [str(i) for i in ids])
        assert await outcomes(here) == [("silent", "human_took_over"), ("silent", "human_owns")]
        states = await here.pool.fetch("SELECT state FROM agent.outbound")
        assert [row["state"] for row in states] == ["suppressed"]


async def test_when_the_human_is_done_the_bot_answers_again(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        handoff = {"handoff_id": "h-1", "reason": "asked", "by": "ana"}
        await here.tell("handoff.accepted", **handoff)
        await here.write("oi")
        await here.wait_quiet()
        await here.tell("handoff.completed", **handoff)
        await here.write("voltou?")
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: voltou?"]


async def test_who_opts_out_while_the_send_is_under_way_gets_nothing_more(
    database_url: str, redis_url: str
) -> None:
    in_parts = centurion(channels={"*": {"kind": "log", "max_part_chars": 50}})

    async with room(database_url, redis_url, centurions=[in_parts]) as here:

        async def think(context: TurnContext) -> Decision:
            return Decision(by="llm", reply="\n\n".join(["a" * 40, "b" * 40]))

        async def opt_out(claim: Claim, transaction: int) -> None:
            if transaction == SETTLES:
                wish = {
                    "channel": "whatsapp",
                    "evidence": "na loja",
                    "event_id": str(claim.turn_id),
                }
                await here.tell("contact.opted_out", contact={"id": "c-1"}, **wish)
                await here.wait_true("SELECT opted_out FROM agent.conversation_control")

        here.mind.think = think
        parts = here.parts(ArmedParts)
        assert isinstance(parts, ArmedParts)
        async with worker(here, parts=parts.arm(opt_out)):
            await here.write("oi")
            await here.wait_quiet()
        assert here.channels.texts == ["a" * 40]
        assert [s["reason"] for s in await here.logged("message.suppressed")] == ["opted_out"]
        assert await outcomes(here) == [("replied", "answered")]


async def test_messages_without_words_are_covered_and_not_answered(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        here.mind.think = DeterministicThinker(extract).decide
        bodies: list[dict[str, Any]] = []
        for kind in KINDS:
            body = here.inbound("", kind)
            own = {"message_id": body["payload"]["message_id"]}
            bodies.append(body | {"type": kind, "payload": {**EXAMPLES[kind], **own}})
        async with worker(here):
            await here.publish(*bodies)
            await here.wait_quiet()
        found = {kind: await here.turns(kind) for kind in KINDS}
        assert here.ears.faults == []
        assert found == {
            body["type"]: [("silent", "nothing_to_answer", [str(UUID(body["id"]))])]
            for body in bodies
        }


async def test_a_word_beside_a_picture_is_answered_and_both_are_covered(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        media = {"url": "https://media.example/1", "mime_type": "image/png", "caption": "esta aqui"}
        picture = here.inbound("") | {"type": "message_received.image"}
        picture["payload"] = {**EXAMPLES["message_received.image"], "media": media}
        text = here.inbound("quanto custa?")
        await here.publish(picture, text)
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: esta aqui\nquanto custa?"]
        assert [turn[2] for turn in await here.turns()] == [[picture["id"], text["id"]]]
