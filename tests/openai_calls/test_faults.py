"""What a connection's faults say: whether the model may have been asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import httpx2
import openai
import pytest

from runtime.agent.reasons import Reason
from runtime.openai.clients import Clients
from runtime.openai.errors import CallFault
from runtime.openai.faults import translated
from tests.openai_calls.test_clients import credentials

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def _cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _fault(url: str) -> CallFault:
    clients, deadline_s = Clients(), 0.2
    try:
        async with clients.lease(credentials(base_url=url)) as client:
            async with asyncio.timeout(deadline_s):
                await client.models.list()
    except (openai.OpenAIError, TimeoutError) as error:
        return translated(error, now=NOW, api_key="sk-test")
    finally:
        await clients.aclose()
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    ("answers", "reason", "detail"),
    [
        (_close, Reason.OPENAI_UNAVAILABLE, "ServerDisconnectedError"),
        (_cut, Reason.OPENAI_UNAVAILABLE, "ClientPayloadError"),
        (_say_nothing, Reason.OPENAI_TIMEOUT, "no answer in time"),
    ],
)
async def test_a_server_that_had_the_request_may_have_had_it_paid(
    answers: Answering, reason: Reason, detail: str
) -> None:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await _fault(f"http://127.0.0.1:{port}/v1")
    assert (found.reason, found.may_have_cost, found.retryable) == (reason, True, True)
    assert detail in found.detail


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
async def test_a_connection_that_was_not_made_certainly_cost_nothing(host: str) -> None:
    found = await _fault(f"http://{host}/v1")
    assert (found.reason, found.may_have_cost, found.retryable) == (
        Reason.OPENAI_UNAVAILABLE,
        False,
        True,
    )


async def test_nor_does_one_that_took_too_long_to_be_made() -> None:
    def fails(_request: httpx2.Request) -> httpx2.Response:
        # As the transport passes it on.
        raise httpx2.TimeoutException("") from aiohttp.ConnectionTimeoutError()

    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(fails))
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url="http://x/v1", http_client=http_client, max_retries=0
    ) as client:
        with pytest.raises(openai.APITimeoutError) as caught:
            await client.models.list()
    found = translated(caught.value, now=NOW, api_key="sk-test")
    assert (found.reason, found.may_have_cost) == (Reason.OPENAI_UNAVAILABLE, False)


async def test_no_key_stands_in_what_is_told_not_even_in_part() -> None:
    message = "Incorrect API key provided: sk-pr********abcd. our-odd-key, https://u:p@x/"
    answer = httpx2.Response(401, json={"error": {"message": message + "y" * 500}})
    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _request: answer))
    async with openai.AsyncOpenAI(
        api_key="our-odd-key", base_url="http://x/v1", http_client=http_client, max_retries=0
    ) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()
    told = translated(caught.value, now=NOW, api_key="our-odd-key").detail
    assert told.startswith("HTTP 401")
    assert not any(part in told for part in ("abcd", "our-odd-key", "u:p@"))
    assert len(told) == 300
