"""From what is to be said to the payload that an endpoint sends."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from tests.model_server import chat, errors, responses
from tests.model_server.brain import Reply
from tests.model_server.content import Content, content_of
from tests.model_server.embeddings import DEFAULT_DIMENSIONS, in_base64, vector_of
from tests.model_server.misbehaviours import WITHOUT_SENSE, Kind, Misbehave
from tests.model_server.protocol import Endpoint, Seen, count_tokens, embedding_inputs
from tests.model_server.records import Call
from tests.model_server.sending import (
    Payload,
    broken,
    error_payload,
    json_payload,
    stream_payload,
    text_payload,
)

_BYTES_A_TOKEN = 1000
_BYTES_A_SECOND = 4000


def refusal_of(seen: Seen, misbehave: Misbehave) -> errors.Refusal | None:
    """The error that a misbehaviour is, if it is one."""
    kind = misbehave.kind
    if kind in WITHOUT_SENSE[seen.endpoint]:
        return errors.Refusal(500, f"{kind} makes no sense for {seen.endpoint}", code="programming")
    plain = {
        Kind.RATE_LIMITED: errors.rate_limited(seen.model, {}),
        Kind.INSUFFICIENT_QUOTA: errors.insufficient_quota(),
        Kind.UNAUTHORIZED: errors.unknown_key(seen.key),
        Kind.FORBIDDEN: errors.forbidden(),
        Kind.MODEL_NOT_FOUND: errors.model_not_found(seen.model),
        Kind.BAD_REQUEST: errors.bad_request("Your request is invalid."),
        Kind.SERVER_ERROR: errors.server_error(),
        Kind.UNAVAILABLE: errors.unavailable(),
    }.get(kind)
    if plain is None:
        return None
    return errors.Refusal(
        plain.status,
        misbehave.message or plain.message,
        type=plain.type,
        param=plain.param,
        code=misbehave.code or plain.code,
        headers=plain.headers,
    )


def error_answer(call: Call, refusal: errors.Refusal) -> Payload:
    """An error, entered into the call."""
    call.answered = refusal.message
    call.error_code = refusal.code
    return error_payload(refusal)


def answer(
    call: Call, seen: Seen, reply: Reply, misbehave: Misbehave | None, models: Iterable[str]
) -> Payload:
    """A well-formed answer, or what a misbehaviour makes of it, entered into the call."""
    if seen.endpoint in (Endpoint.CHAT, Endpoint.RESPONSES):
        payload = _content(call, seen, content_of(seen, reply.text, misbehave))
    elif seen.endpoint is Endpoint.MODELS:
        payload = _models(seen, models)
    elif misbehave is not None and misbehave.kind is Kind.NOT_JSON:
        call.answered = "This is not JSON."
        payload = text_payload(call.answered)
    elif misbehave is not None and misbehave.kind is Kind.WRONG_SCHEMA:
        call.answered = '{"unexpected": [1, 2, 3]}'
        payload = json_payload({"unexpected": [1, 2, 3]})
    elif seen.endpoint is Endpoint.EMBEDDINGS:
        payload = _embeddings(call, seen, reply, empty=_is_empty(misbehave))
    else:
        payload = _transcription(call, seen, "" if _is_empty(misbehave) else reply.text)
    malformed = misbehave is not None and misbehave.kind is Kind.MALFORMED_BODY
    return broken(payload) if malformed else payload


def _is_empty(misbehave: Misbehave | None) -> bool:
    return misbehave is not None and misbehave.kind is Kind.EMPTY


def _content(call: Call, seen: Seen, content: Content) -> Payload:
    call.answered = content.said
    if content.failure is not None:
        call.error_code, call.answered = content.failure
    call.usage = {"input_tokens": content.input_tokens, "output_tokens": content.output_tokens}
    if seen.endpoint is Endpoint.CHAT:
        call.answer_id = f"chatcmpl-{secrets.token_hex(14)}"
        if seen.stream:
            return stream_payload(list(chat.chunks(seen, content, call.answer_id)))
        return json_payload(chat.completion(seen, content, call.answer_id))
    call.answer_id = f"resp_{secrets.token_hex(25)}"
    if seen.stream:
        return stream_payload(list(responses.events(seen, content, call.answer_id)))
    return json_payload(responses.response(seen, content, call.answer_id))


def _models(seen: Seen, models: Iterable[str]) -> Payload:
    found = [_model(name) for name in models]
    if seen.model:
        return json_payload(_model(seen.model))
    return json_payload({"object": "list", "data": found})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1686935002, "owned_by": "system"}


def _embeddings(call: Call, seen: Seen, reply: Reply, *, empty: bool) -> Payload:
    inputs = embedding_inputs(seen.body)
    size = int(seen.body.get("dimensions") or DEFAULT_DIMENSIONS)
    vectors = reply.vectors
    if vectors is None:
        vectors = [vector_of(text, size) for text in inputs]
    if empty:
        vectors = []
    packed = seen.body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": in_base64(one) if packed else list(one)}
        for at, one in enumerate(vectors)
    ]
    tokens = sum(count_tokens(text) for text in inputs)
    call.answered = f"{len(data)} vectors"
    call.usage = {"input_tokens": tokens, "output_tokens": 0}
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_payload({"object": "list", "data": data, "model": seen.model, "usage": usage})


def _transcription(call: Call, seen: Seen, text: str) -> Payload:
    assert seen.audio is not None
    size = len(seen.audio.content)
    heard = size // _BYTES_A_TOKEN + 1
    said = count_tokens(text)
    call.answered = text
    call.usage = {"input_tokens": heard, "output_tokens": said}
    seconds = size / _BYTES_A_SECOND
    form = seen.body.get("response_format", "json")
    if form == "text":
        return text_payload(text + "\n")
    by_duration = {"type": "duration", "seconds": int(seconds) + 1}
    if form == "verbose_json":
        language = seen.body.get("language", "portuguese")
        spoken = {"task": "transcribe", "language": language, "duration": seconds}
        return json_payload({**spoken, "text": text, "segments": [], "usage": by_duration})
    if seen.model.startswith("whisper"):
        return json_payload({"text": text, "usage": by_duration})
    usage = {
        "type": "tokens",
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": said,
        "total_tokens": heard + said,
    }
    return json_payload({"text": text, "usage": usage})
