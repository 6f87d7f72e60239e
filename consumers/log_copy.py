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
    heads: dict[tuple[str, int, str], bytes] = {}
    encoded = [_HEAD]
    # A batch is recorded at one time.
    last_at, logged_at = _EPOCH, 0
    for (event, partition, position, entry_id, recorded_at), raw in rows:
        # Taken apart at once, which is quicker than to ask for each by its name.
        event_id, type_, version, occurred_at, company_id, conversation_id, _, _, _, _ = event
        if (head := heads.get((type_, version, company_id))) is None:
            head = _text(type_) + _VERSION(4, version) + _text(company_id)
            heads[type_, version, company_id] = head
        conversation, entry = conversation_id.encode(), b"%d-%d" % entry_id
        if recorded_at is not last_at:
            last_at, logged_at = recorded_at, _microseconds(recorded_at)
        # Joined for each row: to join a whole batch's values takes longer.
        encoded.append(
            b"".join(
                (
                    _PLACE(len(COLUMNS), 2, partition, 8, position, 16, event_id.bytes),
                    head,
                    _LENGTH(len(conversation)),
                    conversation,
                    _TIMES(8, _microseconds(occurred_at), 8, logged_at, len(entry)),
                    entry,
                    _LENGTH(len(raw)),
                    raw,
                )
            )
        )
    encoded.append(_END)
    return b"".join(encoded)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


def _microseconds(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
