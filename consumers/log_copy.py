"""Rows of `runtime.event_log` as the bytes of a binary COPY.

By hand, because every event is one: a body goes out as it came in, and asyncpg need not ask each value
of each row what it is, which takes twice as long.

Source: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from struct import Struct

import asyncpg

from consumers.log_rows import COLUMNS
from events.envelope import RecordedEvent

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Where Postgres counts microseconds from."""
_PLACE = Struct(">hihiqi16s").pack
_LENGTH = Struct(">i").pack
_VERSION = Struct(">ii").pack
_TIMES = Struct(">iqiqi").pack

Logged = tuple[RecordedEvent, bytes]
"""An event and its body as it stood in the stream."""


async def copy_log(conn: asyncpg.pool.PoolConnectionProxy, rows: Iterable[Logged]) -> None:
    """Append events to the log.

    Raises:
        asyncpg.UniqueViolationError: one of them stands there already.
    """
    await conn.copy_to_table(
        "event_log", schema_name="runtime", columns=COLUMNS, source=_sent(rows), format="binary"
    )


async def _sent(rows: Iterable[Logged]) -> AsyncIterator[bytes]:
    yield _encoded(rows)


def _encoded(rows: Iterable[Logged]) -> bytes:
    """A value is its length and its bytes, in the order of `COLUMNS`."""
    kinds: dict[tuple[str, int], bytes] = {}
    companies: dict[str, bytes] = {}
    parts = [_HEAD]
    # A batch is recorded at one time.
    last_at, logged_at = _EPOCH, 0
    for recorded, raw in rows:
        event, partition, position, entry_id, recorded_at = recorded
        if (kind := kinds.get((event.type, event.version))) is None:
            kind = _text(event.type) + _VERSION(4, event.version)
            kinds[event.type, event.version] = kind
        if (company := companies.get(event.company_id)) is None:
            company = companies[event.company_id] = _text(event.company_id)
        conversation, entry = event.conversation_id.encode(), b"%d-%d" % entry_id
        if recorded_at is not last_at:
            last_at, logged_at = recorded_at, _microseconds(recorded_at)
        at = _microseconds(event.occurred_at)
        parts += (
            _PLACE(len(COLUMNS), 2, partition, 8, position, 16, event.id.bytes),
            kind,
            company,
            _LENGTH(len(conversation)),
            conversation,
            _TIMES(8, at, 8, logged_at, len(entry)),
            entry,
            _LENGTH(len(raw)),
            raw,
        )
    parts.append(_END)
    return b"".join(parts)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


def _microseconds(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
