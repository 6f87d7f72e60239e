"""The words of one name within a text: where it ends, and how surely it is a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.folding import Folded
from runtime.extraction.gazetteer import places
from runtime.extraction.name_words import (
    ADJECTIVE_ENDINGS,
    AMBIGUOUS,
    BUSINESS,
    FAMILY_PARTICLES,
    FIGURES,
    FOREIGN_PARTICLES,
    GIVEN_ENDINGS,
    NO_NAME,
    OF_THE,
    PARTICLES,
    TITLES,
    TOWNS,
    TRADE_ENDINGS,
    first_names,
    is_role,
    of_a_role,
    pet_name,
    surnames,
)
from runtime.extraction.words import Words, split_words

_MOST_WORDS: Final = 7
_LONGEST_TOWN: Final = 4
_MOST_ROLE_WORDS: Final = 3
_LONGEST_INITIALS: Final = 2
_SHORTEST_FAMILY: Final = 4
# Behind a surname these close a name in lower case too: "rui prado neto".
_GENERATIONS: Final = frozenset({"neto", "filho", "sobrinho"})
# Things and trades end so, families seldom: "João Pinturas", "Rita Depilação".
_NO_FAMILY_ENDINGS: Final = (
    "s", "cao", "ria", "dade", "mento", "gem", "ado", "ada", "ico", "ica", "oso", "osa", "inha", "inho", "avel", "mente",
)  # fmt: skip
_GLUE: Final = re.compile(r"[ ]+")
_BEFORE_NAME: Final = re.compile(
    r"(?:[ ]|[.]{2,3}|…|[*_\"])*(?:(?:e{2,}|hu*m+|a+hn?|u+hn?|ha)[ ,.…]{1,4}){0,3}(?:(?<=[.…] )[oa][ ])?"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, its words, and which word starts at a place of the folded text."""

    folded: Folded
    words: Words
    places: Mapping[int, int]

    def name_at(self, start: int, *, sure: bool = False) -> Name | None:
        """The name whose words start just there."""
        at = self.places.get(start)
        return read_name(self, at, sure) if at is not None else None

    def end(self, name: Name) -> int:
        """Where a name's last word ends in the folded text."""
        return self.words.items[name.after - 1].end


@dataclass(frozen=True, slots=True)
class Name:
    """The words from `first` up to `after`; whether the first is a known given name."""

    first: int
    after: int
    known: bool


def whole(text: Reading, name: Name) -> bool:
    """Whether a given name and a surname are both known."""
    last = text.words.plain(name.after - 1)
    full = name.known and name.after > name.first + 1
    return full and (last in surnames() or seems_a_family(text, name))


def seems_a_family(text: Reading, name: Name) -> bool:
    """Whether an unknown last word can hardly be but a surname: "Ivan Stringhini", not "Ana Perfumes"."""
    last = name.after - 1
    word = text.words.plain(last)
    written = capitalised(text, name.first) and capitalised(text, last) and not shouted(text)
    if not written or text.words.plain(name.first) in AMBIGUOUS or len(word) < _SHORTEST_FAMILY:
        return False
    common = word in NO_NAME or word in first_names() or is_role(word) or word in places()
    return word.isalpha() and not common and not word.endswith(_NO_FAMILY_ENDINGS)


def evident(text: Reading, name: Name) -> bool:
    """Whether a name cannot well be another word: "Vi" and "Rosa" can, "Rosa Lima" cannot."""
    return name.known and (
        name.after > name.first + 1 or text.words.plain(name.first) not in AMBIGUOUS
    )


def read(folded: Folded) -> Reading:
    """The text with its words counted."""
    words = split_words(folded.plain)
    return Reading(folded, words, {word.start: at for at, word in enumerate(words.items)})


def skip_spaces(plain: str, at: int) -> int:
    """Past spaces, emphasis ("*Ana*") and hesitation ("é... Ana")."""
    hit = _BEFORE_NAME.match(plain, at)
    return hit.end() if hit else at


