"""What real turns did is explained from what they left in the log."""

from __future__ import annotations

import asyncio

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.explaining.explain import explain
from runtime.queries.conversations import inbox_states, logged_events
from tests.explaining.told import printed
from tests.turns.room import Room, centurion, room, worker


async def explained(here: Room, conversation: str = "c-1") -> str:
    async with here.pool.acquire() as conn:
        events = await logged_events(conn, "acme", conversation)
        inbox = await inbox_states(conn, "acme", conversation)
    return printed(explain(events, inbox))


async def test_superseded_replied_and_silenced_turns_each_say_why(
    database_url: str, redis_url: str
) -> None:
    started = asyncio.Event()

    async def slow_at_first(context: TurnContext) -> Decision:
        if not started.is_set():
            started.set()
            await asyncio.sleep(30)
        return Decision(by="llm", reply="temos sim")

    async with room(database_url, redis_url, think=slow_at_first) as here, worker(here):
        await here.write("tem vaga?")
        await started.wait()
        await here.write("para amanhã")
        await here.wait_quiet()
        await here.tell("handoff.accepted", handoff_id="h-1", reason="asked", by="Patrícia")
        await here.write("obrigado")
        await here.wait_quiet()
        text = await explained(here)
    assert "superseded: newer_inbound" in text
    assert "replied: answered" in text
    assert 'sent "temos sim"' in text
    assert "silent: human_owns" in text


async def test_a_message_that_nobody_answers_says_so_from_the_inbox(
    database_url: str, redis_url: str
) -> None:
    nobody = centurion(enabled=False)
    async with room(database_url, redis_url, centurions=[nobody]) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        assert "no_centurion" in await explained(here)
