"""Logs to look back into: generated conversations in which everything happens, and real ones."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from events.partitioning import partition_of
from tests.examples import EXAMPLES, body

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
_WEIGHTS = {"message_received.text": 30, "message.sent": 20, "contact.erased": 0.4}
_COLUMNS = (
    *("partition", "position", "event_id", "type", "version", "company_id", "conversation_id"),
    *("occurred_at", "recorded_at", "entry_id", "body"),
)

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its place in the log."""

    partition: int
    position: int
    recorded_at: datetime
    body: Body

    @property
    def scope(self) -> tuple[str, str]:
        return self.body["company_id"], self.body["conversation_id"] or ""


def placed(bodies: Iterable[Body], *, every: timedelta = timedelta(seconds=7)) -> list[Logged]:
    """As an engine would log them, one after the other; now and then the clock is put back."""
    last: Counter[int] = Counter()
    logged = []
    for number, one in enumerate(bodies):
        partition = partition_of(one["company_id"], one["conversation_id"] or "", 16)
        last[partition] += 1
        put_back = timedelta(seconds=60 if number % 97 == 96 else 0)
        at = START + number * every - put_back
        logged.append(Logged(partition, last[partition], at, one))
    return logged


async def write(database_url: str, logged: Iterable[Logged]) -> None:
    """Into the log, and the places where it ends."""
    rows = [_row(one) for one in logged]
    conn = await asyncpg.connect(database_url)
    try:
        await conn.copy_records_to_table(
            "event_log", schema_name="runtime", columns=_COLUMNS, records=rows
        )
        await conn.execute(
            "INSERT INTO runtime.checkpoints (group_name, partition, position)"
            " SELECT 'projections', partition, max(position) FROM runtime.event_log GROUP BY 2"
        )
    finally:
        await conn.close()


def _row(one: Logged) -> tuple[Any, ...]:
    body = one.body
    return (
        one.partition,
        one.position,
        UUID(body["id"]),
        body["type"],
        body["version"],
        *one.scope,
        datetime.fromisoformat(body["occurred_at"]),
        one.recorded_at,
        f"{one.position}-0",
        json.dumps(body),
    )


def real(corpus: Path, count: int) -> list[Body]:
    """The first events of a corpus of dialogues."""
    with gzip.open(corpus / "sgd-events.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for _, line in zip(range(count), lines, strict=False)]


def generated(seed: int, count: int, *, conversations: int = 40) -> list[Body]:
    """Events of every type in conversations of three companies; some that nobody can read."""
    dice = Random(seed)
    types = list(EXAMPLES)
    weights = [_WEIGHTS.get(type_, 2) for type_ in types]
    bodies = []
    for number in range(1, count + 1):
        type_ = dice.choices(types, weights)[0]
        one = body(type_, number, **_payload(dice, type_))
        conversation = dice.randrange(conversations)
        one["company_id"] = f"company-{conversation % 3}"
        one["conversation_id"] = f"c-{conversation}"
        shift = timedelta(seconds=number * 7 + dice.uniform(-30, 30))
        one["occurred_at"] = (START + shift).isoformat()
        bodies.append(_spoilt(dice, one))
    return bodies


def _payload(dice: Random, type_: str) -> Body:
    name = dice.choice([None, "Ana", "Bia"])
    contact = {"id": f"55{dice.randrange(3)}", **({"name": name} if name else {})}
    known = EXAMPLES[type_]
    drawn: Body = {
        "message_id": f"{'m' if type_.startswith('message_received') else 'out'}-{dice.randrange(60)}",
        "contact": contact,
        "text": dice.choice(["oi", "quero comprar", "zero\0byte", "é isso?", ""]),
        "lead_id": f"l-{dice.randrange(2)}",
        "handoff_id": f"h-{dice.randrange(3)}",
        "followup_id": f"f-{dice.randrange(3)}",
        "value": dice.choice(["Recife", 10, 2.5, None, ["a", {"b": 1}]]),
        "score": dice.choice([0.0, 0.5, 0.8]),
        "name": dice.choice(["city", "budget", "e"]),
        "by": dice.choice(["llm", "rules", "human"]) if type_.startswith("lead.") else "ana",
        "scope": dice.choice(["messages", "facts"]),
        "message_ids": [f"m-{dice.randrange(60)}", f"out-{dice.randrange(60)}"],
        "media": {**known.get("media", {}), **dice.choice([{}, {"caption": "uma foto"}])},
    }
    payload = {key: value for key, value in drawn.items() if key in known}
    if type_ == "message.sent":
        payload["by"] = dice.choice(["bot", "human", "followup", None])
        payload["provider_message_id"] = dice.choice([None, f"p-{dice.randrange(30)}"])
    if type_ in ("message.delivered", "message.read", "message.failed", "message.unknown"):
        by_provider = dice.random() < 0.5
        payload["message_id"] = None if by_provider else payload["message_id"]
        payload["provider_message_id"] = f"p-{dice.randrange(30)}" if by_provider else None
    if type_.startswith("message_received.") and dice.random() < 0.2 and "channel" in known:
        payload["centurion_id"] = f"centurion-{dice.randrange(2)}"
    return payload


def _spoilt(dice: Random, one: Body) -> Body:
    """One in five hundred is of a newer version, one in five hundred no event any more."""
    drawn = dice.random()
    if drawn < 0.002:
        return {**one, "version": 9}
    if drawn < 0.004:
        return {key: value for key, value in one.items() if key != "payload"}
    return one
