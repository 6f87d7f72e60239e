"""The receiver of the tests: what it delivers, and what its record says."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from runtime.channels.port import Fate, Sender
from tests.channel_server.program import ACCEPTING, DEEDS, Program, Step
from tests.channel_server.record import read_record
from tests.channel_server.server import ChannelServer
from tests.channels.parts import SECRET, part, webhook

ROOT = Path(__file__).parent.parent.parent


async def test_an_idempotent_receiver_delivers_a_key_once_and_a_naive_one_each_time(
    senders: Mapping[str, Sender], receiver: ChannelServer
) -> None:
    ids = []
    for idempotent in (True, True, False):
        receiver.idempotent = idempotent
        sent = await senders["webhook"].send(part(), webhook(receiver.url), SECRET)
        ids.append(sent.provider_message_id)
    assert ids == ["provider-1", "provider-1", "provider-2"]
    assert receiver.record.deliveries() == [str(part().message_id)] * 2


@pytest.mark.parametrize("deed", sorted(set(DEEDS) - {"late", "late_in_body"}))
async def test_what_is_accepted_is_delivered_whatever_the_sender_is_told(
    deed: str, senders: Mapping[str, Sender], receiver: ChannelServer
) -> None:
    receiver.then(Step(deed))  # type: ignore[arg-type]
    await senders["webhook"].send(part(), webhook(receiver.url), SECRET)
    (received,) = receiver.record.received
    assert received.delivered is (deed in ACCEPTING)


async def test_a_late_answer_comes_when_it_is_released(
    senders: Mapping[str, Sender], receiver: ChannelServer
) -> None:
    receiver.then(Step("late"))
    sending = asyncio.create_task(senders["webhook"].send(part(), webhook(receiver.url), SECRET))
    await receiver.wait_received(1)
    assert not sending.done()
    receiver.release()
    assert (await sending).fate is Fate.SENT


def test_a_step_serves_its_conversation_so_many_times() -> None:
    program = Program([Step("refuse", times=2, conversation="c-2"), Step("late")])
    deeds = [program.next(c).deed for c in ("c-1", "c-2", "c-1", "c-2", "c-2")]
    assert deeds == ["late", "refuse", "accept", "refuse", "accept"]


async def test_as_a_process_it_is_steered_over_http_and_leaves_its_record(
    senders: Mapping[str, Sender], tmp_path: Path
) -> None:
    file = tmp_path / "record.jsonl"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.channel_server", "--port", "0", "--record", str(file), "--naive"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        base = url.removesuffix("/hook")
        async with aiohttp.ClientSession() as http:
            told = {"steps": [{"deed": "fail_after"}]}
            async with http.post(f"{base}/_program", json=told) as answer:
                assert answer.status == 200
            async with http.post(f"{base}/_program", json={"steps": [{"deed": "x"}]}) as answer:
                assert answer.status == 422
            for _ in range(2):
                await senders["webhook"].send(part(), webhook(url), SECRET)
            async with http.get(f"{base}/_record") as answer:
                assert await answer.read() == file.read_bytes()
    finally:
        process.terminate()
        assert await process.wait() == 0
    received = read_record(file)
    assert [(one.number, one.answered, one.delivered) for one in received] == [
        (1, 500, True),
        (2, 200, True),
    ]
    assert received[0].data["text"] == part().text
