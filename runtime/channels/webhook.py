"""The channel that always ships: a signed POST of JSON to the centurion's own URL.

The body and the `Idempotency-Key` are the same at each attempt, so that a receiver can tell a
repetition; only `webhook-timestamp`, and with it the signature, is that of the attempt. An outcome
speaks of one attempt: a `FAILED` after an `UNKNOWN` does not say that the first one failed.
`docs/reference/channels.md` describes it for those who receive.
"""

from __future__ import annotations

import asyncio
import re
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
_ID = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
"""What events take as an identifier; any other answer is as good as none."""
_USER_AGENT = "agent-runtime"
_KEPT_S = 4.0
"""Receivers close what is idle for longer than that, five seconds the soonest of those that are common."""


@dataclass(slots=True)
class _Attempt:
    """How far a request came.

    Before a connection stood, nothing can have gone out; once there is an outcome, nothing that
    happens to the rest of the answer takes it back.
    """

    connected: bool = False
    on_a_kept_one: bool = False
    outcome: Sent | None = None


async def _on_connected(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.connected = True


async def _on_reused(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    attempt: _Attempt = context.trace_request_ctx
    attempt.connected = attempt.on_a_kept_one = True


@dataclass(frozen=True, slots=True)
class WebhookSessions:
    """The clients for all webhooks of the process.

    They know no proxies, cookies or passwords of the surroundings. Where a message may be repeated
    under its key, connections are kept for a moment (`keeping`): the next one needs no handshake.
    Elsewhere each request has a connection of its own (`apart`): a kept one that the receiver closed
    meanwhile would turn a message that certainly did not go out into one of which nobody knows.
    """

    keeping: aiohttp.ClientSession
    apart: aiohttp.ClientSession


@asynccontextmanager
async def webhook_sessions(*, connections: int = 100) -> AsyncIterator[WebhookSessions]:
    """Both, closed at the end; each has so many connections at the most."""
    keeping = aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEPT_S)
    apart = aiohttp.TCPConnector(limit=connections, force_close=True)
    async with _session(keeping) as one, _session(apart) as other:
        yield WebhookSessions(one, other)


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_on_connected)
    trace.on_connection_reuseconn.append(_on_reused)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        trace_configs=[trace],
        trust_env=False,
        # The bound on an answer's size is one on what it unfolds to.
        auto_decompress=False,
        headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
    )


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
    """Sends on channels of kind `webhook`. `sessions` are those of `webhook_sessions`."""

    def __init__(self, sessions: WebhookSessions, *, now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._now = now

    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        """One POST, redirects not followed. `secret` is `whsec_<base64>`; without it, no signature.

        The outcome is that of `runtime.channels.outcomes`. A kept connection that is lost before an answer
        was most likely closed by a receiver that had nothing to do: then the POST is repeated at once, on
        one of its own, under the same key.
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
                return await self._offered(channel, body, headers, attempt)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # A ValueError is a host's name that no resolver can be asked for.
            return attempt.outcome or unanswered(
                _told(error),
                connected=attempt.connected,
                takes_idempotency_key=channel.takes_idempotency_key,
            )

    async def _offered(
        self, channel: Channel, body: bytes, headers: dict[str, str], attempt: _Attempt
    ) -> Sent:
        if channel.takes_idempotency_key:
            try:
                return await self._post(self._sessions.keeping, channel, body, headers, attempt)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not attempt.on_a_kept_one or attempt.outcome is not None:
                    raise
        return await self._post(self._sessions.apart, channel, body, headers, attempt)

    async def _post(
        self,
        session: aiohttp.ClientSession,
        channel: Channel,
        body: bytes,
        headers: dict[str, str],
        attempt: _Attempt,
    ) -> Sent:
        async with session.post(
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
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def _told(error: Exception) -> str:
    """What failed, without the address: its path or user may be a secret."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{type(error).__name__}: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error).__name__
