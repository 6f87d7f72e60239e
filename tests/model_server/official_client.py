"""The official client for plain HTTP, with nothing taken from the environment or retried."""

from __future__ import annotations

from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from tests.model_server.server import DEFAULT_KEY

CLIENT_TIMEOUT_S = 20


def official_client(base_url: str, *, key: str = DEFAULT_KEY, strict: bool = True) -> AsyncOpenAI:
    """A client to be closed by who made it; `strict`, it validates whatever shape it gets.

    By itself it takes any shape, and asks for embeddings in a form that validation refuses.
    """
    return AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        timeout=CLIENT_TIMEOUT_S,
        # Reading the certificates of authorities takes a tenth of a second, for nothing here.
        http_client=DefaultAsyncHttpxClient(verify=False, trust_env=False),
        _strict_response_validation=strict,
    )
