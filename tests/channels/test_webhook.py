"""What a webhook sends, and what it makes of an answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from standardwebhooks import Webhook

from runtime.channels.port import Fate, Sender, Sent
from runtime.channels.registry import open_senders
from runtime.channels.webhook import MAX_ANSWER_BYTES
from tests.channel_server.program import Step
from tests.channel_server.server import ChannelServer, channel_server
from tests.channels.conftest import NOON
from tests.channels.parts import SECRET, part, webhook

CONNECTS_WITHIN_S = 1.5
"""A time-out for what never answers, long enough to connect."""


@pytest.fixture
def sender(senders: Mapping[str, Sender]) -> Sender:
    return senders["webhook"]


async def outcome(
    sender: Sender, receiver: ChannelServer, step: Step, *, takes_key: bool = True
) -> Sent:
    """Of one send after which the receiver does that."""
    receiver.then(step)
    channel = webhook(receiver.url, takes_idempotency_key=takes_key, timeout_s=5)
    return await sender.send(part(), channel, SECRET)


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


async def test_the_answer_tells_the_providers_id(sender: Sender, receiver: ChannelServer) -> None:
    assert await outcome(sender, receiver, Step()) == Sent(
        Fate.SENT, "provider-1", detail="HTTP 200"
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[1]",
        '{"provider_message_id": 7}',
        '{"provider_message_id": ""}',
        '{"provider_message_id": "' + "x" * 201 + '"}',
        '{"provider_message_id": "x"}' + " " * MAX_ANSWER_BYTES,
    ],
    ids=["empty", "no_json", "a_list", "a_number", "an_empty_id", "a_long_id", "too_long"],
)
async def test_an_answer_without_a_usable_id_is_sent_all_the_same(
    body: str, sender: Sender, receiver: ChannelServer
) -> None:
    sent = await outcome(sender, receiver, Step(body=body))
    assert (sent.fate, sent.provider_message_id) == (Fate.SENT, None)


async def test_what_was_taken_stays_taken_when_the_answer_is_cut(
    sender: Sender, receiver: ChannelServer
) -> None:
    sent = await outcome(sender, receiver, Step("cut_in_body"))
    assert (sent.fate, sent.provider_message_id) == (Fate.SENT, None)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422])
async def test_a_refusal_is_final(status: int, sender: Sender, receiver: ChannelServer) -> None:
    step = Step("refuse", status=status, headers={"location": receiver.url})
    sent = await outcome(sender, receiver, step)
    assert sent == Sent(Fate.FAILED, detail=f"HTTP {status}")
    assert len(receiver.record.received) == 1, "a redirect is not followed"


@pytest.mark.parametrize("status", [408, 425, 429])
async def test_a_not_now_is_worth_another_try(
    status: int, sender: Sender, receiver: ChannelServer
) -> None:
    sent = await outcome(sender, receiver, Step("refuse", status=status), takes_key=False)
    assert sent == Sent(Fate.FAILED, detail=f"HTTP {status}", retryable=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Mon, 02 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
async def test_retry_after_says_when(
    status: int, told: str, wait_s: float, sender: Sender, receiver: ChannelServer
) -> None:
    step = Step("refuse", status=status, headers={"retry-after": told})
    sent = await outcome(sender, receiver, step, takes_key=False)
    assert sent == Sent(Fate.FAILED, detail=f"HTTP {status}", retryable=True, retry_after_s=wait_s)


@pytest.mark.parametrize("takes_key", [True, False])
async def test_an_unreadable_retry_after_says_nothing(
    takes_key: bool, sender: Sender, receiver: ChannelServer
) -> None:
    step = Step("refuse", status=503, headers={"retry-after": "soon"})
    sent = await outcome(sender, receiver, step, takes_key=takes_key)
    assert sent == Sent(Fate.UNKNOWN, detail="HTTP 503", retryable=takes_key)


@pytest.mark.parametrize("takes_key", [True, False])
@pytest.mark.parametrize(
    "deed", ["fail_before", "fail_after", "cut_before", "cut_after", "cut_in_status"]
)
async def test_an_error_or_a_cut_leaves_the_outcome_unknown(
    deed: str, takes_key: bool, sender: Sender, receiver: ChannelServer
) -> None:
    sent = await outcome(sender, receiver, Step(deed), takes_key=takes_key)  # type: ignore[arg-type]
    assert (sent.fate, sent.retryable) == (Fate.UNKNOWN, takes_key)


async def test_a_late_answer_leaves_the_outcome_unknown(
    sender: Sender, receiver: ChannelServer
) -> None:
    receiver.then(Step("late", times=2))
    channels = [
        webhook(receiver.url, takes_idempotency_key=takes_key, timeout_s=CONNECTS_WITHIN_S)
        for takes_key in (True, False)
    ]
    sends = (sender.send(part(), channel, SECRET) for channel in channels)
    assert await asyncio.gather(*sends) == [
        Sent(Fate.UNKNOWN, detail="TimeoutError", retryable=True),
        Sent(Fate.UNKNOWN, detail="TimeoutError", retryable=False),
    ]


async def test_what_was_taken_stays_taken_when_the_rest_of_the_answer_is_late(
    sender: Sender, receiver: ChannelServer
) -> None:
    receiver.then(Step("late_in_body"))
    channel = webhook(receiver.url, timeout_s=CONNECTS_WITHIN_S)
    sent = await sender.send(part(), channel, SECRET)
    assert sent == Sent(Fate.SENT, detail="HTTP 200")


async def test_a_conflict_means_that_the_first_try_may_still_run(
    sender: Sender, receiver: ChannelServer
) -> None:
    conflict = Step("refuse", status=409)
    sent = await outcome(sender, receiver, conflict)
    assert (sent.fate, sent.retryable) == (Fate.UNKNOWN, True)
    sent = await outcome(sender, receiver, conflict, takes_key=False)
    assert (sent.fate, sent.retryable) == (Fate.FAILED, False)


async def test_an_unknown_outcome_tried_again_delivers_once(
    sender: Sender, receiver: ChannelServer
) -> None:
    assert (await outcome(sender, receiver, Step("cut_after"))).fate is Fate.UNKNOWN
    assert await outcome(sender, receiver, Step()) == Sent(
        Fate.SENT, "provider-1", detail="HTTP 200"
    )
    assert receiver.record.deliveries() == [str(part().message_id)]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/hook?token=hush",
        "http://nobody.invalid/hush",
        "http://" + "a" * 64 + ".example/hush",
    ],
    ids=["refused", "no_such_host", "no_possible_host"],
)
async def test_what_was_never_reached_has_failed_for_now(address: str, sender: Sender) -> None:
    channel = webhook(address.format(port=free_port()), takes_idempotency_key=False)
    sent = await sender.send(part(), channel, SECRET)
    assert (sent.fate, sent.retryable) == (Fate.FAILED, True)
    assert "hush" not in sent.detail


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in held:
            writer.close()
        server.close()
        await server.wait_closed()


async def test_a_time_out_before_tls_stands_has_sent_nothing(sender: Sender) -> None:
    async with silent_server() as port:
        channel = webhook(f"https://127.0.0.1:{port}/", timeout_s=0.2)
        sent = await sender.send(part(), channel, SECRET)
    assert (sent.fate, sent.retryable) == (Fate.FAILED, True)


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


async def test_a_restarted_receiver_gets_the_next_message(sender: Sender) -> None:
    port = free_port()
    for number in (1, 2):
        async with channel_server(port=port) as server:
            channel = webhook(server.url, takes_idempotency_key=False)
            sent = await sender.send(part(number), channel, SECRET)
        assert sent.fate is Fate.SENT, "no connection of the former receiver is used again"
