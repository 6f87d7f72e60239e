"""Dead letters as an operator names and sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from events.entry_id import EntryId
from events.errors import Reason
from projections.migrate import Database
from projections.statements import statements

_SQL = statements("runtime.queries", "dead_letters.sql")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
WHOLE = 2**31 - 1
"""More bytes than any entry has."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry that could not be an event, with the groups that keep a copy of it.

    `raw` may be only the beginning of its bytes.
    """

    partition: int
    entry_id: str
    generation: int
    groups: tuple[str, ...]
    reason: str
    detail: str
    event_id: Any
    seen_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    resolved_by: str | None
    raw: bytes

    @property
    def key(self) -> str:
        """How commands name it: `PARTITION:ENTRY_ID`."""
        return f"{self.partition}:{self.entry_id}"

    def company(self) -> str | None:
        """The company that its bytes name, where they can be read at all."""
        try:
            body = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            return None
        found = body.get("company_id") if isinstance(body, dict) else None
        return found if isinstance(found, str) else None

    def told(self) -> dict[str, Any]:
        """Its fields for a listing; bytes that are not UTF-8 are escaped."""
        return {
            "key": self.key,
            "generation": self.generation,
            "groups": list(self.groups),
            "reason": self.reason,
            "detail": self.detail,
            "event_id": self.event_id,
            "seen_at": self.seen_at,
            "resolved_at": self.resolved_at,
            "resolution": self.resolution,
            "resolved_by": self.resolved_by,
            "raw": self.raw.decode("utf-8", "backslashreplace"),
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters are meant; None leaves that open. `keys` are (partition, entry id)."""

    group: str | None = None
    reason: str | None = None
    partition: int | None = None
    since: datetime | None = None
    resolved: bool | None = False
    generation: int | None = None
    keys: tuple[tuple[int, str], ...] | None = None
    company: str | None = None

    def told(self) -> dict[str, Any]:
        """What was said, for the audit."""
        keys = None if self.keys is None else [f"{place}:{entry}" for place, entry in self.keys]
        said = {
            "keys": keys,
            "reason": self.reason,
            "group": self.group,
            "partition": self.partition,
            "generation": self.generation,
        }
        return {name: value for name, value in said.items() if value is not None} or {"all": True}


def parse_key(text: str) -> tuple[int, str]:
    """Partition and entry id of `PARTITION:ENTRY_ID`.

    Raises:
        ValueError: it is not of that form.
    """
    partition, colon, entry_id = text.partition(":")
    if not colon or not partition.isdecimal() or int(partition) > 1023:
        raise ValueError(f"not PARTITION:ENTRY_ID: {text!r}")
    return int(partition), str(EntryId.parse(entry_id))


async def find(
    conn: Database, wanted: Wanted, *, limit: int | None = None, raw_bytes: int = WHOLE
) -> list[Letter]:
    """The dead letters, newest first, with the first `raw_bytes` of their bytes."""
    keys, company = wanted.keys, wanted.company
    # A plain name stands in the bytes as it is; whether it is the company's is looked at below.
    plain = company is not None and _PLAIN.fullmatch(company) is not None
    rows = await conn.fetch(
        _SQL["find"],
        wanted.group,
        wanted.reason,
        wanted.partition,
        wanted.since,
        wanted.resolved,
        wanted.generation,
        None if keys is None else [partition for partition, _ in keys],
        None if keys is None else [entry_id for _, entry_id in keys],
        company.encode() if company is not None and plain else None,
        limit if company is None else None,
        raw_bytes if company is None else WHOLE,
    )
    letters = [Letter(**{**row, "groups": tuple(row["groups"])}) for row in rows]
    if company is None:
        return letters
    return [letter for letter in letters if letter.company() == company][:limit]


async def load_raw(conn: Database, letters: Sequence[Letter]) -> list[bytes]:
    """All bytes of each letter, in their order."""
    rows = await conn.fetch(
        _SQL["raw"],
        [letter.groups[0] for letter in letters],
        [letter.partition for letter in letters],
        [letter.generation for letter in letters],
        [letter.entry_id for letter in letters],
    )
    return [row["raw"] for row in rows]


async def resolve(conn: Database, letters: Sequence[Letter], *, resolution: str, by: str) -> int:
    """Mark entries `retried` or `discarded` for every group; returns how many were still open."""
    count: int = await conn.fetchval(
        _SQL["resolve"],
        [letter.partition for letter in letters],
        [letter.generation for letter in letters],
        [letter.entry_id for letter in letters],
        resolution,
        by,
    )
    return count


def pretty(letter: Letter) -> str:
    """The bytes for reading: JSON indented, the fields of an entry one a line, else escaped."""
    if letter.reason == Reason.MISSING_FIELD and (pairs := fields_of(letter.raw)) is not None:
        return "\n".join(f"{_text(name)} = {_text(value)}" for name, value in pairs)
    try:
        return orjson.dumps(orjson.loads(letter.raw), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return _text(letter.raw)


def fields_of(raw: bytes) -> list[tuple[bytes, bytes]] | None:
    """The fields of an entry kept as a RESP array; None when it is not one.

    Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#arrays
    """
    head, _, rest = raw.partition(b"\r\n")
    if not head.startswith(b"*") or not head[1:].isdigit():
        return None
    parts: list[bytes] = []
    for _ in range(int(head[1:])):
        size, _, rest = rest.partition(b"\r\n")
        if not size.startswith(b"$") or not size[1:].isdigit():
            return None
        length = int(size[1:])
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    return list(zip(parts[::2], parts[1::2], strict=True)) if len(parts) % 2 == 0 else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
