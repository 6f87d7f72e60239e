"""How the tests of one kind read a text."""

from __future__ import annotations

from datetime import date

from hypothesis import settings

from runtime.extraction import Kind, extract

# Enough for rules without state; a busy machine must not fail them.
FEW = settings(max_examples=40, deadline=None)
# A Friday.
TODAY = date(2026, 11, 27)


def values(kind: Kind, text: str, today: date = TODAY) -> list[str]:
    """The values of one kind in a text, in its order."""
    return [one.value for one in extract(text, today=today) if one.kind == kind]
