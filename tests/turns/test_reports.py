"""What channels tell of outgoing messages settles whose they are and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from events.publisher import Publisher
from runtime.channels.port import Fate, Sent
from runtime.companies.config import Centurion
from runtime.turns.echoes import OwnMessage, Report, attribute
from runtime.turns.reconcile import Reconcile
from tests.turns.room import Room, centurion, room, worker

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
OURS = OwnMessage(UUID(int=1), "p-1", "olá, Ana", AT)


def report(
    kind: str = "sent",
    *,
    ours: str | None = None,
    theirs: str | None = None,
    text: str | None = None,
    after_s: float = 1.0,
) -> Report:
    return Report(UUID(int=9), kind, ours, theirs, text, AT + timedelta(seconds=after_s))


def test_an_echo_is_ours_by_either_id_or_by_text_and_time() -> None:
    for echo in (
        report(ours=str(OURS.message_id)),
        report(theirs="p-1"),
        report(ours="p-1"),
        report(theirs="other", text="olá,  Ana"),
    ):
        found = attribute([echo], [OURS])
        assert (found.by_humans, found.fates) == ((), {OURS.message_id: "sent"})


def test_the_same_text_much_later_is_a_human_s() -> None:
    echo = report(text="olá, Ana", after_s=3600)
    assert attribute([echo], [OURS]).by_humans == (echo,)


def test_a_text_that_is_echoed_twice_and_was_sent_once_is_once_a_human_s() -> None:
    echoes = [report(text="olá, Ana"), report(text="olá, Ana", after_s=2)]
    assert attribute(echoes, [OURS]).by_humans == (echoes[1],)


def test_a_status_is_ours_by_an_id_alone_and_delivery_outweighs_failure() -> None:
    assert attribute([report("read", text=None)], [OURS]).fates == {}
    failed, read = report("failed", theirs="p-1"), report("read", theirs="p-1")
    assert attribute([failed], [OURS]).fates == {OURS.message_id: "failed"}
    assert attribute([read, failed], [OURS]).fates == {OURS.message_id: "sent"}
    assert attribute([failed, read], [OURS]).fates == {OURS.message_id: "sent"}


async def unknown_send(here: Room) -> UUID:
    """A reply whose outcome the channel never told."""
    here.channels.answers = [Sent(Fate.UNKNOWN, detail="cut")]
    await here.write("oi")
    await here.wait_quiet()
    assert [t[:2] for t in await here.turns()] == [("unknown", "outcome_unknown")]
    return here.channels.sent[0].message_id


async def reconciled(here: Room) -> None:
    async def told() -> bool:
        return bool(await here.pool.fetchval("SELECT count(*) FROM agent.channel_reports"))

    await here.wait_quiet()
    assert await told()
    await here.pool.execute(
        "UPDATE agent.channel_reports SET received_at = received_at - interval '1 minute'"
    )
    await Reconcile(here.pool, directory=here.directory, observer=here.ears, partitions=16).tick()
    await here.wait_quiet()
    assert not await told()


async def test_a_later_status_settles_an_unknown_send(database_url: str, redis_url: str) -> None:
    naive = centurion(channels={"*": {"kind": "log", "takes_idempotency_key": False}})
    async with room(database_url, redis_url, centurions=[naive]) as here, worker(here):
        message_id = await unknown_send(here)
        await here.wait_agent_caught_up()
        await here.tell(
            "message.delivered", message_id=str(message_id), at=datetime.now(UTC).isoformat()
        )
        await reconciled(here)
        assert await here.pool.fetchval("SELECT state FROM agent.outbound") == "sent"
        assert [s["message_id"] for s in await here.logged("message.sent")] == [str(message_id)]


async def test_an_echo_with_nobody_writing_still_gives_the_conversation_to_the_human(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        await here.tell(
            "message.sent",
            message_id="h-1",
            channel="whatsapp",
            contact={"id": "c-1"},
            text="aqui é a Patrícia",
        )
        await here.wait_agent_caught_up()
        await reconciled(here)
        owner = await here.pool.fetchval("SELECT owner FROM projections.conversations")
        assert owner == "human"
        await here.write("oi, Patrícia")
        await here.wait_quiet()
        assert len(here.channels.sent) == 1
        assert (await here.turns())[-1][:2] == ("silent", "human_owns")


@pytest.mark.parametrize(
    ("centurions", "changes"),
    [
        ([centurion(enabled=False)], {}),
        ([centurion()], {"occurred_at": "2026-01-01T12:00:00Z"}),
    ],
    ids=["nobody_answers", "old_news"],
)
async def test_an_echo_takes_over_only_where_a_bot_answers_and_now(
    database_url: str, redis_url: str, centurions: list[Centurion], changes: dict[str, str]
) -> None:
    async with room(database_url, redis_url, centurions=centurions) as here:
        told = {"message_id": "h-1", "channel": "whatsapp", "contact": {"id": "c-1"}, "text": "oi"}
        body = here.inbound("", **changes) | {"type": "message.sent", "payload": told}
        await Publisher(here.redis).publish_raw([orjson.dumps(body)])
        await here.wait_agent_caught_up()
        await reconciled(here)
        assert await here.logged("handoff.accepted") == []
        owner = "SELECT count(*) FROM agent.conversation_control WHERE owner = 'human'"
        assert await here.pool.fetchval(owner) == 0
