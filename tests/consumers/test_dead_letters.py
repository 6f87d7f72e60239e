"""What cannot be an event is kept raw with its reason, and nothing waits behind it."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from events.partitioning import partition_of, stream_key
from tests.consumers.members import member, wait_caught_up

COMPANY, CONVERSATION = "acme", "5511999990000@s.whatsapp.net"
PARTITION = partition_of(COMPANY, CONVERSATION, 16)


def body(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": f"0190a000-0000-7000-8000-{number:012d}",
        "type": "message_received.text",
        "version": 1,
        "occurred_at": "2026-11-02T12:00:00Z",
        "company_id": COMPANY,
        "conversation_id": CONVERSATION,
        "source": "test",
        "correlation_id": "c-1",
        "payload": {
            "message_id": f"m-{number}",
            "channel": "whatsapp",
            "contact": {"id": "5511999990000"},
            "text": f"oi {number}",
        },
        **changes,
    }


LACKS_SOURCE = {k: v for k, v in body(4).items() if k != "source"}
CASES: list[tuple[str, dict[str, bytes]]] = [
    ("missing_field", {"evnt": b"{}"}),
    ("missing_field", {"event": orjson.dumps(body(1)), "more": b"x"}),
    ("not_utf8", {"event": b'{"id":"\xff\xfe"}'}),
    ("not_json", {"event": b'{"id":'}),
    ("invalid_envelope", {"event": orjson.dumps(LACKS_SOURCE)}),
    ("invalid_envelope", {"event": orjson.dumps(body(5, occurred_at="yesterday"))}),
    ("invalid_payload", {"event": orjson.dumps(body(6, payload={"text": "oi"}))}),
    (
        "too_large",
        {"event": orjson.dumps(body(7, payload={"text": "x" * 300 * 1024}))},
    ),
    ("wrong_partition", {"event": orjson.dumps(body(8, conversation_id="someone-else-1"))}),
]


@pytest.fixture
async def redis(redis_url: str) -> Redis:
    return Redis.from_url(redis_url)


async def test_bad_entries_are_kept_raw_and_everything_after_them_is_processed(
    database_url: str, redis_url: str, redis: Redis
) -> None:
    key = stream_key(PARTITION)
    ids = []
    for reason, fields in CASES:
        entry_id: Any = await redis.xadd(key, fields)  # type: ignore[arg-type]
        ids.append((reason, fields, entry_id.decode()))
    await redis.xadd(key, {"event": orjson.dumps(body(99))})
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    rows = {r["entry_id"]: r for r in await conn.fetch("SELECT * FROM runtime.dead_letters")}
    logged = await conn.fetch("SELECT event_id::text AS id FROM runtime.event_log")
    counts = await conn.fetchrow(
        "SELECT sum(read)::int AS read, sum(applied)::int AS applied, sum(dead)::int AS dead"
        " FROM runtime.checkpoints"
    )
    await conn.close()
    assert {i: r["reason"] for i, r in rows.items()} == {i: reason for reason, _, i in ids}
    for _, fields, entry_id in ids:
        if list(fields) == ["event"]:
            assert rows[entry_id]["raw"] == fields["event"]
        else:
            assert all(value in rows[entry_id]["raw"] for value in fields.values())
        assert rows[entry_id]["detail"]
    assert [r["id"] for r in logged] == [str(body(99)["id"])]
    assert counts is not None
    assert tuple(counts) == (len(CASES) + 1, 1, len(CASES))


async def test_the_same_id_with_another_body_is_a_conflict_also_in_one_batch(
    database_url: str, redis_url: str, redis: Redis
) -> None:
    key = stream_key(PARTITION)
    first, other = body(1), body(1, source="another")
    spaced = orjson.dumps(first, option=orjson.OPT_INDENT_2)
    for raw in (orjson.dumps(first), spaced, orjson.dumps(other)):
        await redis.xadd(key, {"event": raw})
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
        await redis.xadd(key, {"event": orjson.dumps(other)})
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    reasons = await conn.fetch("SELECT reason, event_id::text AS id FROM runtime.dead_letters")
    duplicates = await conn.fetchval("SELECT sum(duplicate)::int FROM runtime.checkpoints")
    await conn.close()
    assert [tuple(r) for r in reasons] == [("id_conflict", first["id"])] * 2
    assert duplicates == 1


async def test_an_unknown_type_is_kept_in_the_log_and_counted(
    database_url: str, redis_url: str, redis: Redis
) -> None:
    unknown = body(1, type="invoice.paid", payload={"amount": 10})
    await redis.xadd(stream_key(PARTITION), {"event": orjson.dumps(unknown)})
    async with member(database_url, redis_url) as running:
        await wait_caught_up(database_url, redis_url)
        counts = [p.counts_by_type for p in running.engine.status().partitions.values()]
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    logged = await conn.fetch("SELECT type FROM runtime.event_log")
    counted = await conn.fetch("SELECT type, count FROM runtime.event_counts")
    await conn.close()
    assert [r["type"] for r in logged] == ["invoice.paid"]
    assert [tuple(r) for r in counted] == [("unknown", 1)]
    assert {"unknown": 1} in counts
