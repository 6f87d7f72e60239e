"""What one read of a group's streams gives, and how Redis tells it.

Source: https://redis.io/docs/latest/commands/xreadgroup/, …/xpending/ (summary form)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from consumers.intake import Entry
from events.entry_id import EntryId

_tuple = tuple.__new__

STANDING = """
local standing = {}
for i, key in ipairs(KEYS) do
  local others = 0
  for _, one in ipairs(redis.call('XPENDING', key, ARGV[1])[4] or {}) do
    if one[1] ~= ARGV[2] then others = 1 end
  end
  local first = redis.call('XRANGE', key, '(' .. ARGV[2 + i], '+', 'COUNT', 1)
  standing[i] = {others, first[1] and first[1][1] or false}
end
return standing
"""
"""For each stream whether consumers besides ours hold entries, and the first that stands above a cursor.
Keys: the streams; arguments: group, our consumer, the streams' cursors."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a stream shows above a checkpoint after a read."""

    others_hold: bool
    """Whether another consumer was given entries that are not acknowledged."""
    first: EntryId | None
    """The first entry that stands there, whoever was given it."""


@dataclass(frozen=True, slots=True)
class NewEntries:
    """What one read gave, and what each of its streams showed after it; by partition."""

    found: dict[int, list[Entry]]
    standing: dict[int, Standing]


def streams_of(answer: Any) -> Iterable[tuple[bytes, Any]]:
    """Each stream with its entries, as RESP3 or RESP2 told it."""
    return answer.items() if isinstance(answer, dict) else answer or ()


def entries_of(items: Any) -> list[Entry]:
    """Entries as Redis sent them, names and values in turn."""
    # All ids at once, and what named tuples' constructors do, without the call of a Python function around.
    numbers = map(int, b"-".join([entry_id for entry_id, _ in items]).split(b"-") if items else ())
    ids = map(_tuple, repeat(EntryId), zip(numbers, numbers, strict=True))
    return [
        _tuple(
            Entry,
            (
                entry_id,
                {parts[0]: parts[1]}
                if len(parts) == 2
                else dict(zip(parts[::2], parts[1::2], strict=True)),
            ),
        )
        for entry_id, (_, parts) in zip(ids, items, strict=True)
    ]
