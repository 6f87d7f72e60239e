"""What a webhook makes of an answer, or of none."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from runtime.channels.port import Fate, Sender, Sent
from runtime.channels.webhook import MAX_ANSWER_BYTES
from tests.channel_server.program import Step
from tests.channel_server.server import ChannelServer
from tests.channels.parts import SECRET, part, webhook
from tests.channels.wires import free_port, silent_server, wire

CONNECTS_WITHIN_S = 1.5
"""A time-out for what never answers, long enough to connect."""


async def outcome(
    sender: Sender, receiver: ChannelServer, step: Step, *, takes_key: bool = True
) -> Sent:
    """Of one send after which the receiver does that."""
    receiver.then(step)
    channel = webhook(receiver.url, takes_idempotency_key=takes_key, timeout_s=5)
    return await sender.send(part(), channel, SECRET)


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
        '{"provider_message_id": "wamid.1\\n"}',
        '{"provider_message_id": "wamid\\u0000"}',
        '{"provider_message_id": "' + "x" * 201 + '"}',
        '{"provider_message_id": "x"}' + " " * MAX_ANSWER_BYTES,
    ],
    ids=[
        "empty",
        "no_json",
        "a_list",
        "a_number",
        "an_empty_id",
        "a_line",
        "a_nul",
        "a_long_id",
        "too_long",
    ],
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


@pytest.mark.parametrize("told", ["soon", "Mon, 02 Nov 99999999999999999999 12:00:30 GMT"])
@pytest.mark.parametrize("takes_key", [True, False])
async def test_an_unreadable_retry_after_says_nothing(
    told: str, takes_key: bool, sender: Sender, receiver: ChannelServer
) -> None:
    step = Step("refuse", status=503, headers={"retry-after": told})
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


async def test_a_time_out_before_tls_stands_has_sent_nothing(sender: Sender) -> None:
    async with silent_server() as port:
        channel = webhook(f"https://127.0.0.1:{port}/", timeout_s=0.2)
        sent = await sender.send(part(), channel, SECRET)
    assert (sent.fate, sent.retryable) == (Fate.FAILED, True)


async def test_an_answer_is_not_unpacked(sender: Sender, receiver: ChannelServer) -> None:
    packed = gzip.compress(b'{"provider_message_id": "x"}')
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
    async with wire(head.encode() + packed) as (url, _):
        sent = await sender.send(part(), webhook(url), SECRET)
    assert (sent.fate, sent.provider_message_id) == (Fate.SENT, None)
    await sender.send(part(), webhook(receiver.url), SECRET)
    assert receiver.record.received[0].headers["accept-encoding"] == "identity"


async def test_nonsense_leaves_the_outcome_unknown(sender: Sender) -> None:
    async with wire(b"SSH-2.0-OpenSSH\r\n\r\n") as (url, _):
        sent = await sender.send(part(), webhook(url), SECRET)
    assert (sent.fate, sent.retryable) == (Fate.UNKNOWN, True)
