"""Keeps what customers and documents say apart from what the model is told to do.

Data stands between marks that carry a token of the turn. Nobody who writes a message knows it: the
turn's id is made after the message came. And the brackets of a mark never occur in data.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

_OPEN, _CLOSE = "⟦", "⟧"
_ESCAPED = str.maketrans({_OPEN: "[", _CLOSE: "]"})


class Fence:
    """The marks of one turn: the same turn has the same."""

    def __init__(self, turn_id: UUID) -> None:
        self.token = hashlib.sha256(b"fence:" + turn_id.bytes).hexdigest()[:16]

    def around(self, label: str, text: str) -> str:
        """The text as data; `label` is ours, never the customer's."""
        return f"{_OPEN}{label} {self.token}{_CLOSE}\n{escaped(text)}\n{_OPEN}/{self.token}{_CLOSE}"

    def shows_in(self, text: str) -> bool:
        """Whether a mark, or a part of one, stands in the text."""
        return self.token in text or _OPEN in text or _CLOSE in text


def escaped(text: str) -> str:
    """The text without a mark's brackets."""
    return text.translate(_ESCAPED)
