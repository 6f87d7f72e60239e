"""The shapes of chat completions.

Source: https://developers.openai.com/api/reference/resources/chat (object and streaming).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.model_server.content import Content
from tests.model_server.protocol import Seen, pieces


def usage(content: Content) -> dict[str, Any]:
    """What it cost."""
    return {
        "prompt_tokens": content.input_tokens,
        "completion_tokens": content.output_tokens,
        "total_tokens": content.input_tokens + content.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def completion(seen: Seen, content: Content, answer_id: str) -> dict[str, Any]:
    """The whole answer."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": content.text if content.refusal is None else None,
        "refusal": content.refusal,
        "annotations": [],
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(content),
    }
    return {
        **_head(seen, answer_id, "chat.completion"),
        "choices": [choice],
        "usage": usage(content),
    }


def chunks(seen: Seen, content: Content, answer_id: str) -> Iterator[bytes]:
    """The answer as server-sent events."""
    head = _head(seen, answer_id, "chat.completion.chunk")
    with_usage = bool((seen.body.get("stream_options") or {}).get("include_usage"))
    if with_usage:
        head["usage"] = None
    field = "content" if content.refusal is None else "refusal"
    yield _chunk(head, {"role": "assistant", "content": "", "refusal": None}, None)
    for piece in pieces(content.said):
        yield _chunk(head, {field: piece}, None)
    yield _chunk(head, {}, _finish_reason(content))
    if with_usage:
        yield _event({**head, "choices": [], "usage": usage(content)})
    yield b"data: [DONE]\n\n"


def _head(seen: Seen, answer_id: str, name: str) -> dict[str, Any]:
    return {
        "id": answer_id,
        "object": name,
        "created": int(time.time()),
        "model": seen.model,
        "service_tier": "default",
        "system_fingerprint": "fp_model_server",
    }


def _finish_reason(content: Content) -> str:
    return content.cut_by or "stop"


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event({**head, "choices": [choice]})


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
