"""How the tests of one kind read a text."""

from __future__ import annotations

from datetime import date

from runtime.extraction import Kind, extract

# A Friday.
TODAY = date(2026, 11, 27)


def values(kind: Kind, text: str, today: date = TODAY) -> list[str]:
    """The values of one kind in a text, in its order."""
    return [one.value for one in extract(text, today=today) if one.kind == kind]
