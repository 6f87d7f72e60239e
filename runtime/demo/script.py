"""Turns the written conversations of `conversations.txt` into domain events.

A head `# company | phone | name` begins a conversation; then come lines `+seconds who: text`. Ids come
from the text alone, so that showing the demo twice publishes the same events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson

from events.catalogue import CATALOGUE
from events.identity import event_id_for

_LINE = re.compile(r"\+(\d+) ([a-z]+): ?(.*)")
_START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_CHANNEL = "whatsapp"


@dataclass(frozen=True, slots=True)
class Line:
    """One written line; `after_s` counts from the line before."""

    after_s: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One written conversation."""

    company_id: str
    phone: str
    name: str
    lines: tuple[Line, ...]


def conversations() -> list[Conversation]:
    """All written conversations, in the file's order.

    Raises:
        ValueError: a line is not of the form; the message names it.
    """
    text = files("runtime.demo").joinpath("conversations.txt").read_text(encoding="utf-8")
    return [_read(block) for block in re.split(r"\n(?=#)", text.strip())]


def bodies(written: list[Conversation]) -> list[bytes]:
    """Events of all conversations, interleaved in time, as a producer publishes them."""
    timed = [
        timed for number, one in enumerate(written) for timed in _Telling(one, number).events()
    ]
    timed.sort(key=lambda item: item[0])
    return [body for _, body in timed]


def _read(block: str) -> Conversation:
    head, *rest = block.strip().splitlines()
    parts = [part.strip() for part in head.removeprefix("#").split("|")]
    if len(parts) != 3 or not head.startswith("#"):
        raise ValueError(f"not a conversation's head: {head!r}")
    lines = []
    for written in filter(None, map(str.strip, rest)):
        match = _LINE.fullmatch(written)
        if match is None:
            raise ValueError(f"not a line of a conversation: {written!r}")
        lines.append(Line(int(match[1]), match[2], match[3].strip()))
    company_id, phone, name = parts
    return Conversation(company_id, phone, name, tuple(lines))