def read_name(text: Reading, at: int, sure: bool) -> Name | None:
    """The words of a name from a word on."""
    at = _past_titles(text, at)
    if sure and text.words.plain(at) in {"o", "a"} and text.words.plain(at + 1) in first_names():
        at += 1
    first = text.words.plain(at)
    known = first in first_names() or first.endswith(GIVEN_ENDINGS)
    if not first.isalpha() or len(first) < 2 or (first in NO_NAME and not (known and sure)):
        return None
    if not known and _adjective(text, at):
        return None
    after = at + 1
    while after < min(at + _MOST_WORDS, len(text.words.items)):
        step = _next_part(text, after, at)
        if step == 0:
            break
        after += step
    behind = text.words.plain(after) if _same_line(text, after) else ""
    if behind in BUSINESS or any(text.words.plain(step) in BUSINESS for step in range(at, after)):
        return None
    return Name(at, after, known)


def _past_titles(text: Reading, at: int) -> int:
    """Past "Dr." and "a cliente", whose bearer's name follows."""
    while (text.words.plain(at) in TITLES or text.words.follows(at, "d", ".")) and text.words.plain(
        at + 1
    ) not in NO_NAME:
        at += 2 if text.words.plain(at + 1) == "." else 1
    behind = at
    while behind - at < _MOST_ROLE_WORDS and of_a_role(text.words.plain(behind)):
        behind += 1
    named = Name(behind, behind + 1, text.words.plain(behind) in first_names())
    role = any(is_role(text.words.plain(step)) for step in range(at, behind))
    return behind if role and evident(text, named) else at


def figure(text: Reading, name: Name) -> bool:
    """Whether a name stands for a kind of person: "Maria vai com as outras"."""
    end = text.words.items[min(name.after + 2, len(text.words.items) - 1)].end
    said = text.folded.plain[text.words.items[name.first].start : end]
    return said.startswith(FIGURES)


def _next_part(text: Reading, at: int, first: int) -> int:
    """How many words more belong to the name: none, one, or two with a particle."""
    word = text.words.plain(at)
    if word == "-":
        return 2 if _hyphened(text, at) else 0
    if word == ".":
        return 2 if _abbreviated(text, at) else 0
    if not _same_line(text, at):
        return 0
    if word in FOREIGN_PARTICLES and capitalised(
        text, at + 1 + (text.words.plain(at + 1) in FOREIGN_PARTICLES)
    ):
        return 2 + (text.words.plain(at + 1) in FOREIGN_PARTICLES)
    if word in FAMILY_PARTICLES and capitalised(text, at) and capitalised(text, at + 1):
        return 2 if _same_line(text, at + 1) else 0
    if word in PARTICLES or (word == "e" and at - first > 1):
        family = text.words.plain(at + 1)
        if not _same_line(text, at + 1):
            return 0
        if word == "e":
            return 2 if _second_family(text, at) else 0
        there = _from_there(word, family) or (word == "de" and _of_a_town(text, at + 1))
        return 2 if family in surnames() and not there else 0
    if not word.replace("'", "").isalpha() or (len(word) < 2 and not _initial(text, at)):
        return 0
    if word in _GENERATIONS and text.words.plain(at + 1) in {"", ",", ".", "!", "\n"}:
        return int(text.words.plain(at - 1) in surnames())
    if word in surnames() or word in first_names():
        return 0 if word in NO_NAME and not capitalised(text, at) else 1
    if word in NO_NAME:
        return 0
    return 1 if capitalised(text, at) and not shouted(text) else _last_word(text, at)


def _abbreviated(text: Reading, at: int) -> bool:
    """Whether a dot shortens a middle name before the last one: "Bruna R. Costa"."""
    short = len(text.words.plain(at - 1)) == 1 and text.words.touching(at)
    family = text.words.plain(at + 1)
    return (
        short and capitalised(text, at - 1) and capitalised(text, at + 1) and family in surnames()
    )


def _hyphened(text: Reading, at: int) -> bool:
    """Whether a dash joins the halves of one name: "Al-Khatib"."""
    joined = text.words.touching(at) and text.words.touching(at + 1)
    half = text.words.plain(at + 1)
    return joined and half.isalpha() and capitalised(text, at + 1) and half not in places()


