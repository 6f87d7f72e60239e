"""What a connection's faults say: whether the model may have been asked."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import openai
import pytest

from runtime.agent.reasons import Reason
from runtime.openai.faults import translated

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "reason", "may_have_cost"),
    [
        (httpx2.ConnectError, Reason.OPENAI_UNAVAILABLE, False),
        (httpx2.ConnectTimeout, Reason.OPENAI_UNAVAILABLE, False),
        (httpx2.ReadTimeout, Reason.OPENAI_TIMEOUT, True),
        (httpx2.ReadError, Reason.OPENAI_UNAVAILABLE, True),
    ],
)
async def test_only_a_connection_that_was_not_made_certainly_cost_nothing(
    fault: type[httpx2.TransportError], reason: Reason, may_have_cost: bool
) -> None:
    def fails(_request: httpx2.Request) -> httpx2.Response:
        raise fault("as the transport says it")

    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(fails))
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url="http://x/v1", http_client=http_client, max_retries=0
    ) as client:
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.models.list()
    found = translated(caught.value, now=NOW, api_key="sk-test")
    assert (found.reason, found.may_have_cost, found.retryable) == (reason, may_have_cost, True)


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
