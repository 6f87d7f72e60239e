"""What a turn does when the company's rows, the channel or the customer make it hard."""

from __future__ import annotations

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, HandoffWish
from runtime.agent.reasons import Reason
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.companies.knowledge import KnowledgeSearch
from runtime.turns.held import MOST_MESSAGES
from tests.turns.room import Room, centurion, room, worker

SEALED_BY_NOBODY = "v1:AAAA:AAAA:AAAA"


async def _let_it_give_up(here: Room) -> None:
    """The next attempt is the last one, and comes now."""
    await here.pool.execute(
        "UPDATE agent.turns SET attempts = 4, retry_at = NULL, lease_until = NULL"
        " WHERE state <> 'done'"
    )


async def _outbound(here: Room) -> list[tuple[str, int]]:
    rows = await here.pool.fetch("SELECT state, attempts FROM agent.outbound ORDER BY part")
    return [tuple(row) for row in rows]


async def test_a_burst_too_long_for_one_turn_is_answered_in_two_and_not_superseded(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        ids = [str(i) for i in await here.write(*(f"linha {n}" for n in range(MOST_MESSAGES + 5)))]
        await here.wait_agent_caught_up()
        async with worker(here):
            await here.wait_quiet()
        assert await here.turns() == [
            ("replied", "answered", ids[:MOST_MESSAGES]),
            ("replied", "answered", ids[MOST_MESSAGES:]),
        ]
        assert len(here.mind.asked) == 2


async def test_a_channel_secret_that_cannot_be_read_is_found_out_before_anybody_thinks(
    database_url: str, redis_url: str
) -> None:
    locked = {
        "kind": "webhook",
        "url": "http://127.0.0.1:1/",
        "secret_encrypted": SEALED_BY_NOBODY,
        "takes_idempotency_key": False,
    }
    unreadable = centurion(channels={"*": locked})
    async with room(database_url, redis_url, centurions=[unreadable]) as here, worker(here):
        ids = [str(i) for i in await here.write("oi")]
        await here.until(lambda: bool(here.ears.faults))
        await _let_it_give_up(here)
        await here.wait_quiet()
        assert await _outbound(here) == []
        assert await here.turns() == [("failed", "gave_up", ids)]
        assert (here.mind.asked, here.channels.sent) == ([], [])


async def test_a_turn_that_is_given_up_tells_that_a_part_may_be_out(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:

        async def breaks(part: OutboundPart) -> None:
            raise RuntimeError("the sender has a defect")

        here.channels.before = breaks
        async with worker(here):
            await here.write("oi")
            await here.until(lambda: bool(here.ears.faults))
            await _let_it_give_up(here)
            await here.wait_quiet()
        assert [state for state, _ in await _outbound(here)] == ["unknown"]
        assert [turn[:2] for turn in await here.turns()] == [("unknown", "outcome_unknown")]
        assert len(await here.logged("message.unknown")) == 1


async def test_a_handoff_without_a_queue_is_requested_all_the_same(
    database_url: str, redis_url: str
) -> None:
    async def calls(context: TurnContext) -> Decision:
        return Decision(
            by="llm",
            reply="Um momento.",
            handoff=HandoffWish(reason=Reason.ASKED_FOR_HUMAN, brief="quer alguém"),
        )

    nowhere = centurion(handoff={"to": ""})
    async with room(database_url, redis_url, centurions=[nowhere], think=calls) as here:
        async with worker(here):
            await here.write("quero falar com alguém")
            await here.wait_quiet()
        [asked] = await here.logged("handoff.requested")
        assert "to" not in asked
        assert here.ears.faults == []
        assert here.channels.texts == ["Um momento."]


async def test_a_handoff_is_asked_for_once_however_late_the_read_models_are(
    database_url: str, redis_url: str
) -> None:
    async def calls(context: TurnContext) -> Decision:
        wish = HandoffWish(reason=Reason.ASKED_FOR_HUMAN, brief="quer alguém")
        return Decision(by="llm", reply="Um momento.", handoff=wish)

    async with room(database_url, redis_url, think=calls) as here, worker(here):
        # Told by an earlier turn, and on no relay's way: the read models do not know it yet.
        await here.pool.execute(
            "INSERT INTO runtime.outbox (partition, company_id, conversation_id, event_id, body)"
            " VALUES (99, 'acme', 'c-1', gen_random_uuid(), '{\"type\": \"handoff.requested\"}')"
        )
        await here.write("quero falar com alguém")
        await here.until(lambda: here.ears.ends == [("handed_off", "asked_for_human")])
        await here.pool.execute("DELETE FROM runtime.outbox WHERE partition = 99")
        await here.wait_quiet()
        assert await here.logged("handoff.requested") == []
        assert here.channels.texts == ["Um momento."]


async def test_a_search_that_cannot_work_leaves_the_answer_without_knowledge(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        await here.pool.execute("DROP TABLE core.knowledge_chunks")
        async with worker(here, parts=here.parts(knowledge=KnowledgeSearch(here.pool))):
            await here.write("quanto custa?")
            await here.wait_quiet()
        assert here.channels.texts == ["ouvi: quanto custa?"]
        [failed] = await here.logged("rag.failed")
        assert failed["reason"].startswith("UndefinedTableError")


async def test_an_answer_refused_for_good_is_told_as_failed(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        here.channels.answers = [Sent(Fate.FAILED, detail="no such number")]
        await here.write("oi")
        await here.wait_quiet()
        assert [turn[:2] for turn in await here.turns()] == [("failed", "channel_refused")]
        assert [state for state, _ in await _outbound(here)] == ["failed"]
