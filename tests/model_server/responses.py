"""The shapes of responses and of the events that stream one.

Source: https://developers.openai.com/api/reference/resources/responses, and
https://developers.openai.com/api/reference/resources/responses/streaming-events.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.model_server.content import Content
from tests.model_server.protocol import Seen, pieces

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response(seen: Seen, content: Content, answer_id: str) -> dict[str, Any]:
    """The whole answer. Without content its output has no item."""
    now = int(time.time())
    status = "incomplete" if content.cut_by else "completed"
    error = None
    if content.failure is not None:
        status = "failed"
        error = {"code": content.failure[0], "message": content.failure[1]}
    output = [_message(content, answer_id, status)] if content.said else []
    return {
        **_asked(seen),
        "id": answer_id,
        "object": "response",
        "created_at": now,
        "completed_at": now if status == "completed" else None,
        "status": status,
        "error": error,
        "incomplete_details": {"reason": _REASONS[content.cut_by]} if content.cut_by else None,
        "output": output,
        "usage": _usage(content),
    }


def events(seen: Seen, content: Content, answer_id: str) -> Iterator[bytes]:
    """The answer as server-sent events, numbered from 0."""
    for number, (name, fields) in enumerate(_events(seen, content, answer_id)):
        data = {"type": name, "sequence_number": number, **fields}
        yield f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _events(seen: Seen, content: Content, answer_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = response(seen, content, answer_id)
    begun = {
        **whole,
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for item in whole["output"]:
        yield from _item_events(content, item)
    yield f"response.{whole['status']}", {"response": whole}


def _item_events(content: Content, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of the only item, with its only part."""
    begun = {**item, "status": "in_progress", "content": []}
    yield "response.output_item.added", {"output_index": 0, "item": begun}
    at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    empty = Content("", refusal=None if content.refusal is None else "")
    yield "response.content_part.added", {**at, "part": _part(empty)}
    refuses = content.refusal is not None
    name = "response.refusal" if refuses else "response.output_text"
    more: dict[str, Any] = {} if refuses else {"logprobs": []}
    for piece in pieces(content.said):
        yield f"{name}.delta", {**at, "delta": piece, **more}
    yield f"{name}.done", {**at, "refusal" if refuses else "text": content.said, **more}
    yield "response.content_part.done", {**at, "part": _part(content)}
    yield "response.output_item.done", {"output_index": 0, "item": item}


def _message(content: Content, answer_id: str, status: str) -> dict[str, Any]:
    return {
        "id": answer_id.replace("resp_", "msg_"),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [_part(content)],
    }


def _part(content: Content) -> dict[str, Any]:
    if content.refusal is not None:
        return {"type": "refusal", "refusal": content.refusal}
    return {"type": "output_text", "text": content.text, "annotations": [], "logprobs": []}


def _usage(content: Content) -> dict[str, Any]:
    return {
        "input_tokens": content.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": content.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": content.input_tokens + content.output_tokens,
    }


def _asked(seen: Seen) -> dict[str, Any]:
    """What a response repeats of its request, or the defaults."""
    defaults: dict[str, Any] = {
        "background": False,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
    }
    asked = {name: seen.body.get(name, default) for name, default in defaults.items()}
    return {**asked, "model": seen.model}
