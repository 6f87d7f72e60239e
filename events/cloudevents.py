"""CloudEvents 1.0 JSON as another way to write our envelope.

| CloudEvents | ours |
|---|---|
| `specversion` | must be `1.0` |
| `id`, `source`, `type` | the same |
| `time` | `occurred_at` |
| `data` | `payload` |
| `dataversion` (extension, integer) | `version`, 1 when absent |
| `companyid` | `company_id` |
| `conversationid`, else `subject` | `conversation_id` |
| `correlationid` | `correlation_id`, the event's `id` when absent |
| `causationid` | `causation_id` |

`datacontenttype`, if present, must be JSON; `data_base64` is refused. Other extension attributes
stay in the log's verbatim body and have no meaning here.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

from typing import Any

from events.errors import InvalidEvent, Reason

_SAME_NAME = ("id", "source", "type")
_RENAMED = {
    "time": "occurred_at",
    "data": "payload",
    "companyid": "company_id",
    "correlationid": "correlation_id",
    "causationid": "causation_id",
}


def is_cloudevent(body: dict[str, Any]) -> bool:
    """Whether the object says that it is a CloudEvent."""
    return "specversion" in body


def to_envelope(body: dict[str, Any]) -> dict[str, Any]:
    """The attributes of our envelope, still unchecked.

    Raises:
        InvalidEvent: another version of CloudEvents, or data that is not JSON.
    """
    if body["specversion"] != "1.0":
        raise _invalid("specversion", "must be '1.0'")
    if "data_base64" in body:
        raise _invalid("data_base64", "is not taken: data must be JSON")
    content_type = body.get("datacontenttype", "application/json")
    if not isinstance(content_type, str) or "json" not in content_type:
        raise _invalid("datacontenttype", "must be a JSON media type")
    envelope = {name: body[name] for name in _SAME_NAME if name in body}
    envelope |= {ours: body[theirs] for theirs, ours in _RENAMED.items() if theirs in body}
    envelope["version"] = body.get("dataversion", 1)
    envelope["conversation_id"] = body.get("conversationid", body.get("subject"))
    envelope.setdefault("correlation_id", body.get("id"))
    return envelope


def _invalid(field: str, detail: str) -> InvalidEvent:
    return InvalidEvent(Reason.INVALID_ENVELOPE, detail, field=field)
