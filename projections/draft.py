"""Rows being changed by a fold: loaded ones are copied before the first change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

from projections.projection import Key, Rows

R = TypeVar("R")


class Draft(Generic[R]):
    """A table's rows as a fold sees and changes them. `changed` is what it leaves behind."""

    __slots__ = ("_loaded", "changed")

    def __init__(self, loaded: Rows | None) -> None:
        self._loaded: Rows = loaded or {}
        self.changed: dict[Key, R] = {}

    def get(self, key: Key) -> R | None:
        """The row, safe to change; None where there is none."""
        row = self.changed.get(key)
        if row is None and (loaded := self._loaded.get(key)) is not None:
            row = self.changed[key] = _copied(loaded)
        return row

    def peek(self, key: Key) -> R | None:
        """The row as it stands, to look at only."""
        row = self.changed.get(key)
        return row if row is not None else self._loaded.get(key)

    def put(self, key: Key, row: R) -> R:
        """Add a row."""
        self.changed[key] = row
        return row

    def loaded_keys(self) -> tuple[Key, ...]:
        """Keys of the rows that stood before the batch, and of those it added."""
        return tuple({**dict.fromkeys(self._loaded), **dict.fromkeys(self.changed)})


def _copied(row: Any) -> Any:
    """A row of its own with the same values, in a sixth of the time that `copy` takes."""
    row_class: Callable[..., Any] = type(row)
    return row_class(*_values_of(row_class)(row))


@cache
def _values_of(row_class: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Of rows of this class: a row → its values in the order of its fields. Rows have a key and more."""
    return attrgetter(*(field.name for field in fields(row_class)))
