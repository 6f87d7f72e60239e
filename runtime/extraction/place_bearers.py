"""Places told behind a person's name: "sou a Ana de Jaú", "Ana Lima, de Jaú"."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.gazetteer import STATES, places
from runtime.extraction.name_words import OF_THE, TOWNS, first_names, surnames
from runtime.extraction.words import Words, word_set

# How many words before a place are looked at.
REACH: Final = 9
_INTRODUCED: Final = re.compile(
    r"(?:\b(?:sou|so|aqui (?:e|eh)|aqui|chamo|nome(?: completo)? (?:e|eh|:)|fala (?:e|eh)|falando (?:e|eh)|prazer ,) (?:[oa] )?"
    r"|(?:\A|, |\b(?:oi|oie|ola|opa|dia|tarde|noite) )(?:e|eh) (?:[oa] )?)\Z"
)
_GREETINGS: Final = word_set("bem oi oie ola opa oii oiee dia tarde noite gente pessoal ei")
# "a Ana de Jaú aqui" opens a message.
_STARTS: Final = _GREETINGS | frozenset({"", "\n", ",", ".", "!"})
_HERE: Final = word_set("aqui falando novamente")
# A dot behind these ends no sentence.
_SHORTENED: Final = word_set("av r al trav rod est dr dra sr sra jd pq res cond n")
# How many words of a name are looked at before "de Betim".
_NAME_WORDS: Final = 4


def is_a_surname(words: Words, at: int) -> bool:
    """Whether what follows "de" is usual as a surname, and no town of two words: "de Sousa"."""
    town = f"{words.plain(at)} {words.plain(at + 1)}" in places()
    behind = words.plain(at + 1)
    in_state = behind in STATES.values() and behind not in surnames()
    return not (town or in_state) and _is_a_family(words.plain(at))


def of_a_person(words: Words, at: int, after: int) -> bool:
    """Whether a name that the writer gives stands before: "sou a Ana de", "Ana Lima, de"."""
    last = at - 2
    while words.plain(last) in {",", "aqui", "daqui", "la"}:
        last -= 1
    apart = words.plain(at - 2) == ","
    first = last
    while last - first < _NAME_WORDS and _of_a_name(words.plain(first - 1)):
        first -= 1
    given = words.plain(first) in first_names()
    front = first - 1 - (words.plain(first - 1) == ",")
    over = front - (words.plain(front) in {".", "!", "?"})
    greeted = words.plain(over) in _GREETINGS
    signed = words.plain(first - 1) == "," and words.plain(after) in {"", "."}
    opening = (words.plain(first - 1) in {"", "\n"} or greeted or signed) and (
        apart or words.plain(after) in _HERE | {",", "!", ""}
    )
    called = words.plain(first - 1) in {"a", "o"} and words.plain(first - 2) in _STARTS
    if called and words.plain(after) in _HERE:
        return given
    return given and (opening or _INTRODUCED.search(clause(words, first)) is not None)


def named_with_article(words: Words, at: int, after: int) -> bool:
    """Whether "do" or "da" gives a name the place, and no surname: "sou a Ana do Guarujá"."""
    surname = after == at + 1 and words.plain(at) in OF_THE
    articled = words.plain(at - 1) in {"do", "da"}
    return articled and not surname and of_a_person(words, at, after)


def _of_a_name(word: str) -> bool:
    return word in surnames() or word in first_names()


def _is_a_family(word: str) -> bool:
    return word in surnames() and word not in TOWNS


def clause(words: Words, at: int, *, reach: int = REACH) -> str:
    """The few words before a place, back to the sentence's start."""
    first = at
    while first > max(0, at - reach) and words.plain(first - 1) not in {"!", "?", ";", "\n"}:
        shortened = words.plain(first - 2) in _SHORTENED
        if words.plain(first - 1) == "." and words.plain(first) != "" and not shortened:
            break
        first -= 1
    return joined(words, first, at)


def joined(words: Words, first: int, after: int) -> str:
    """The words of a stretch, each with a space behind it."""
    return "".join(f"{words.plain(step)} " for step in range(first, after))
