"""Short messages with what the rules must read in them, one file a kind.

A line holds a message and, after a tab, its values joined by `|`; nothing where there are none. Messages
are of Friday, 27 November 2026; a line break is written `\\n`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.extraction import Kind
from tests.extraction.reading import values

EXAMPLES = Path(__file__).parent / "examples"
KINDS: tuple[Kind, ...] = ("name", "email", "phone", "money", "date", "city")


def examples(kind: Kind) -> list[tuple[str, list[str]]]:
    read: list[tuple[str, list[str]]] = []
    for line in (EXAMPLES / f"{kind}.tsv").read_text("utf-8").splitlines():
        text, _, expected = line.partition("\t")
        read.append((text.replace("\\n", "\n"), expected.split("|") if expected else []))
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_gives_just_its_values(kind: Kind) -> None:
    """One test for all messages: a test each would cost more than the reading."""
    wrong = [
        (text, expected, found)
        for text, expected in examples(kind)
        if (found := values(kind, text)) != expected
    ]
    assert wrong == []
