"""One request's way back to its client, whole or broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.model_server.errors import Refusal
from tests.model_server.misbehaviours import Kind, Misbehave

LIMITS = {
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "1999000",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "30ms",
}
"""The headers of every answer but a refusal of the key."""
_BROKEN_EVENT = b'data: {"id": "\n\n'


@dataclass(frozen=True, slots=True)
class Payload:
    """An answer: one document, or the events of a stream."""

    parts: Sequence[bytes]
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False


def json_payload(value: object) -> Payload:
    """A JSON document."""
    return Payload([json.dumps(value, ensure_ascii=False).encode()])


def text_payload(text: str) -> Payload:
    """Plain text."""
    return Payload([text.encode()], content_type="text/plain; charset=utf-8")


def stream_payload(parts: Sequence[bytes]) -> Payload:
    """Server-sent events."""
    return Payload(parts, content_type="text/event-stream; charset=utf-8", stream=True)


def error_payload(refusal: Refusal) -> Payload:
    """An error of OpenAI's."""
    body = json.dumps(refusal.body).encode()
    return Payload([body], status=refusal.status, headers=refusal.headers)


def broken(payload: Payload) -> Payload:
    """The payload with malformed JSON in it, of the right length."""
    half = len(payload.parts) // 2
    if payload.stream:
        parts = [*payload.parts[:half], _BROKEN_EVENT]
    else:
        parts = [payload.parts[0][: len(payload.parts[0]) // 2]]
    return Payload(parts, content_type=payload.content_type, stream=payload.stream)


async def send(
    request: web.Request,
    payload: Payload,
    *,
    request_id: str,
    misbehave: Misbehave | None,
) -> web.StreamResponse:
    """Send the payload, the whole or as much of it as the misbehaviour lets through.

    Raises:
        ConnectionResetError: the client has left.
        asyncio.CancelledError: so it has, while the server waited.
    """
    answer = web.StreamResponse(status=payload.status, headers=_headers(payload, request_id))
    if misbehave is not None:
        answer.headers.update(misbehave.headers())
    parts = payload.parts
    if not payload.stream:
        answer.content_length = len(parts[0])
    cut = misbehave is not None and misbehave.kind is Kind.CUT_IN_BODY
    if cut:
        parts = parts[: len(parts) // 2] if payload.stream else [parts[0][: len(parts[0]) // 2]]
    await answer.prepare(request)
    for part in parts:
        if misbehave is not None and misbehave.pause_ms:
            await asyncio.sleep(misbehave.pause_ms / 1000)
        await answer.write(part)
    if cut:
        hang_up(request)
    else:
        await answer.write_eof()
    return answer


def hang_up(request: web.Request) -> None:
    """End the connection after what was written."""
    if request.transport is not None:
        request.transport.close()


def reset(request: web.Request) -> web.StreamResponse:
    """End the connection without a status line; the answer it returns goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _headers(payload: Payload, request_id: str) -> dict[str, Any]:
    limits = {} if payload.status == 401 else LIMITS
    return {
        "content-type": payload.content_type,
        "x-request-id": request_id,
        "openai-version": "2020-10-01",
        "openai-processing-ms": "10",
        **limits,
        **payload.headers,
    }
