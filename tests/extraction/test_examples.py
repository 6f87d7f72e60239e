"""Short messages with what the rules must read in them, one file a kind.

A line holds a message and, after a tab, its values joined by `|`; nothing where there are none. Messages
are of Friday, 27 November 2026; a line break is written `\\n`.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from runtime.extraction import Kind
from tests.extraction.reading import values

EXAMPLES = Path(__file__).parent / "examples"
KINDS: tuple[Kind, ...] = get_args(Kind)


def examples() -> list[tuple[Kind, str, list[str]]]:
    read: list[tuple[Kind, str, list[str]]] = []
    for kind in KINDS:
        path = EXAMPLES / f"{kind}.tsv"
        for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
            text, _, expected = line.partition("\t")
            read.append((kind, text.replace("\\n", "\n"), expected.split("|") if expected else []))
    return read


@pytest.mark.parametrize(("kind", "text", "expected"), examples())
def test_a_message_gives_just_these_values(kind: Kind, text: str, expected: list[str]) -> None:
    assert values(kind, text) == expected
