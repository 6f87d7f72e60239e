"""What applying a file would change, row by row and field by field, without any secret. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runtime.redaction import Redactor

SECRET_COLUMNS = frozenset({"secrets_encrypted", "secrets_override_encrypted", "secret_encrypted"})
_SHOWN_CHARS = 60
_REDACTOR = Redactor()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a row, as it is shown; None where there is nothing."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row to insert or update. `values` are its columns in the statement's order."""

    kind: Literal["credential set", "company", "centurion", "binding", "document"]
    key: tuple[str, ...]
    action: Literal["added", "changed", "removed"]
    fields: tuple[FieldChange, ...]
    values: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """The row, as people call it: `centurion acme/sales`."""
        return f"{self.kind} {'/'.join(self.key)}"

    def told(self) -> list[dict[str, Any]]:
        """One line a field, for a table or as JSON."""
        return [
            {
                "what": self.name,
                "change": self.action,
                "field": change.field,
                "old": change.old,
                "new": change.new,
            }
            for change in self.fields
        ]


def row_change(
    kind: Literal["credential set", "company", "centurion", "binding", "document"],
    key: tuple[str, ...],
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any],
) -> RowChange | None:
    """What makes `old` into `new`; None where they are the same. Secrets differ as texts do."""
    before, after = dict(_leaves(old or {})), dict(_leaves(new))
    fields = tuple(
        _field(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys(), key=_order(after, before))
        if before.get(path) != after.get(path)
    )
    if old is not None and not fields:
        return None
    return RowChange(kind, key, "changed" if old is not None else "added", fields, new)


def _order(*sides: Mapping[str, Any]) -> Any:
    places: dict[str, int] = {}
    for side in sides:
        for path in side:
            places.setdefault(path, len(places))
    return places.__getitem__


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values inside, by dotted path; lists of plain values whole, empty things not at all."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}.{number}")
    elif value not in (None, [], ""):
        yield path, value


def _field(path: str, old: Any, new: Any) -> FieldChange:
    head, _, last = path.rpartition(".")
    if last in SECRET_COLUMNS:
        name = f"{head}.secret" if head else "secret"
        return FieldChange(name, old and "set", new and ("changed" if old else "set"))
    return FieldChange(path, _shown(old), _shown(new))


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = _REDACTOR.text(" ".join(str(value).split()))
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}… ({len(text)} characters)"
