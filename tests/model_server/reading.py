"""From an HTTP request to what it says, and why the API would refuse it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.model_server import errors, strict_schemas
from tests.model_server.protocol import (
    Audio,
    Endpoint,
    Seen,
    asked_schema,
    chat_messages,
    embedding_inputs,
    responses_messages,
)

_AUDIO = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
MAX_AUDIO_BYTES = 25 * 1024 * 1024
_NEEDED = {
    Endpoint.CHAT: ("model", "messages"),
    Endpoint.RESPONSES: ("model", "input"),
    Endpoint.EMBEDDINGS: ("model", "input"),
    Endpoint.TRANSCRIPTIONS: ("file", "model"),
    Endpoint.MODELS: (),
}
_LIMITS_OF_TOKENS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom and what the server lets in."""

    keys: Collection[str]
    models: Collection[str] | None
    """None: any model."""


@dataclass(slots=True)
class Reading:
    """A request as far as it could be read, and the refusal that it earns."""

    seen: Callable[[int], Seen]
    refusal: errors.Refusal | None = None


@dataclass(slots=True)
class _Parts:
    body: dict[str, Any] = field(default_factory=dict)
    audio: Audio | None = None


async def read(request: web.Request, endpoint: Endpoint, admission: Admission) -> Reading:
    """Read a request whole; every fault is in `refusal`, none is raised."""
    key, refusal = _key(request, admission)
    parts = _Parts()
    try:
        parts = await _parts(request, endpoint)
        _check(_seen(request, endpoint, key, parts)(0), admission)
    except errors.Refused as refused:
        refusal = refusal or refused.refusal
    except (AttributeError, TypeError) as fault:
        refusal = refusal or errors.bad_request(f"Invalid type in the request: {fault}")
        parts = _Parts()
    return Reading(_seen(request, endpoint, key, parts), refusal)


def _key(request: web.Request, admission: Admission) -> tuple[str, errors.Refusal | None]:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return "", errors.no_key()
    return key, None if key in admission.keys else errors.unknown_key(key)


async def _parts(request: web.Request, endpoint: Endpoint) -> _Parts:
    if endpoint is Endpoint.MODELS:
        return _Parts({"model": request.match_info.get("model", "")})
    if endpoint is Endpoint.TRANSCRIPTIONS:
        return await _form(request)
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise errors.Refused(
            errors.bad_request("We could not parse the JSON body of your request.")
        )
    return _Parts(body)


async def _form(request: web.Request) -> _Parts:
    if request.content_type != "multipart/form-data":
        raise errors.Refused(errors.bad_request("Could not parse multipart form"))
    parts = _Parts()
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            content = value.file.read()
            parts.audio = Audio(value.filename, value.content_type, content)
            parts.body[name] = value.filename
        else:
            parts.body[name] = value
    return parts


def _seen(
    request: web.Request, endpoint: Endpoint, key: str, parts: _Parts
) -> Callable[[int], Seen]:
    body = parts.body
    limits = [body[name] for name in _LIMITS_OF_TOKENS if body.get(name) is not None]
    fields: dict[str, Any] = {
        "model": str(body.get("model", "")),
        "messages": _messages(endpoint, body),
        "schema": asked_schema(endpoint, body),
        "stream": body.get("stream") in (True, "true"),
        "max_tokens": limits[0] if limits else None,
        "metadata": body.get("metadata") or {},
        "headers": {
            name.lower(): value
            for name, value in request.headers.items()
            if name.lower() != "authorization"
        },
        "body": body,
        "audio": parts.audio,
    }
    return lambda number: Seen(number=number, endpoint=endpoint, key=key, **fields)


def _messages(endpoint: Endpoint, body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if endpoint is Endpoint.CHAT:
        return tuple(chat_messages(body))
    if endpoint is Endpoint.RESPONSES:
        return tuple(responses_messages(body))
    if endpoint is Endpoint.EMBEDDINGS:
        return tuple(("input", text) for text in embedding_inputs(body))
    return (("prompt", body["prompt"]),) if body.get("prompt") else ()


def _check(seen: Seen, admission: Admission) -> None:
    for name in _NEEDED[seen.endpoint]:
        if seen.body.get(name) in (None, "", []):
            raise errors.Refused(errors.missing_parameter(name))
    if seen.model and admission.models is not None and seen.model not in admission.models:
        raise errors.Refused(errors.model_not_found(seen.model))
    if seen.schema is not None and (fault := strict_schemas.fault(seen.endpoint, seen.schema)):
        raise errors.Refused(fault)
    if seen.endpoint is Endpoint.CHAT and seen.metadata and not seen.body.get("store"):
        raise errors.Refused(
            errors.bad_request(
                "The 'metadata' parameter is only allowed when 'store' is enabled.", "metadata"
            )
        )
    if seen.audio is not None:
        _check_audio(seen.audio)


def _check_audio(audio: Audio) -> None:
    if len(audio.content) > MAX_AUDIO_BYTES:
        raise errors.Refused(
            errors.Refusal(413, f"Maximum content size limit ({MAX_AUDIO_BYTES}) exceeded")
        )
    if audio.filename.rpartition(".")[2].lower() not in _AUDIO:
        raise errors.Refused(
            errors.bad_request(
                f"Unrecognized file format. Supported formats: {list(_AUDIO)}", "file"
            )
        )
