"""Event logs for tests of exporting, written into the table as they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from events.partitioning import partition_of
from tests.examples import body

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One event as it stands in the log."""

    partition: int
    position: int
    event_id: UUID
    type: str
    company: str
    conversation: str
    occurred_at: datetime
    recorded_at: datetime
    body: str


def event(
    number: int,
    *,
    conversation: str = "c-1",
    company: str = "acme",
    type_: str = "message_received.text",
    **payload: Any,
) -> dict[str, Any]:
    """An event's envelope."""
    given = {"message_id": f"m-{number}", **payload} if "message" in type_ else payload
    return {
        **body(type_, number, **given),
        "company_id": company,
        "conversation_id": conversation or None,
    }


async def write_log(conn: asyncpg.Connection, bodies: Sequence[str]) -> list[Row]:
    """Write bodies into the log, one a second in this order, by partition; return the rows."""
    positions: dict[int, int] = {}
    rows = []
    for number, text in enumerate(bodies):
        told = json.loads(text)
        company, conversation = told["company_id"], told["conversation_id"] or ""
        partition = partition_of(company, conversation, 16)
        positions[partition] = positions.get(partition, 0) + 1
        rows.append(
            Row(
                partition,
                positions[partition],
                UUID(told["id"]),
                told["type"],
                company,
                conversation,
                datetime.fromisoformat(told["occurred_at"]),
                BEGIN + timedelta(seconds=number),
                text,
            )
        )
    await insert(conn, rows)
    return rows


async def insert(conn: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """Copy rows into the log."""
    await conn.copy_records_to_table(
        "event_log",
        schema_name="runtime",
        records=[
            (
                *(r.partition, r.position, r.event_id, r.type, 1, r.company, r.conversation),
                *(r.occurred_at, r.recorded_at, f"{r.position}-0", r.body),
            )
            for r in rows
        ],
    )


def many(count: int, *, conversations: int = 30, text: str = "oi") -> list[str]:
    """Bodies of messages, spread over conversations."""
    return [
        json.dumps(event(n, conversation=f"c-{n * 7 % conversations}", text=f"{text} {n}"))
        for n in range(1, count + 1)
    ]
