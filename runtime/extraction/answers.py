"""Bare answers to the question for one's name: "Érica. E o seu?", "é Jeferson com um f só"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import LIKELY
from runtime.extraction.introductions import GREETING, IS
from runtime.extraction.name_parts import Name, Reading, candidate, capitalised, evident
from runtime.extraction.name_words import NO_NAME

_STARTS: Final = re.compile(
    rf"\A[ ]*(?:(?:{GREETING})[ ]?[,.!]*[ ]+)?(?:(?:{IS}|sou)[ ])?(?:[oa][ ])?(?=[a-z])"
)
_AND_YOURS: Final = re.compile(
    r"[ ]?[.,!;]{1,3}[ ]e[ ](?:o[ ](?:seu|teu)|voce|vc|tu|a[ ]senhora|o[ ]senhor|com[ ]quem[ ](?:eu[ ])?falo)(?:[ ]nome)?[ ]?[?]"
)
# Only a name is spelt out so.
_SPELT: Final = re.compile(
    r"[ ]?,?[ ][(]?(?:(?:so[ ])?(?:com|sem)[ ](?:(?:um|uma|dois|duas|o|a)[ ])?"
    r"(?:[b-df-np-z]|h|acento|agudo|circunflexo|cedilha|til|efe|esse|ipsilon|dois[ ][a-z]|[a-z]{1,2})(?:[ ](?:so|no|na|mudo|e|dobrado)(?![a-z])|[ ]?[.,!)]|[ ]?\Z))"
)


def find_answers(text: Reading) -> Iterator[Candidate]:
    """The name that a message opens with, where it is spelt out or asked back."""
    plain = text.folded.plain
    hit = _STARTS.match(plain)
    name = text.name_at(hit.end()) if hit else None
    if name is None:
        return
    told = hit is not None and hit[0].strip() != ""
    asked_back = _AND_YOURS.match(plain, text.end(name)) and _may_be_one(text, name)
    sure = evident(text, name) or (told and _may_be_one(text, name))
    if asked_back or (sure and _SPELT.match(plain, text.end(name))):
        yield candidate(text, name, LIKELY)


def _may_be_one(text: Reading, name: Name) -> bool:
    """Whether a word is a name for the answer's sake: known, and no everyday word in lower case."""
    return evident(text, name) or (
        name.known and capitalised(text, name.first) and text.words.plain(name.first) not in NO_NAME
    )
