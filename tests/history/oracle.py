"""What a conversation looks like after some events, from the JSON bodies alone.

No code of the project is used: the rules are written down a second time, in plain Python.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]
IN = {
    f"message_received.{kind}"
    for kind in (
        *("text", "audio", "image", "document", "video"),
        *("location", "contact", "interactive", "unsupported"),
    )
}
HANDOFF = {
    f"handoff.{step}" for step in ("requested", "accepted", "completed", "expired", "failed")
}
ENDED = {"handoff.completed", "handoff.expired", "handoff.failed"}
LEAD = {
    f"lead.{step}" for step in ("created", "fact_recorded", "scored", "qualified", "disqualified")
}
STATUS = ["message.unknown", "message.failed", "message.delivered", "message.read"]
LEVELS = ["sent", "unknown", "failed", "delivered", "read"]
READS = {
    "conversations": IN
    | HANDOFF
    | {"message.sent", "contact.opted_out", "contact.opted_in", "contact.erased"},
    "messages": IN
    | {*STATUS, "message.sent", "memory.cleaned", "contact.erased"}
    | {"message_received.transcribed", "message_received.described"},
    "leads": LEAD | {"message.sent", "handoff.accepted", "contact.erased"},
    "handoffs": HANDOFF | {"contact.erased"},
}


def state_of(events: list[tuple[int, Body]], *, messages: int) -> dict[str, Any]:
    """`events`: position and body, in order. `stopped` has each read model's first bad position."""
    taken: dict[str, list[tuple[int, Body]]] = {}
    stopped: dict[str, int] = {}
    for name, types in READS.items():
        taken[name] = []
        for position, body in events:
            if body["type"] not in types:
                continue
            if not isinstance(body.get("payload"), dict) or body["version"] > _newest(body):
                stopped[name] = position
                break
            taken[name].append((position, cleaned(body)))
    return {
        "state": conversation([body for _, body in taken["conversations"]]),
        "leads": leads([body for _, body in taken["leads"]]),
        "handoffs": handoffs([body for _, body in taken["handoffs"]]),
        "messages": transcript(taken["messages"])[-messages:],
        "stopped": stopped,
    }


def _newest(body: Body) -> int:
    """The newest version of the event's type that there is."""
    return 2 if body["type"] == "message.failed" or body["type"].startswith("rag.") else 1


