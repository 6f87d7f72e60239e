"""The rows that each golden event gives by itself, in every projection that reads it.

`python -m tests.projections.golden_rows` writes them anew: do it for golden events that are new, and
look at the difference, because a row of an old one may not change.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from events.codec import decode
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.partitioning import partition_of
from events.schemas import GOLDEN
from projections.registry import ALL
from tests.projections.spec import PARTITIONS, RECORDED_AT, applied

PINNED = Path(__file__).parent.parent / "vectors" / "golden_rows.json"


def rows_of(raw: bytes) -> dict[str, list[Any]]:
    """Table → its rows as JSON has them, of the tables that have any."""
    event = decode(raw)
    partition = partition_of(event.company_id, event.conversation_id, PARTITIONS)
    recorded = RecordedEvent(event, partition, 1, EntryId(1, 0), RECORDED_AT)
    found: dict[str, list[Any]] = {}
    for projection in ALL:
        for table, rows in applied(projection, {}, [recorded]).items():
            if rows:
                shown = [asdict(row) for row in rows.values()]
                found[table] = orjson.loads(orjson.dumps(shown, default=str))
    return found


def all_rows() -> dict[str, dict[str, list[Any]]]:
    """Golden event's name → its rows."""
    return {path.stem: rows_of(path.read_bytes()) for path in sorted(GOLDEN.glob("*.json"))}


if __name__ == "__main__":
    PINNED.write_bytes(orjson.dumps(all_rows(), option=orjson.OPT_INDENT_2) + b"\n")
