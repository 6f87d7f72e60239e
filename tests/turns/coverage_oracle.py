"""Holds what turns did against what was written, from records that others keep.

Reads three things: the event log, what the model server says it was asked, and what the channel
says it received. It shares no code with the project, nor with what keeps those records.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

_NUMBER = re.compile(r"#(\d+)\.\d+#")
_ROUNDING = timedelta(milliseconds=2)
Json = dict[str, Any]


@dataclass
class Findings:
    """What is wrong, by rule, and what there was."""

    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, rule: str, found: Iterable[object]) -> None:
        """Keep what breaks a rule."""
        if told := [str(one) for one in found]:
            self.wrong[rule] += told


@dataclass
class Records:
    """Everything that is looked at; events in the log's order, requests in that of their arrival."""

    events: list[Json]
    calls: dict[int, Json]
    requests: list[Json]

    def of_type(self, type_: str) -> list[Json]:
        """Events whose type begins so."""
        return [event for event in self.events if event["type"].startswith(type_)]

    @property
    def delivered(self) -> list[Json]:
        """What reached the person: the bodies, in order."""
        return [one["data"] for one in self.requests if one["delivered"]]


async def records(database_url: str, model_record: Path, channel_record: Path) -> Records:
    """Read all three."""
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch("SELECT body FROM runtime.event_log ORDER BY partition, position")
    await conn.close()
    calls = {line["number"]: line for line in _lines(model_record)}
    requests = [
        {**line, "data": json.loads(line["body"])["data"]} for line in _lines(channel_record)
    ]
    return Records([json.loads(row["body"]) for row in rows], calls, requests)


def _lines(file: Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def check(found: Records, published: set[str]) -> Findings:
    """Every rule, on all of it."""
    findings = Findings()
    findings.note("lost on the way", published - {e["id"] for e in found.of_type("message_rec")})
    for rule in (_covered, _read_before_said, _once, _told, _one_at_a_time, _in_order):
        rule(found, findings)
    _count(found, findings)
    return findings


def _covered(found: Records, findings: Findings) -> None:
    """Each inbound in exactly one turn that was not superseded."""
    final: Counter[str] = Counter()
    for turn in found.of_type("turn.completed"):
        if turn["payload"]["outcome"] != "superseded":
            final.update(turn["payload"]["covers"])
    inbound = [event["id"] for event in found.of_type("message_received.")]
    findings.note("uncovered", (one for one in inbound if final[one] == 0))
    findings.note("covered twice", (one for one in inbound if final[one] > 1))


def _read_before_said(found: Records, findings: Findings) -> None:
    """The prompt behind each reply has the text of all that its turn covers; superseded, none is out."""
    texts = {event["id"]: event["payload"]["text"] for event in found.of_type("message_received.")}
    turns = {turn["payload"]["turn_id"]: turn for turn in found.of_type("turn.completed")}
    for said in found.delivered:
        turn = turns.get(said["turn_id"])
        if turn is None or turn["payload"]["outcome"] == "superseded":
            findings.note("said without a turn", [said])
            continue
        number = _NUMBER.search(said["text"])
        if number is None:
            if turn["payload"].get("model") is not None:
                findings.note("said by nobody", [said])
            findings.counts["parts said by rules"] += 1
            continue
        call = found.calls[int(number[1])]
        prompt = "\n".join(text for _, text in call["messages"])
        covers = turn["payload"]["covers"]
        unread = [one for one in covers if one not in texts or texts[one] not in prompt]
        findings.note("covered and not read", unread)
        if said["text"] not in json.loads(call["answered"])["reply"]:
            findings.note("not what the model said", [said])


def _once(found: Records, findings: Findings) -> None:
    """No message, no part of a turn and no answer of the model's reaches the person twice."""
    for name, key in (
        ("message", lambda said: said["message_id"]),
        ("part", lambda said: (said["turn_id"], said["part"])),
        ("answer", lambda said: _NUMBER.match(said["text"]) and said["text"].split()[0]),
    ):
        seen = Counter(map(key, found.delivered))
        findings.note(
            f"{name} delivered twice", (k for k, n in seen.items() if k is not None and n > 1)
        )


def _told(found: Records, findings: Findings) -> None:
    """What is told as sent was delivered; what was delivered is told as sent, or as unknown."""
    delivered = {said["message_id"] for said in found.delivered}
    sent = [event["payload"]["message_id"] for event in found.of_type("message.sent")]
    unknown = {event["payload"]["message_id"] for event in found.of_type("message.unknown")}
    findings.note("told and not delivered", set(sent) - delivered)
    findings.note("delivered and not told", delivered - set(sent) - unknown)
    findings.note("told twice", (one for one, n in Counter(sent).items() if n > 1))


def _one_at_a_time(found: Records, findings: Findings) -> None:
    """A conversation's turns do not overlap: each was opened after the one before had ended."""
    ended: dict[str, datetime] = {}
    for turn in found.of_type("turn.completed"):
        conversation, end = turn["conversation_id"], datetime.fromisoformat(turn["occurred_at"])
        began = end - timedelta(milliseconds=turn["payload"]["ms"])
        if conversation in ended and began + _ROUNDING < ended[conversation]:
            findings.note("two turns at once", [turn])
        ended[conversation] = end


def _in_order(found: Records, findings: Findings) -> None:
    """Within a conversation replies arrive in the order of their turns and parts."""
    places = {
        turn["payload"]["turn_id"]: place
        for place, turn in enumerate(found.of_type("turn.completed"))
    }
    latest: dict[str, tuple[int, int]] = {}
    for said in found.delivered:
        place = (places.get(said["turn_id"], -1), said["part"])
        if place <= latest.get(said["conversation_id"], (-1, 0)):
            findings.note("out of order", [said])
        latest[said["conversation_id"]] = place


def _count(found: Records, findings: Findings) -> None:
    counts = findings.counts
    counts["inbound"] = len(found.of_type("message_received."))
    counts["conversations"] = len({event["conversation_id"] for event in found.events})
    counts["model calls"] = len(found.calls)
    counts["parts delivered"] = len(found.delivered)
    counts["requests to the channel"] = len(found.requests)
    for turn in found.of_type("turn.completed"):
        payload = turn["payload"]
        reason = "" if payload["outcome"] in ("replied", "superseded") else f"/{payload['reason']}"
        counts[f"turns {payload['outcome']}{reason}"] += 1
    for event in found.of_type("message."):
        if event["type"] != "message.sent":
            counts[event["type"]] += 1
