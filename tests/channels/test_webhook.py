"""What a webhook sends, and how."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from asyncpg.pgproto import pgproto
from standardwebhooks import Webhook

from runtime.channels.port import Fate, Sender
from runtime.channels.registry import open_senders
from tests.channel_server.program import Step
from tests.channel_server.server import ChannelServer, channel_server
from tests.channels.conftest import NOON
from tests.channels.parts import SECRET, part, webhook
from tests.channels.wires import closing_wire, free_port, wire

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


async def test_the_body_tells_the_message_and_nothing_of_the_attempt(
    sender: Sender, receiver: ChannelServer
) -> None:
    for _ in range(2):
        await sender.send(part(), webhook(receiver.url), SECRET)
    first, second = receiver.record.received
    assert first.body == second.body
    assert orjson.loads(first.body) == {
        "type": "message.outbound",
        "data": {
            "message_id": "0190a000-0000-7000-8000-000000000001",
            "company_id": "acme",
            "conversation_id": "c-1",
            "centurion_id": "ana",
            "channel": "whatsapp",
            "contact": {"id": "5511987654321", "name": "Ana"},
            "text": "Olá! Custa R$ 1.500,00 👍🏽",
            "turn_id": "0190a000-0000-7000-8000-00000000000a",
            "part": 1,
            "parts": 2,
        },
    }


async def test_ids_as_the_database_gives_them_are_told_as_text(
    sender: Sender, receiver: ChannelServer
) -> None:
    given = part()
    as_read = replace(
        given,
        message_id=pgproto.UUID(str(given.message_id)),
        turn_id=pgproto.UUID(str(given.turn_id)),
    )
    sent = await sender.send(as_read, webhook(receiver.url), SECRET)
    assert sent.fate is Fate.SENT
    data = orjson.loads(receiver.record.received[0].body)["data"]
    assert data["message_id"] == str(given.message_id)
    assert data["turn_id"] == str(given.turn_id)


async def test_the_message_id_is_the_idempotency_key(
    sender: Sender, receiver: ChannelServer
) -> None:
    await sender.send(part(7), webhook(receiver.url), SECRET)
    headers = receiver.record.received[0].headers
    assert headers["idempotency-key"] == headers["webhook-id"] == str(part(7).message_id)
    assert headers["content-type"] == "application/json"


async def test_the_signature_is_over_id_time_and_body(
    sender: Sender, receiver: ChannelServer
) -> None:
    await sender.send(part(), webhook(receiver.url), SECRET)
    received = receiver.record.received[0]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{part().message_id}.{int(NOON.timestamp())}.{received.body}".encode()
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert received.headers["webhook-signature"] == f"v1,{expected}"
    assert received.headers["webhook-timestamp"] == str(int(NOON.timestamp()))


async def test_the_standard_library_accepts_the_signature(receiver: ChannelServer) -> None:
    async with open_senders(now=lambda: datetime.now(UTC)) as senders:
        await senders["webhook"].send(part(), webhook(receiver.url), SECRET)
    received = receiver.record.received[0]
    told = Webhook(SECRET).verify(received.body, received.headers)
    assert told["data"]["text"] == part().text


async def test_without_a_secret_nothing_is_signed(sender: Sender, receiver: ChannelServer) -> None:
    await sender.send(part(), webhook(receiver.url), None)
    headers = receiver.record.received[0].headers
    assert "webhook-signature" not in headers
    assert "webhook-id" in headers


@pytest.mark.parametrize(
    "secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_é", "whsec_a"]
)
async def test_a_secret_of_another_form_sends_nothing(
    secret: str, sender: Sender, receiver: ChannelServer
) -> None:
    sent = await sender.send(part(), webhook(receiver.url), secret)
    assert (sent.fate, sent.retryable) == (Fate.FAILED, False)
    assert receiver.record.received == []


async def test_a_cancelled_send_ends_at_once(sender: Sender, receiver: ChannelServer) -> None:
    receiver.then(Step("late"))
    sending = asyncio.create_task(sender.send(part(), webhook(receiver.url), SECRET))
    await receiver.wait_received(1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_no_proxy_of_the_environment_is_used(
    receiver: ChannelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with open_senders(now=lambda: NOON) as senders:
        sent = await senders["webhook"].send(part(), webhook(receiver.url), SECRET)
    assert sent.fate is Fate.SENT


@pytest.mark.parametrize(("takes_key", "connections"), [(True, 1), (False, 2)])
async def test_a_connection_is_kept_only_where_a_message_may_be_repeated(
    sender: Sender, takes_key: bool, connections: int
) -> None:
    async with wire(ANSWER) as (url, ports):
        for number in (1, 2):
            channel = webhook(url, takes_idempotency_key=takes_key)
            sent = await sender.send(part(number), channel, SECRET)
            assert sent.fate is Fate.SENT
    assert len(ports) == connections


async def test_a_kept_connection_that_was_closed_is_no_reason_to_wait(sender: Sender) -> None:
    async with closing_wire(ANSWER) as (url, numbers):
        for number in (1, 2):
            sent = await sender.send(part(number), webhook(url), SECRET)
            assert sent.fate is Fate.SENT
    # The second one on the kept connection, and again on its own.
    assert numbers == [1, 2, 1]


async def test_what_may_have_come_by_a_kept_connection_is_not_called_failed(
    sender: Sender,
) -> None:
    """Nobody listens any more when it is sent again."""
    async with closing_wire(ANSWER, gone=True) as (url, _):
        await sender.send(part(1), webhook(url), SECRET)
        sent = await sender.send(part(2), webhook(url), SECRET)
    assert (sent.fate, sent.retryable) == (Fate.UNKNOWN, True)


async def test_the_address_is_used_as_it_is_configured(
    sender: Sender, receiver: ChannelServer
) -> None:
    base = receiver.url.removesuffix("/hook")
    await sender.send(part(), webhook(f"{base}/a%2Fb/%41?key=%7e+%20x"), SECRET)
    assert receiver.record.received[0].path == "/a%2Fb/%41?key=%7e+%20x"


async def test_no_cookie_is_kept(sender: Sender, receiver: ChannelServer) -> None:
    receiver.then(Step(headers={"set-cookie": "session=of-another-company"}))
    channel = webhook(receiver.url.replace("127.0.0.1", "localhost"))
    for number in (1, 2):
        assert (await sender.send(part(number), channel, SECRET)).fate is Fate.SENT
    assert "cookie" not in receiver.record.received[1].headers


async def test_a_restarted_receiver_gets_the_next_message(sender: Sender) -> None:
    port = free_port()
    for number in (1, 2):
        async with channel_server(port=port) as server:
            channel = webhook(server.url, takes_idempotency_key=False)
            sent = await sender.send(part(number), channel, SECRET)
        assert sent.fate is Fate.SENT, "no connection of the former receiver is used again"