@dataclass
class _Telling:
    """A conversation being told: what later lines need of earlier ones."""

    written: Conversation
    number: int
    at: datetime = field(init=False)
    step: int = 0
    inbound: dict[str, Any] | None = None
    handoff_id: str = ""
    facts: int = 0

    def __post_init__(self) -> None:
        self.at = _START + timedelta(seconds=37 * self.number)

    def events(self) -> Iterator[tuple[datetime, bytes]]:
        """(time, body) in order; a duplicate repeats its body a moment later."""
        first = True
        for line in self.written.lines:
            self.at += timedelta(seconds=line.after_s)
            for event in self._told(line):
                if first:
                    first = False
                    yield self._dumped(self._event("lead.created", self._lead(channel=_CHANNEL)))
                yield self._dumped(event)

    def _dumped(self, event: dict[str, Any]) -> tuple[datetime, bytes]:
        return self.at, orjson.dumps(event)

    def _told(self, line: Line) -> Iterator[dict[str, Any]]:
        kind, text = line.who, line.text
        if kind == "dup":
            if self.inbound is not None:
                yield self.inbound
        elif kind in ("c", "audio", "image", "location"):
            yield from self._received(kind, text)
        elif kind in ("b", "h"):
            yield from self._sent(text, by="bot" if kind == "b" else "human")
        elif kind in ("hit", "gap"):
            yield self._event(
                "rag.retrieved" if kind == "hit" else "rag.no_match", self._query(kind, text)
            )
        else:
            yield self._event(*self._other(kind, text))

    def _received(self, kind: str, text: str) -> Iterator[dict[str, Any]]:
        message_id = f"wamid.{self.written.phone}.{self.step + 1}"
        base = {"message_id": message_id, "channel": _CHANNEL, "contact": self._contact()}
        media = {"audio": "audio/ogg", "image": "image/jpeg"}
        if kind == "c":
            self.inbound = self._event("message_received.text", {**base, "text": text})
        elif kind == "location":
            content = {"address": text}
            self.inbound = self._event("message_received.location", {**base, "content": content})
        else:
            file = {"url": f"https://media.example/{message_id}", "mime_type": media[kind]}
            self.inbound = self._event(f"message_received.{kind}", {**base, "media": file})
        yield self.inbound
        if kind in media:
            made = "transcribed" if kind == "audio" else "described"
            payload = {"message_id": message_id, "text": text, "model": "gpt-5.4-mini"}
            yield self._event(f"message_received.{made}", payload)

    def _sent(self, text: str, *, by: str) -> Iterator[dict[str, Any]]:
        turn_id = f"turn-{self.written.phone}-{self.step + 1}"
        message_id = f"out-{self.written.phone}-{self.step + 1}"
        base = {"message_id": message_id, "channel": _CHANNEL, "contact": self._contact()}
        covers = [self.inbound["id"]] if self.inbound is not None else []
        if by == "bot":
            tokens = 900 + 4 * len(text)
            used = {
                "prompt": tokens,
                "completion": len(text) // 3,
                "total": tokens + len(text) // 3,
            }
            call = {"purpose": "reply", "model": "gpt-5.4-mini", "credential_set_id": "demo"}
            cost = f"{used['total'] * 0.0000004:.7f}"
            yield self._event(
                "openai.call_completed", {**call, "tokens": used, "cost": cost, "ms": 640}
            )
        yield self._event("message.sent", {**base, "text": text, "by": by, "turn_id": turn_id})
        yield self._event("message.delivered", {"message_id": message_id, "at": _time(self.at)})
        if by == "bot":
            done = {"turn_id": turn_id, "covers": covers, "outcome": "replied", "ms": 900}
            yield self._event("turn.completed", {**done, "reason": "answered"})

    def _other(self, kind: str, text: str) -> tuple[str, dict[str, Any]]:
        if kind == "fact":
            return "lead.fact_recorded", self._fact(text)
        if kind in ("qualified", "disqualified"):
            return f"lead.{kind}", self._scoring(kind, text)
        if kind in ("request", "accept", "complete"):
            return self._handoff(kind, text)
        if kind in ("followup", "canceled"):
            step = "scheduled" if kind == "followup" else "canceled"
            due = _time(self.at + timedelta(days=1))
            named = {"followup_id": f"f-{self.written.phone}-{text}", "rule": text, "attempt": 1}
            return f"followup.{step}", {**named, "due_at": due}
        if kind == "optout":
            wish = {"contact": self._contact(), "channel": _CHANNEL, "evidence": text}
            return "contact.opted_out", {**wish, "event_id": self._inbound_id()}
        raise ValueError(f"nobody is called {kind!r} in a conversation")

    def _fact(self, text: str) -> dict[str, Any]:
        name, _, value = text.partition("=")
        quote = self.inbound["payload"].get("text", value) if self.inbound else value
        return {
            "lead_id": self._lead()["lead_id"],
            "name": name.strip(),
            "value": value.strip(),
            "evidence": quote,
            "event_id": self._inbound_id(),
            "confidence": 0.9,
            "by": "llm",
        }

    def _scoring(self, kind: str, text: str) -> dict[str, Any]:
        score, _, summary = text.partition(" ")
        interest = {"key": "interesse", "weight": 2, "required": True, "met": kind == "qualified"}
        return {
            "lead_id": self._lead()["lead_id"],
            "score": float(score),
            "threshold": 0.7,
            "rules_hash": "demo-1",
            "criteria": [interest],
            "summary": summary,
        }

    def _handoff(self, kind: str, text: str) -> tuple[str, dict[str, Any]]:
        step = {"request": "requested", "accept": "accepted", "complete": "completed"}[kind]
        if kind == "request":
            self.handoff_id = f"h-{self.written.phone}-{self.step}"
        payload = {"handoff_id": self.handoff_id or f"h-{self.written.phone}"}
        if kind == "accept":
            return f"handoff.{step}", {**payload, "reason": "aceito", "by": text}
        return f"handoff.{step}", {**payload, "reason": text, "by": "bot"}

    def _query(self, kind: str, text: str) -> dict[str, Any]:
        hit = {"document_id": "catalogo", "chunk": 0, "score": 0.82, "version": 1}
        return {
            "turn_id": f"turn-{self.written.phone}-{self.step + 1}",
            "query": text,
            "hits": [hit] if kind == "hit" else [],
            "mode": "hybrid",
            "duration_ms": 35,
        }

    def _event(self, type_: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.step += 1
        return {
            "id": str(self._id(type_)),
            "type": type_,
            "version": CATALOGUE[type_].current,
            "occurred_at": _time(self.at),
            "company_id": self.written.company_id,
            "conversation_id": f"{self.written.phone}@s.whatsapp.net",
            "source": "demo",
            "correlation_id": f"{self.written.phone}-{self.number}",
            "causation_id": None,
            "payload": payload,
        }

    def _id(self, type_: str) -> UUID:
        name = f"{self.written.phone}/{self.step}/{type_}"
        return event_id_for(self.written.company_id, _CHANNEL, name, self.at)

    def _contact(self) -> dict[str, str]:
        phone = self.written.phone
        return {"id": phone, "name": self.written.name, "phone": f"+{phone}"}

    def _lead(self, **more: str) -> dict[str, Any]:
        return {"lead_id": f"lead-{self.written.phone}", "contact": self._contact(), **more}

    def _inbound_id(self) -> str:
        return self.inbound["id"] if self.inbound is not None else str(UUID(int=0))


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
