"""Translates the client's errors, once, by class and status: what passes and what does not."""

from __future__ import annotations

import re
from datetime import datetime

import aiohttp
import httpx2
import openai

from runtime.agent.reasons import Reason
from runtime.openai.errors import CallFault
from runtime.openai.rate_headers import reset_s, retry_after_s
from runtime.redaction import MASK, Redactor

_MAX_DETAIL = 300
_PASSING = {408, 409}
_KEY = re.compile(r"\b(?:sk|sess|pk)-[\w*.-]{3,}")
"""A key, also one that the server shows in part."""


def translated(
    error: openai.OpenAIError | TimeoutError | httpx2.HTTPError, *, now: datetime, api_key: str
) -> CallFault:
    """The fault that an error of the client's stands for, without the key; `now` is aware."""
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, now, api_key)
    first = _first(error)
    not_made = isinstance(first, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    if not not_made and isinstance(first, TimeoutError):
        return CallFault(
            Reason.OPENAI_TIMEOUT, "no answer in time", retryable=True, may_have_cost=True
        )
    return CallFault(
        Reason.OPENAI_UNAVAILABLE,
        f"the connection failed: {type(first).__name__}",
        retryable=True,
        may_have_cost=not not_made,
    )


def _first(error: BaseException) -> BaseException:
    """The error of aiohttp's own, where there is one: what the client makes of it tells less.

    The transport between them calls a connection that broke under a request one that took too long
    to be made (openai/_vendor/httpx_aiohttp/transport.py).
    """
    while not isinstance(error, aiohttp.ClientError | TimeoutError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _of_status(error: openai.APIStatusError, now: datetime, api_key: str) -> CallFault:
    status = error.status_code
    told = f"HTTP {status}: {error.code or error.type or ''} {error.message}"
    detail = _KEY.sub(MASK, Redactor([api_key]).text(told))[:_MAX_DETAIL]
    asked = retry_after_s(error.response.headers, now=now)
    if status in {401, 403}:
        return CallFault(Reason.OPENAI_KEY_REJECTED, detail, status=status)
    if status == 429 and "insufficient_quota" in {error.code, error.type}:
        return CallFault(Reason.OPENAI_QUOTA_EXHAUSTED, detail, status=status)
    if status == 429:
        if asked is None:
            asked = reset_s(error.response.headers)
        return CallFault(
            Reason.OPENAI_RATE_LIMITED, detail, status=status, retryable=True, retry_after_s=asked
        )
    if status == 400 and error.code == "content_filter":
        return CallFault(Reason.OPENAI_REFUSED, detail, status=status)
    if status >= 500 or status in _PASSING:
        return CallFault(
            Reason.OPENAI_UNAVAILABLE, detail, status=status, retryable=True, retry_after_s=asked
        )
    return CallFault(Reason.OPENAI_REQUEST_INVALID, detail, status=status)
