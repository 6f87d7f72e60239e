"""Events made of the log's rows say the same, whether all is made at once or when it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson
import pytest

from consumers.json_text import json_text
from consumers.log_rows import COLUMNS, log_row
from consumers.logged_events import all_from_log, from_log
from events.catalogue import CATALOGUE
from events.codec import decode
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.payload import NewerVersion, Unreadable
from tests.examples import body

_CAUSE = "0190A000-0000-7000-8000-00000000000F"
_READ = """
    SELECT position, entry_id, {recorded_at}, event_id, type, version, occurred_at, company_id,
           conversation_id, body
      FROM runtime.event_log ORDER BY position
"""


def _written() -> list[bytes]:
    told = [body(type_, number=n) for n, type_ in enumerate(CATALOGUE, 1)]
    told.append({**body("message.sent", number=900), "causation_id": _CAUSE})
    told.append({**body("message.sent", number=901), "version": 99})
    told.append(body("message_received.text", number=902, text="a\x00b"))
    return [orjson.dumps(one) for one in told]


def _row(raw: bytes, position: int) -> tuple[object, ...]:
    # Before the year 2000 too, which is where Postgres begins to count.
    at = datetime(1999 + position % 2, 12, 31, 23, 59, 59, 999_999 - position, UTC)
    return log_row(RecordedEvent(decode(raw), 3, position, EntryId(position, 7), at), raw)


@pytest.fixture
async def read(database_url: str) -> tuple[list[RecordedEvent], list[RecordedEvent]]:
    """All at once, and when it is asked for; the last one no longer decodes."""
    conn = await asyncpg.connect(database_url)
    try:
        rows = [_row(raw, position) for position, raw in enumerate(_written(), 1)]
        last = list(_row(_written()[0], len(rows) + 1))
        last[2], last[-1] = UUID(_CAUSE), '{"type": "message_received.text"}'
        await conn.copy_records_to_table(
            "event_log", schema_name="runtime", columns=COLUMNS, records=[*rows, tuple(last)]
        )
        whole = await conn.fetch(_READ.format(recorded_at="recorded_at"))
        sent = await conn.fetch(_READ.format(recorded_at="timestamptz_send(recorded_at)"))
        return [from_log(row, 3) for row in whole], all_from_log(sent, 3)
    finally:
        await conn.close()


async def test_each_attribute_is_the_same(
    read: tuple[list[RecordedEvent], list[RecordedEvent]],
) -> None:
    whole, at_need = read
    assert len(whole) == len(at_need) == len(CATALOGUE) + 4
    for one, other in zip(whole, at_need, strict=True):
        for name in RecordedEvent._fields[1:]:
            assert getattr(other, name) == getattr(one, name)
        for name in Event._fields:
            found, expected = getattr(other.event, name), getattr(one.event, name)
            assert (found, type(found)) == (expected, type(expected))
    assert {type(r.event.payload) for r in at_need} >= {NewerVersion, Unreadable}


async def test_ids_can_be_written_into_columns_of_json(
    read: tuple[list[RecordedEvent], list[RecordedEvent]],
) -> None:
    for recorded in read[1]:
        event = recorded.event
        told = orjson.loads(json_text([event.id, event.causation_id]))
        assert told == [
            str(event.id),
            None if event.causation_id is None else str(event.causation_id),
        ]
    assert str(read[1][len(CATALOGUE)].event.causation_id) == _CAUSE.lower()


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError):
        json_text({"at": {1, 2}})
