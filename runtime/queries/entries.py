"""Counting what stands in a stream."""

from __future__ import annotations

from typing import Any

from consumers.redis_clients import RedisClient

_PAGE = 5000
_COUNT_PAGE = """
local found = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])
if #found == 0 then return {0, ARGV[1]} end
return {#found, found[#found][1]}
"""


async def count_entries(redis: RedisClient, key: str, *, after: str, up_to: str) -> int:
    """How many entries stand in `(after, up_to]`; only numbers travel, a page a round trip."""
    total, at = 0, after
    while True:
        answer: Any = redis.eval(_COUNT_PAGE, 1, key, at, up_to, str(_PAGE))
        count, last = await answer
        total += int(count)
        if int(count) < _PAGE:
            return total
        at = last.decode() if isinstance(last, bytes) else last
