"""The record holds every call, in memory, over HTTP and on disk, whatever dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import openai
import pytest

from tests.model_server.brain import Reply
from tests.model_server.official_client import official_client
from tests.model_server.process import running_model_server
from tests.model_server.protocol import Seen
from tests.model_server.records import read_record
from tests.model_server.server import ModelServer, ServerSettings


async def test_the_record_is_the_same_in_memory_over_http_and_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    async with ModelServer(settings=ServerSettings(record=path)) as server:
        async with official_client(server.base_url, strict=False) as client:
            await client.responses.create(model="m", input="Olá\u2028linha")
            await client.embeddings.create(model="m", input=["a", "b"])
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{server.url}/_record") as answer,
        ):
            shown = (await answer.json())["calls"]
        assert read_record(path) == server.calls
        assert [call["messages"] for call in shown] == [
            [["user", "Olá\u2028linha"]],
            [["input", "a"], ["input", "b"]],
        ]
        assert [(call["arrived"], call["finished"]) for call in shown] == [(1, 2), (3, 4)]
        assert "authorization" not in shown[0]["headers"]


async def test_a_record_is_continued_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    settings = ServerSettings(record=path)
    async with ModelServer(settings=settings) as server, official_client(server.base_url) as client:
        await client.models.list()
    with path.open("a") as file:
        file.write('{"number": 2, "arriv')
    async with ModelServer(settings=settings) as server, official_client(server.base_url) as client:
        await client.models.list()
        assert [(call.number, call.arrived) for call in server.calls] == [(1, 1), (2, 3)]
    assert [call.number for call in read_record(path)] == [1, 2]


def shout(seen: Seen) -> Reply:
    """A brain that a process is started with."""
    return Reply(seen.last_user_text.upper())


async def test_a_process_thinks_with_the_brain_that_it_is_given() -> None:
    async with (
        running_model_server("--brain", "tests.model_server.test_records:shout") as server,
        official_client(server.base_url) as client,
    ):
        assert (await client.responses.create(model="m", input="oi")).output_text == "OI"


async def test_a_process_is_programmed_and_read_over_http(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    flags = ("--record", str(path), "--delay-ms", "1-3", "--seed", "7", "--model", "m")
    async with running_model_server(*flags) as server, official_client(server.base_url) as client:
        await server.program(
            {
                "queue": ["insufficient_quota", None],
                "rules": [
                    {
                        "misbehave": {"kind": "rate_limited", "retry_after": "2"},
                        "endpoint": "embeddings",
                        "times": 1,
                    }
                ],
                "keys": {"add": ["sk-new"]},
            }
        )
        with pytest.raises(openai.RateLimitError) as caught:
            await client.responses.create(model="m", input="Hi")
        assert caught.value.code == "insufficient_quota"
        await client.responses.create(model="m", input="Hi")
        with pytest.raises(openai.RateLimitError) as caught:
            await client.embeddings.create(model="m", input="Hi")
        assert caught.value.response.headers["retry-after"] == "2"
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(model="other", input="Hi")
        async with official_client(server.base_url, key="sk-new") as other:
            await other.models.list()
        calls = await server.calls()
        assert calls == read_record(path)
        assert [call.status for call in calls] == [429, 200, 429, 404, 200]


@pytest.mark.parametrize(
    "given",
    [{"queue": ["no_such_kind"]}, {"rules": [{"misbehave": "slow", "colour": 1}]}, {"queues": []}],
)
async def test_a_program_that_is_not_understood_is_refused_whole(
    server: ModelServer, given: dict[str, object]
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/_program", json=given | {"keys": {"add": ["sk-new"]}}) as answer,
    ):
        assert answer.status == 400
    assert "sk-new" not in server.keys


async def test_a_killed_process_leaves_the_call_that_was_in_progress(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    async with (
        running_model_server("--record", str(path)) as server,
        official_client(server.base_url) as client,
    ):
        await client.models.list()
        await server.program({"queue": ["never_answers"]})
        asking = asyncio.ensure_future(client.responses.create(model="m", input="Hi"))
        while len(await server.calls()) < 2:
            assert not asking.done()
        server.process.kill()
        with pytest.raises(openai.APIConnectionError):
            await asking
    assert [(call.number, call.finished) for call in read_record(path)] == [(1, 2), (2, None)]