def _from_there(particle: str, family: str) -> bool:
    """Whether a surname behind a particle is a town or a house instead: "de Betim", "do Honda"."""
    if particle in {"do", "da", "dos", "das"}:
        return family not in OF_THE
    return particle == "de" and family in TOWNS


def _of_a_town(text: Reading, at: int) -> bool:
    """Whether a well-known town of several words starts there: "de Bento Gonçalves"."""
    key = text.words.plain(at)
    for step in range(1, _LONGEST_TOWN):
        key = f"{key} {text.words.plain(at + step)}"
        if key in places() and places()[key].well_known:
            return True
    return False


def _second_family(text: Reading, at: int) -> bool:
    """Whether "e" joins two surnames: "Costa e Silva", never "Ana e Paula"."""
    family = text.words.plain(at + 1)
    if family in {"silva", "souza", "sousa", "melo", "castro"}:
        return True
    joined = family in surnames() and text.words.plain(at - 1) in surnames()
    return joined and family not in first_names() and capitalised(text, at + 1)


def _adjective(text: Reading, at: int) -> bool:
    """Whether an unknown word in lower case is formed as adjectives are: "negativado"."""
    lower = not capitalised(text, at)
    return (
        lower and text.words.plain(at).endswith(ADJECTIVE_ENDINGS) and len(text.words.plain(at)) > 4
    )


def _last_word(text: Reading, at: int) -> int:
    """An unknown word in lower case is a surname only where nothing follows it."""
    ended = text.words.plain(at + 1) in {"", ",", ".", "!", "\n", ";", "-"}
    word = text.words.plain(at)
    return int(ended and len(word) > 3 and not word.endswith(ADJECTIVE_ENDINGS))


def _same_line(text: Reading, at: int) -> bool:
    """Whether only spaces stand between a word and the one before it."""
    if not 0 < at < len(text.words.items):
        return False
    between = text.folded.plain[text.words.items[at - 1].end : text.words.items[at].start]
    return bool(between) and not between.strip(" ")


def _initial(text: Reading, at: int) -> bool:
    return capitalised(text, at) and text.words.plain(at + 1) != ""


def capitalised(text: Reading, at: int) -> bool:
    """Whether a word is written with a capital."""
    if at >= len(text.words.items):
        return False
    return text.folded.written(text.words.items[at].start, text.words.items[at].end)[:1].isupper()


def shouted(text: Reading) -> bool:
    """Whether everything is written in capitals, so that they say nothing."""
    return text.folded.text.isupper()


def candidate(text: Reading, name: Name, confidence: float) -> Candidate:
    """The name as it was written, its words' first letters upper-cased; a shouted one is calmed."""
    start, end = text.words.items[name.first].start, text.words.items[name.after - 1].end
    written = text.folded.written(start, end)
    calm = written.lower() if written.isupper() and len(written) > _LONGEST_INITIALS else written
    parts = [_upper_first(part) for part in _GLUE.split(calm)]
    return Candidate("name", " ".join(parts), start, end, confidence)


def _upper_first(part: str) -> str:
    return (
        part
        if part.lower() in PARTICLES | FOREIGN_PARTICLES | {"e"}
        else part[:1].upper() + part[1:]
    )


def looks_like_a_name(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether what follows words that are also said of trades is a name."""
    capital = capitalised(text, name.first) and not shouted(text)
    article = hit[0].endswith((" o ", " a ", " de ", " por ", " como "))
    if name.known:
        return capital or article or evident(text, name)
    full = name.after > name.first + 1
    said = " ".join(text.words.plain(at) for at in range(name.first, name.after))
    if not article and said in places():
        return False
    if full and text.words.plain(name.first + 1) in surnames():
        return True
    if article and pet_name(text.words.plain(name.first)):
        return True
    both = full and capital and capitalised(text, name.first + 1)
    trade = text.words.plain(name.first).endswith(TRADE_ENDINGS)
    return (article and capital) or (both and not trade)
