"""Rows as columns, one array parameter each, in a form that is quickly sent.

Source: `asyncpg.protocol.codecs.array` of asyncpg 0.32
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class Column(list[Any]):
    """One parameter of a statement that takes an array of one dimension.

    asyncpg goes through a list twice: first to see whether its elements are lists themselves, which
    takes more time for each than to encode it, then to encode them. That first look finds nothing
    here. Make it for a statement and give it to nobody else. Were it gone through only once some day,
    Postgres would refuse the parameter: it tells how many elements it has.
    """

    __slots__ = ("_was_looked_through",)

    def __iter__(self) -> Iterator[Any]:
        """Nothing the first time."""
        if not hasattr(self, "_was_looked_through"):
            self._was_looked_through = True
            return iter(())
        return super().__iter__()


def columns(rows: Iterable[Sequence[Any]]) -> list[Column]:
    """The rows' columns, in order; all rows are of the same length."""
    return [Column(values) for values in zip(*rows, strict=True)]
