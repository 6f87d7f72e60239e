"""A burst becomes one turn; what it covers, it has read; what it says, it says once."""

from __future__ import annotations

import asyncio

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, Step
from runtime.companies.config import Company
from tests.turns.room import WAITS_S, centurion, room, worker


async def test_a_burst_is_answered_once_and_its_turn_covers_each_message(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        ids = await here.write("oi", "tudo bem?", "queria um orçamento")
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi\ntudo bem?\nqueria um orçamento"]
        assert await here.turns() == [("replied", "answered", [str(i) for i in ids])]
        sent = await here.logged("message.sent")
        assert [(s["text"], s["by"], s["chunk"]) for s in sent] == [
            ("ouvi: oi\ntudo bem?\nqueria um orçamento", "bot", 1)
        ]


async def test_the_next_turn_knows_what_was_said_before(database_url: str, redis_url: str) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        await here.write("e o preço?")
        await here.wait_quiet()
        asked = here.mind.asked[-1]
        assert [(line.role, line.text) for line in asked.history] == [
            ("contact", "oi"),
            ("centurion", "ouvi: oi"),
        ]
        assert [message.text for message in asked.burst] == ["e o preço?"]


async def test_a_message_that_comes_while_the_model_thinks_supersedes_the_answer(
    database_url: str, redis_url: str
) -> None:
    started = asyncio.Event()

    async def without_end_at_first(context: TurnContext) -> Decision:
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        return Decision(by="llm", reply=f"ouvi: {context.question}")

    async with room(database_url, redis_url, think=without_end_at_first) as here, worker(here):
        first = await here.write("quero comprar")
        await started.wait()
        second = await here.write("quer dizer, alugar")
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: quero comprar\nquer dizer, alugar"]
        covers = [str(i) for i in [*first, *second]]
        assert await here.turns() == [
            ("superseded", "newer_inbound", covers[:1]),
            ("replied", "answered", covers),
        ]


async def test_a_human_who_takes_over_before_the_send_silences_the_bot(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:

        async def human_first(context: TurnContext) -> Decision:
            await here.tell(
                "message.sent",
                message_id="h-1",
                channel="whatsapp",
                contact={"id": "c-1"},
                text="deixa comigo",
            )
            async with asyncio.timeout(WAITS_S):
                while not await here.pool.fetchval(  # noqa: ASYNC110 - a real condition
                    "SELECT EXISTS (SELECT FROM agent.channel_reports)"
                ):
                    await asyncio.sleep(0.01)
            return Decision(by="llm", reply="posso ajudar?")

        here.mind.think = human_first
        async with worker(here):
            ids = await here.write("oi")
            await here.wait_quiet()
        assert here.channels.sent == []
        assert await here.turns() == [("silent", "human_took_over", [str(i) for i in ids])]
        assert [s["reason"] for s in await here.logged("message.suppressed")] == ["human_took_over"]
        assert len(await here.logged("handoff.accepted")) == 1


async def test_the_echo_of_our_own_message_is_not_taken_for_a_human_s(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        await here.tell(
            "message.sent",
            message_id="wamid.1",
            channel="whatsapp",
            contact={"id": "c-1"},
            text="ouvi: oi",
        )
        await here.write("ainda aí?")
        await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi", "ouvi: ainda aí?"]


async def test_old_messages_are_closed_and_never_answered(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        ids = await here.write("oi", occurred_at="2026-01-01T12:00:00Z")
        await here.wait_quiet()
        assert here.channels.sent == []
        assert await here.turns() == [("silent", "too_old", [str(i) for i in ids])]


async def test_where_nobody_answers_messages_are_closed_without_an_event(
    database_url: str, redis_url: str
) -> None:
    nobody = centurion(enabled=False)
    async with room(database_url, redis_url, centurions=[nobody]) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        closed = await here.pool.fetch("SELECT closed_reason FROM agent.inbox")
        assert [row["closed_reason"] for row in closed] == ["no_centurion"]
        assert await here.turns() == []


async def test_a_suspended_company_is_silent(database_url: str, redis_url: str) -> None:
    company = Company(id="acme", name="Acme", status="suspended")
    async with room(database_url, redis_url, company=company) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        assert here.channels.sent == []
        assert [t[:2] for t in await here.turns()] == [("silent", "company_suspended")]


async def test_a_model_that_was_held_back_is_told_and_one_that_is_not_there_is_not(
    database_url: str, redis_url: str
) -> None:
    async def by_rules(context: TurnContext) -> Decision:
        held_back = Step("openai_budget_exhausted", "the day's budget is spent")
        absent = Step("openai_not_configured", "no credentials")
        return Decision(by="rules", reply="oi", steps=(held_back, absent))

    async with room(database_url, redis_url, think=by_rules) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        failed = await here.logged("openai.call_failed")
    assert [(one["purpose"], one["reason"]) for one in failed] == [
        ("decide", "openai_budget_exhausted")
    ]