def cleaned(value: Any) -> Any:
    """Postgres cannot hold U+0000 in a text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    return value


def when(body: Body) -> datetime:
    return datetime.fromisoformat(body["occurred_at"]).astimezone(UTC)


def conversation(bodies: list[Body]) -> dict[str, Any] | None:
    if not bodies:
        return None
    state: dict[str, Any] = dict.fromkeys(
        ("channel", "contact_id", "contact_name", "centurion_id", "handoff_id", "unanswered_since")
    )
    state |= {"owner": "bot", "status": "answered", "opted_out": False}
    for body in bodies:
        type_, payload = body["type"], body["payload"]
        if type_ in IN or type_ == "message.sent":
            _spoken(state, body)
        elif type_ == "contact.erased":
            gone = ("contact_id", "contact_name", "handoff_id", "unanswered_since")
            state |= dict.fromkeys(gone) | {"owner": "closed", "status": "closed"}
        elif type_ in ("contact.opted_out", "contact.opted_in"):
            state["opted_out"] = type_ == "contact.opted_out"
        elif state["owner"] == "closed":
            continue
        elif type_ == "handoff.requested":
            state["status"] = "handoff_requested"
        elif type_ == "handoff.accepted" or state["handoff_id"] in (None, payload["handoff_id"]):
            accepted = type_ == "handoff.accepted"
            state["owner"] = "human" if accepted else "bot"
            state["handoff_id"] = payload["handoff_id"] if accepted else None
            state["status"] = "answered" if state["unanswered_since"] is None else "waiting"
    received = [when(b) for b in bodies if b["type"] in IN]
    sent = [when(b) for b in bodies if b["type"] == "message.sent"]
    return state | {
        "received_count": len(received),
        "sent_count": len(sent),
        "first_seen_at": when(bodies[0]),
        "last_inbound_at": received[-1] if received else None,
        "last_outbound_at": sent[-1] if sent else None,
    }


def _spoken(state: dict[str, Any], body: Body) -> None:
    payload, inbound = body["payload"], body["type"] in IN
    state["channel"], state["contact_id"] = payload["channel"], payload["contact"]["id"]
    state["contact_name"] = payload["contact"].get("name") or state["contact_name"]
    if state["status"] != "handoff_requested":
        state["status"] = "waiting" if inbound else "answered"
    if not inbound:
        state["unanswered_since"] = None
        state["owner"] = "human" if payload.get("by") == "human" else state["owner"]
        return
    state["unanswered_since"] = state["unanswered_since"] or when(body)
    state["centurion_id"] = payload.get("centurion_id") or state["centurion_id"]
    state["owner"] = "bot" if state["owner"] == "closed" else state["owner"]


def transcript(events: list[tuple[int, Body]]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    known: list[tuple[str | None, str | None, str]] = []
    for position, body in events:
        type_, payload = body["type"], body["payload"]
        if type_ in IN | {"message.sent"}:
            if payload["message_id"] not in rows:
                rows[payload["message_id"]] = _message(position, body)
                _merge(rows[payload["message_id"]], known)
        elif type_ in STATUS:
            known.append((payload.get("message_id"), payload.get("provider_message_id"), type_))
            for row in _named(rows, payload):
                _raise(row, type_)
        elif type_ in ("message_received.transcribed", "message_received.described"):
            if payload["message_id"] in rows and rows[payload["message_id"]]["media"]:
                rows[payload["message_id"]]["transcript"] = payload["text"]
        elif type_ == "memory.cleaned":
            for message_id in payload["message_ids"] if payload["scope"] == "messages" else []:
                if message_id in rows:
                    rows[message_id]["archived"] = True
        else:
            for row in rows.values():
                row |= {"text": None, "transcript": None, "media": False}
    ordered = sorted(rows.values(), key=lambda row: row["position"])
    hidden = ("position", "media", "transcript", "provider")
    return [
        {
            **{name: value for name, value in row.items() if name not in hidden},
            "text": row["transcript"] if row["text"] is None else row["text"],
        }
        for row in ordered
    ]


def _message(position: int, body: Body) -> dict[str, Any]:
    payload, inbound = body["payload"], body["type"] in IN
    media = payload.get("media")
    text = payload.get("text")
    if text is None and media is not None:
        text = media.get("caption")
    out_kind = "media" if media else "text"
    return {
        "position": position,
        "occurred_at": when(body),
        "direction": "in" if inbound else "out",
        "sent_by": None if inbound else payload.get("by"),
        "kind": body["type"].split(".")[1] if inbound else out_kind,
        "text": text,
        "status": "received" if inbound else "sent",
        "message_id": payload["message_id"],
        "archived": False,
        "media": media is not None,
        "transcript": None,
        "provider": None if inbound else payload.get("provider_message_id"),
    }


def _merge(row: dict[str, Any], known: list[tuple[str | None, str | None, str]]) -> None:
    for message_id, provider, type_ in known:
        if message_id == row["message_id"] or (provider and provider == row["provider"]):
            _raise(row, type_)


def _named(rows: dict[str, dict[str, Any]], payload: Body) -> list[dict[str, Any]]:
    if payload.get("message_id") is not None:
        return [row for name, row in rows.items() if name == payload["message_id"]]
    provider = payload["provider_message_id"]
    return [row for row in rows.values() if row["provider"] == provider]


def _raise(row: dict[str, Any], type_: str) -> None:
    status = type_.split(".")[1]
    if row["direction"] == "out" and LEVELS.index(status) > LEVELS.index(row["status"]):
        row["status"] = status


def leads(bodies: list[Body]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    created: dict[str, datetime] = {}
    for body in bodies:
        type_, payload, at = body["type"], body["payload"], when(body)
        if type_ not in LEAD:
            _follow(found.values(), type_)
            continue
        lead = found.setdefault(payload["lead_id"], _new_lead(payload["lead_id"]))
        if type_ == "lead.created":
            created.setdefault(payload["lead_id"], at)
        elif type_ == "lead.fact_recorded":
            _fact(lead["facts"], payload, at)
        else:
            lead |= {name: payload[name] for name in ("score", "threshold", "rules_hash")}
            lead["criteria"] = [{"evidence": None, **one} for one in payload["criteria"]]
            if type_ == "lead.qualified":
                lead["qualified_at"] = lead["qualified_at"] or at
            if type_ != "lead.scored" and lead["stage"] != "handed_off":
                lead["stage"] = type_.split(".")[1]
    late = datetime.max.replace(tzinfo=UTC)
    return sorted(found.values(), key=lambda r: (created.get(r["lead_id"], late), r["lead_id"]))


def _new_lead(lead_id: str) -> dict[str, Any]:
    empty = dict.fromkeys(("score", "threshold", "rules_hash", "qualified_at"))
    return {"lead_id": lead_id, "stage": "new", "facts": {}, "criteria": [], **empty}


def _fact(facts: dict[str, Any], payload: Body, at: datetime) -> None:
    name = payload["name"]
    if name in facts and facts[name]["by"] == "human" and payload["by"] != "human":
        return
    kept = ("value", "evidence", "event_id", "confidence", "by")
    facts[name] = {**{key: payload[key] for key in kept}, "at": at.isoformat()}


def _follow(rows: Any, type_: str) -> None:
    for lead in rows:
        if type_ == "handoff.accepted":
            lead["stage"] = "handed_off"
        elif type_ == "contact.erased":
            lead |= {"facts": {}, "criteria": []}
        elif lead["stage"] == "new":
            lead["stage"] = "contacted"


def handoffs(bodies: list[Body]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for body in (b for b in bodies if b["type"] in HANDOFF):
        type_, payload, at = body["type"], body["payload"], when(body)
        row = found.setdefault(
            payload["handoff_id"],
            {
                "handoff_id": payload["handoff_id"],
                "status": type_.split(".")[1],
                "reason": payload["reason"],
                **dict.fromkeys(("requested_by", "requested_at", "accepted_by", "accepted_at")),
                "ended_at": None,
            },
        )
        if row["ended_at"] is not None:
            continue
        if type_ in ENDED:
            row["status"], row["ended_at"] = type_.split(".")[1], at
        elif type_ == "handoff.accepted":
            row["status"] = "accepted"
            if row["accepted_at"] is None:
                row |= {"accepted_at": at, "accepted_by": payload["by"]}
        elif row["requested_at"] is None:
            row |= {"requested_at": at, "requested_by": payload["by"]}
            row["reason"] = payload["reason"]
    late = datetime.max.replace(tzinfo=UTC)
    return sorted(found.values(), key=lambda r: (r["requested_at"] or late, r["handoff_id"]))
