"""The channel that always ships: a signed POST of JSON to the centurion's own URL.

The body and the `Idempotency-Key` are the same at each attempt, so that a receiver can tell a
repetition; only `webhook-timestamp`, and with it the signature, is that of the attempt. An outcome
speaks of one attempt: a `FAILED` after an `UNKNOWN` does not say that the first one failed.
`docs/reference/channels.md` describes it for those who receive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
from yarl import URL

from runtime.channels.outcomes import answered, unanswered
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.channels.signature import SecretInvalid, signed_headers
from runtime.companies.config import Channel

MAX_ANSWER_BYTES = 64 * 1024
_MAX_ID_CHARS = 200
_USER_AGENT = "agent-runtime"


@dataclass(slots=True)
class _Attempt:
    """How far a request came.

    Before a connection stood, nothing can have gone out; once there is an outcome, nothing that
    happens to the rest of the answer takes it back.
    """

    connected: bool = False
    outcome: Sent | None = None


async def _on_connected(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.connected = True


@asynccontextmanager
async def webhook_session(*, connections: int = 100) -> AsyncIterator[aiohttp.ClientSession]:
    """The client for all webhooks of the process, closed at the end.

    It knows no proxies, cookies or passwords of the surroundings. Each request has a connection of
    its own: a kept one that the receiver closed meanwhile would turn a message that certainly did
    not go out into one of which nobody knows.
    """
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_on_connected)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trace_configs=[trace],
        trust_env=False,
        # The bound on an answer's size is one on what it unfolds to.
        auto_decompress=False,
        headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
    ) as session:
        yield session


def body_of(part: OutboundPart) -> bytes:
    """The JSON that is posted; the same part gives the same bytes."""
    contact = part.contact
    known = {"name": contact.name, "phone": contact.phone, "email": contact.email}
    data = {
        # As text: asyncpg's ids are a subclass of UUID, which orjson does not take.
        "message_id": str(part.message_id),
        "company_id": part.company_id,
        "conversation_id": part.conversation_id,
        "centurion_id": part.centurion_id,
        "channel": part.channel,
        "contact": {"id": contact.id, **{k: v for k, v in known.items() if v is not None}},
        "text": part.text,
        "turn_id": str(part.turn_id),
        "part": part.part,
        "parts": part.parts,
    }
    return orjson.dumps({"type": "message.outbound", "data": data})


class WebhookSender:
    """Sends on channels of kind `webhook`. `session` is that of `webhook_session`."""

    def __init__(self, session: aiohttp.ClientSession, *, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now

    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        """One POST, redirects not followed. `secret` is `whsec_<base64>`; without it, no signature.

        The outcome is that of `runtime.channels.outcomes`.
        """
        body, key = body_of(part), str(part.message_id)
        try:
            signed = signed_headers(
                secret, message_id=key, timestamp_s=int(self._now().timestamp()), body=body
            )
        except SecretInvalid as error:
            return Sent(Fate.FAILED, detail=str(error))
        headers = {**signed, "idempotency-key": key, "content-type": "application/json"}
        attempt = _Attempt()
        try:
            async with asyncio.timeout(channel.timeout_s):
                return await self._post(channel, body, headers, attempt)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # A ValueError is a host's name that no resolver can be asked for.
            return attempt.outcome or unanswered(
                _told(error),
                connected=attempt.connected,
                takes_idempotency_key=channel.takes_idempotency_key,
            )

    async def _post(
        self, channel: Channel, body: bytes, headers: dict[str, str], attempt: _Attempt
    ) -> Sent:
        async with self._session.post(
            # As it is configured: a receiver may sign or route by its exact form.
            URL(str(channel.url), encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            trace_request_ctx=attempt,
        ) as response:
            outcome = attempt.outcome = answered(
                response.status,
                response.headers,
                takes_idempotency_key=channel.takes_idempotency_key,
                now=self._now(),
            )
            if outcome.fate is not Fate.SENT:
                return outcome
            return replace(outcome, provider_message_id=await _provider_message_id(response))


async def _provider_message_id(response: aiohttp.ClientResponse) -> str | None:
    """The id in a JSON answer; None where there is none, or the answer is too long."""
    try:
        await response.content.readexactly(MAX_ANSWER_BYTES + 1)
    except asyncio.IncompleteReadError as whole:
        raw = whole.partial
    else:
        return None
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    found = answer.get("provider_message_id") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= _MAX_ID_CHARS else None


def _told(error: Exception) -> str:
    """What failed, without the address: its path or user may be a secret."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{type(error).__name__}: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error).__name__
