"""Turns that fail: retried with a growing pause, given up, counted; nothing is left hanging."""

from __future__ import annotations

import asyncpg

from consumers.errors import TransientFault
from consumers.groups import AGENT
from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import Fate, OutboundPart, Sent
from tests.consumers.choosy import answer, ask, choosy, group_with, leave_to_requests, wait_parked
from tests.consumers.members import wait_caught_up
from tests.runtime.operators import POISON
from tests.turns.room import centurion, room, worker


async def failing(context: TurnContext) -> Decision:
    """Never a decision."""
    raise RuntimeError("no thought")


async def test_a_thinker_that_always_fails_is_given_up_and_counted_until_one_answers(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url, think=failing) as here, worker(here):
        [first] = await here.write("oi")
        await here.retry_at_once()
        assert here.ears.waits_s == [0.5, 2.0, 8.0, 32.0]
        assert len(here.mind.asked) == 5
        assert await here.turns() == [("failed", "gave_up", [str(first)])]
        failures = []

        async def think(context: TurnContext) -> Decision:
            failures.append(context.failures)
            return Decision(by="rules", reply="olá")

        here.mind.think = think
        for text in ("alô", "obrigado"):
            await here.write(text)
            await here.wait_quiet()
        assert failures == [1, 0]
        assert here.channels.texts == ["olá", "olá"]


async def test_a_turn_that_fails_for_a_moment_answers_all_that_came_meanwhile(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url, think=failing) as here, worker(here):
        await here.write("oi")
        await here.until(lambda: bool(here.ears.faults))
        await here.write("alguém?")
        await wait_caught_up(database_url, redis_url, group="agent")

        async def think(context: TurnContext) -> Decision:
            return Decision(by="rules", reply=f"ouvi: {context.question}")

        here.mind.think = think
        await here.retry_at_once()
        assert here.channels.texts == ["ouvi: oi\nalguém?"]
        assert [turn[:2] for turn in await here.turns()] == [("replied", "answered")]


async def test_a_database_that_fails_again_and_again_is_never_a_reason_to_give_up(
    database_url: str, redis_url: str
) -> None:
    faults: list[Exception] = [TransientFault("postgres: 57P01") for _ in range(4)]
    faults += [asyncpg.ConnectionDoesNotExistError("gone") for _ in range(4)]
    faults += [ConnectionRefusedError(111, "refused")]

    async def think(context: TurnContext) -> Decision:
        if faults:
            raise faults.pop()
        return Decision(by="rules", reply="olá")

    async with room(database_url, redis_url, think=think) as here, worker(here):
        await here.write("oi")
        await here.retry_at_once()
        assert here.ears.waits_s == [0.5] * 9
        assert [turn[:2] for turn in await here.turns()] == [("replied", "answered")]


async def test_a_turn_given_up_while_it_sends_leaves_no_part_without_its_fate(
    database_url: str, redis_url: str
) -> None:
    in_parts = centurion(channels={"*": {"kind": "log", "max_part_chars": 50}})
    async with room(database_url, redis_url, centurions=[in_parts]) as here:

        async def think(context: TurnContext) -> Decision:
            return Decision(by="rules", reply="\n\n".join(["a" * 40, "b" * 40, "c" * 40]))

        async def break_at_the_second(part: OutboundPart) -> None:
            if part.part == 2:
                raise RuntimeError("a defect of the sender's")

        here.mind.think, here.channels.before = think, break_at_the_second
        async with worker(here):
            await here.write("oi")
            await here.retry_at_once()
        states = await here.pool.fetch("SELECT state FROM agent.outbound ORDER BY part")
        assert [row["state"] for row in states] == ["sent", "unknown", "suppressed"]
        assert [turn[:2] for turn in await here.turns()] == [("unknown", "outcome_unknown")]
        assert len(await here.logged("message.unknown")) == 1


async def test_a_centurion_that_goes_while_a_send_is_retried_leaves_its_fate_unknown(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        here.channels.answers = [
            Sent(Fate.UNKNOWN, detail="lost", retryable=True, retry_after_s=600)
        ]
        async with worker(here):
            await here.write("oi")
            await here.wait_true("SELECT EXISTS (SELECT FROM agent.turns WHERE retry_at > now())")
            await here.pool.execute("UPDATE core.centurions SET enabled = false")
            here.directory.refresh()
            await here.retry_at_once()
        assert await here.pool.fetchval("SELECT state FROM agent.outbound") == "unknown"
        assert [turn[:2] for turn in await here.turns()] == [("unknown", "outcome_unknown")]


async def test_a_centurion_whose_row_cannot_be_used_leaves_no_message_open(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        pigeon = '{"*": {"kind": "pigeon"}}'
        await here.pool.execute("UPDATE core.centurions SET channels = $1::jsonb", pigeon)
        async with worker(here):
            ids = await here.write("oi", "tudo bem?")
            await here.retry_at_once()
        assert await here.turns() == [("failed", "gave_up", [str(one) for one in ids])]


async def test_a_redelivered_message_is_answered_once(database_url: str, redis_url: str) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        body = here.inbound("oi")
        for _ in range(2):
            await here.publish(body)
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: oi"]
        assert [turn[2] for turn in await here.turns()] == [[body["id"]]]


async def test_parked_messages_are_answered_in_order_once_they_are_tried_again(
    database_url: str, redis_url: str
) -> None:
    sick = choosy("inbox")
    async with (
        room(database_url, redis_url, agent=group_with(sick, AGENT)) as here,
        worker(here),
    ):
        db = await asyncpg.connect(database_url)
        [first] = await here.write("oi")
        await here.wait_quiet()
        [poison] = await here.write(POISON)
        await wait_parked(db, 1)
        [later] = await here.write("ainda aí?")
        await here.write("e aqui?", conversation="c-2")
        await wait_parked(db, 2)
        await leave_to_requests(db)
        await here.wait_quiet()
        sick.refused.clear()
        request = await ask(db, "c-1", projection="inbox", group="agent")
        assert await answer(db, request) == ("drained", 2)
        await db.close()
        await here.wait_quiet()
        ids = [[str(first)], [str(poison), str(later)]]
        assert [turn[2] for turn in await here.turns()] == ids
        assert here.channels.texts == ["ouvi: oi", "ouvi: e aqui?", f"ouvi: {POISON}\nainda aí?"]


async def test_a_turn_that_kills_whoever_takes_it_up_is_given_up(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        ids = [str(i) for i in await here.write("oi")]
        await here.wait_agent_caught_up()
        await here.pool.execute(
            "INSERT INTO agent.turns (turn_id, company_id, conversation_id, worker, attempts,"
            " lease_until) VALUES (gen_random_uuid(), 'acme', 'c-1', 'dead', 10, now())"
        )
        async with worker(here):
            await here.wait_quiet()
        assert await here.turns() == [("failed", "gave_up", ids)]
        assert (here.mind.asked, here.channels.sent) == ([], [])
