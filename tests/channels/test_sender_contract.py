"""What every sender keeps to, whatever it sends on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import get_args

import pytest

from runtime.channels.port import Fate, Sender
from runtime.companies.config import Channel
from tests.channel_server.server import ChannelServer
from tests.channels.parts import SECRET, part, webhook

KINDS: tuple[str, ...] = get_args(Channel.model_fields["kind"].annotation)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def channel(kind: str, receiver: ChannelServer) -> Channel:
    return webhook(receiver.url) if kind == "webhook" else Channel(kind="log")


def test_every_kind_of_channel_has_a_sender(senders: Mapping[str, Sender]) -> None:
    assert set(senders) == set(KINDS)


async def test_what_was_taken_is_sent(
    kind: str, channel: Channel, senders: Mapping[str, Sender]
) -> None:
    sent = await senders[kind].send(part(), channel, SECRET)
    assert sent.fate is Fate.SENT
    assert not sent.retryable


async def test_the_same_again_has_the_same_outcome(
    kind: str, channel: Channel, senders: Mapping[str, Sender]
) -> None:
    first = await senders[kind].send(part(), channel, SECRET)
    assert await senders[kind].send(part(), channel, SECRET) == first


async def test_many_are_sent_at_once(
    kind: str, channel: Channel, senders: Mapping[str, Sender]
) -> None:
    parts = [part(number) for number in range(1, 31)]
    sent = await asyncio.gather(*(senders[kind].send(one, channel, SECRET) for one in parts))
    assert {one.fate for one in sent} == {Fate.SENT}


@pytest.mark.parametrize("text", ["", "\x00\u2028</script>", "é" * 65536])
async def test_any_text_is_sent(
    text: str, kind: str, channel: Channel, senders: Mapping[str, Sender]
) -> None:
    sent = await senders[kind].send(part(text=text), channel, None)
    assert sent.fate is Fate.SENT


async def test_no_secret_is_told(
    kind: str,
    channel: Channel,
    senders: Mapping[str, Sender],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for secret in (SECRET, "whsec_not-base64-hush", "hush-hush"):
        sent = await senders[kind].send(part(), channel, secret)
        said = caplog.text + capsys.readouterr().out + repr(sent)
        assert SECRET.removeprefix("whsec_") not in said
        assert "hush" not in said
