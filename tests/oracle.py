"""What the corpus must give, checked from Postgres and the JSON alone: no code of the engine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import asyncpg


def expected(corpus: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((corpus / "sgd-expected.json").read_text())
    return loaded


async def check_read_models(conn: asyncpg.Connection, corpus: Path) -> None:
    """Counts by type and company, the transcript's digest, and the log without gap or double."""
    wanted = expected(corpus)
    by_type = await conn.fetch(
        "SELECT type, sum(count)::bigint AS n FROM projections.daily_counts GROUP BY type"
    )
    assert {r["type"]: r["n"] for r in by_type} == wanted["by_type"]
    companies = await conn.fetch(
        "SELECT company_id, count(*) AS conversations, sum(received_count)::bigint AS received,"
        " sum(sent_count)::bigint AS sent FROM projections.conversations GROUP BY company_id"
    )
    found = {
        r["company_id"]: {k: r[k] for k in ("conversations", "received", "sent")} for r in companies
    }
    assert found == wanted["companies"]
    assert await transcript_digest(conn) == wanted["transcript_sha256"]
    assert await conn.fetchval("SELECT count(*) FROM projections.messages") == wanted["events"]
    await check_log(conn, wanted)


async def transcript_digest(conn: asyncpg.Connection) -> str:
    rows = await conn.fetch(
        "SELECT company_id, conversation_id, received_count, sent_count, last_message_text"
        " FROM projections.conversations"
    )
    lines = sorted("\t".join(str(value) for value in row).encode() for row in rows)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


async def check_log(conn: asyncpg.Connection, wanted: dict[str, Any]) -> None:
    rows = await conn.fetch(
        "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM runtime.event_log"
    )
    assert (rows[0]["n"], rows[0]["ids"]) == (wanted["events"], wanted["events"])
    gaps = await conn.fetch(
        "SELECT partition FROM runtime.event_log GROUP BY partition"
        " HAVING max(position) <> count(*) OR min(position) <> 1"
    )
    assert gaps == []
    counted = await conn.fetch(
        "SELECT type, sum(count)::bigint AS n FROM runtime.event_counts GROUP BY type"
    )
    assert {r["type"]: r["n"] for r in counted} == wanted["by_type"]
    assert await conn.fetchval("SELECT count(*) FROM runtime.parked") == 0
