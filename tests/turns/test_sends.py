"""What a channel does to a send, and what is told of it: real webhooks to a real server.

One that takes an idempotency key gets each answer exactly once; one that does not, at most once,
and what is not known is told as such.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson

from runtime.channels.webhook import WebhookSender, webhook_sessions
from runtime.companies.config import Centurion, Company, CompanySettings
from tests.channel_server.program import Deed, Step
from tests.channel_server.server import ChannelServer, channel_server
from tests.turns.room import Room, centurion, room, worker

HOOK = {"kind": "webhook", "timeout_s": 60}
IMPATIENT = "impatient"
"""The channel of conversations whose receiver answers late."""
Shown = tuple[list[str], list[tuple[str, str]], list[str], int]
SENT = (["sent"], [("replied", "answered")], ["message.sent"])
UNKNOWN = (["unknown"], [("unknown", "outcome_unknown")], ["message.unknown"])
REFUSED = (["failed"], [("failed", "channel_refused")], ["message.failed"])
UNREACHABLE = (["failed"], [("failed", "channel_unreachable")], ["message.failed"])


def _speaker(server: ChannelServer, *, impatient_s: float = 0.5, **channel: Any) -> Centurion:
    usual = {**HOOK, "url": server.url, **channel}
    return centurion(channels={"*": usual, IMPATIENT: {**usual, "timeout_s": impatient_s}})


@asynccontextmanager
async def speaking(here: Room) -> AsyncIterator[None]:
    """A worker whose webhooks go out for real."""
    async with webhook_sessions() as sessions:
        here.senders["webhook"] = WebhookSender(sessions, now=lambda: datetime.now(UTC))
        async with worker(here):
            yield


async def shown(here: Room, server: ChannelServer, conversation: str) -> Shown:
    """States of the outbound messages, turns, events of messages, and how often it was delivered."""
    states = await here.pool.fetch(
        "SELECT state FROM agent.outbound WHERE conversation_id = $1 ORDER BY created_at, part",
        conversation,
    )
    events = await here.pool.fetch(
        "SELECT type FROM runtime.event_log WHERE conversation_id = $1 AND type LIKE 'message.%'"
        " ORDER BY position",
        conversation,
    )
    delivered = sum(
        one.delivered and one.data["conversation_id"] == conversation
        for one in server.record.received
    )
    return (
        [row["state"] for row in states],
        [turn[:2] for turn in await here.turns(conversation)],
        [row["type"] for row in events],
        delivered,
    )


async def meeting(here: Room, server: ChannelServer, steps: dict[str, Step]) -> dict[str, Shown]:
    """One conversation for each step, all at once: what each comes to."""
    server.then(*steps.values())
    async with speaking(here):
        for name, step in steps.items():
            channel = IMPATIENT if step.deed.startswith("late") else "whatsapp"
            await here.write("oi", conversation=name, channel=channel)
        await here.wait_quiet()
    return {name: await shown(here, server, name) for name in steps}


def steps(**deeds: Deed | tuple[Deed, dict[str, Any]]) -> dict[str, Step]:
    """A step for a conversation of each name."""
    found = {}
    for name, given in deeds.items():
        deed, more = given if isinstance(given, tuple) else (given, {})
        found[name] = Step(deed, conversation=name, **more)
    return found


RETRY_SOON = {"status": 429, "headers": {"retry-after": "1"}}


async def test_a_channel_that_takes_a_key_gets_each_answer_exactly_once(
    database_url: str, redis_url: str
) -> None:
    async with (
        channel_server() as server,
        room(database_url, redis_url, centurions=[_speaker(server)]) as here,
    ):
        found = await meeting(
            here,
            server,
            steps(
                well="accept",
                late="late",
                late_twice=("late", {"times": 2}),
                late_in_body="late_in_body",
                error_after="fail_after",
                error_before="fail_before",
                cut_after="cut_after",
                cut_before="cut_before",
                cut_in_status="cut_in_status",
                cut_in_body="cut_in_body",
                too_many=("refuse", RETRY_SOON),
            ),
        )
    assert found == dict.fromkeys(found, (*SENT, 1))


async def test_a_channel_without_keys_gets_each_answer_at_most_once(
    database_url: str, redis_url: str
) -> None:
    async with (
        channel_server(idempotent=False) as server,
        room(
            database_url,
            redis_url,
            # Whoever gives up too early does not know what it would have come to know.
            centurions=[_speaker(server, impatient_s=2.0, takes_idempotency_key=False)],
        ) as here,
    ):
        found = await meeting(
            here,
            server,
            steps(
                well="accept",
                late="late",
                late_in_body="late_in_body",
                error_after="fail_after",
                error_before="fail_before",
                cut_after="cut_after",
                cut_before="cut_before",
                cut_in_status="cut_in_status",
                cut_in_body="cut_in_body",
                too_many=("refuse", RETRY_SOON),
            ),
        )
    assert found == {
        "well": (*SENT, 1),
        "late": (*UNKNOWN, 1),
        "late_in_body": (*SENT, 1),
        "error_after": (*UNKNOWN, 1),
        "error_before": (*UNKNOWN, 0),
        "cut_after": (*UNKNOWN, 1),
        "cut_before": (*UNKNOWN, 0),
        "cut_in_status": (*UNKNOWN, 1),
        "cut_in_body": (*SENT, 1),
        "too_many": (*SENT, 1),
    }


async def test_what_a_channel_refuses_for_good_ends_the_turn(
    database_url: str, redis_url: str
) -> None:
    async with (
        channel_server() as server,
        room(database_url, redis_url, centurions=[_speaker(server)]) as here,
    ):
        found = await meeting(
            here,
            server,
            steps(
                refused="refuse",
                gone=("refuse", {"status": 410}),
                always_too_many=("refuse", {"status": 429, "times": 99}),
                always_lost=("fail_after", {"times": 99}),
                for_too_long=("refuse", {"status": 429, "headers": {"retry-after": "86400"}}),
            ),
        )
        asked = [one.data["conversation_id"] for one in server.record.received]
        failures = await here.pool.fetch(
            "SELECT conversation_id, version, body->'payload' AS payload FROM runtime.event_log"
            " WHERE type = 'message.failed'"
        )
    told = {row[0]: (row[1], orjson.loads(row[2])) for row in failures}
    assert {name: (version, payload["reason"]) for name, (version, payload) in told.items()} == {
        "refused": (2, "channel_refused"),
        "gone": (2, "channel_refused"),
        "always_too_many": (2, "channel_unreachable"),
        "for_too_long": (2, "channel_unreachable"),
    }
    assert "410" in told["gone"][1]["detail"]
    assert found == {
        "refused": (*REFUSED, 0),
        "gone": (*REFUSED, 0),
        "always_too_many": (*UNREACHABLE, 0),
        "always_lost": (*UNKNOWN, 1),
        "for_too_long": (*UNREACHABLE, 0),
    }
    assert {name: asked.count(name) for name in found} == {
        "refused": 1,
        "gone": 1,
        "always_too_many": 4,
        "always_lost": 4,
        "for_too_long": 1,
    }


async def test_a_long_wait_gives_the_turn_back_and_a_newer_message_does_not_shorten_it(
    database_url: str, redis_url: str
) -> None:
    wait = Step("refuse", status=429, headers={"retry-after": "600"})
    async with (
        channel_server() as server,
        room(database_url, redis_url, centurions=[_speaker(server)]) as here,
        speaking(here),
    ):
        server.then(wait)
        await here.write("oi")
        await here.wait_true(
            "SELECT EXISTS (SELECT FROM agent.turns WHERE retry_at > now() + interval '500 s'"
            " AND lease_until IS NULL)"
        )
        await here.write("alô?")
        await here.wait_true("SELECT last_position = 2 FROM agent.bursts")
        assert len(server.record.received) == 1
        await here.pool.execute("UPDATE agent.turns SET retry_at = now()")
        await here.wait_quiet()
        found = [turn[:2] for turn in await here.turns()]
        texts = [one.data["text"] for one in server.record.received if one.delivered]
    assert found == [("superseded", "newer_inbound"), ("replied", "answered")]
    assert texts == ["ouvi: oi\nalô?"]


async def test_a_secret_that_nobody_can_decrypt_sends_nothing_and_is_no_unknown(
    database_url: str, redis_url: str
) -> None:
    async with (
        channel_server() as server,
        room(
            database_url, redis_url, centurions=[_speaker(server, secret_encrypted="v1:no")]
        ) as here,
        speaking(here),
    ):
        await here.write("oi")
        await here.retry_at_once()
        assert server.record.received == []
        assert await shown(here, server, "c-1") == ([], [("failed", "gave_up")], [], 0)


async def test_an_answer_that_waited_is_too_late_by_the_company_s_own_measure(
    database_url: str, redis_url: str
) -> None:
    company = Company(id="acme", name="Acme", settings=CompanySettings(answer_within_s=600))
    async with (
        channel_server() as server,
        room(database_url, redis_url, centurions=[_speaker(server)], company=company) as here,
    ):
        late = steps(late=("refuse", {"status": 429, "headers": {"retry-after": "900"}}))
        assert await meeting(here, server, late) == {"late": (*UNREACHABLE, 0)}
