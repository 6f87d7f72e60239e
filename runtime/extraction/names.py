"""The writer's own name, from the words of an introduction; never somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, LIKELY, WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.name_words import NO_NAME, PARTICLES, TITLES, first_names, surnames
from runtime.extraction.words import Words, split_words

_MOST_WORDS: Final = 7

_IS: Final = r"(?:[ ]?[:=][ ]?|[ ](?:e|eh|he|seria)(?![a-z])[ ]?:?[ ]?)"
_ARTICLE: Final = r"(?:[oa][ ](?=[a-z]{2}))?"
# Whoever says these gives their name, whatever word follows.
_STRONG: Final = re.compile(
    r"(?<![a-z])(?:"
    r"me[ ]cham(?:o|am[ ]de|a[ ]de)[ ]+"
    r"|podem?[ ](?:me[ ])?chamar[ ](?:so[ ])?(?:de|por)[ ]"
    r"|chamo[ -]me[ ]"
    rf"|meu[ ](?:nome|nm)(?:[ ](?:completo|todo|inteiro))?{_IS}"
    r"|(?<![a-z][ ])nome(?:[ ]completo)?[ ]?[:=-][ ]?"
    rf"){_ARTICLE}"
)
# These are also said of trades and relations: what follows must look like a name.
_WITH_ARTICLE: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:eu[ ])?(?:sou|so)[ ](?:eu[ ])?(?:[oa][ ])"
    r"|(?:aqui|aki)[ ](?:(?:e|eh|fala|quem[ ]fala[ ](?:e|eh)|quem[ ]escreve[ ](?:e|eh))[ ])(?:[oa][ ])?"
    r"|(?:quem[ ](?:fala|escreve|ta[ ]falando|esta[ ]falando)(?:[ ]aqui)?[ ](?:e|eh)[ ])(?:[oa][ ])?"
    r"|(?:fala|falando)[ ](?:aqui[ ])?(?:e|eh)[ ](?:[oa][ ])"
    r"|sou[ ]"
    r"|(?:meu[ ]nome|meu[ ]nm|me[ ]chama|me[ ]chamam|nome)[ ]"
    r"|(?:se[ ])?lembra[ ]de[ ]mim[ ]?[,?:][ ]"
    r"|(?<![a-z][ ])(?:(?:oi|ola|opa|bom[ ]dia|boa[ ]tarde|boa[ ]noite)[,!. ]{1,3})(?:e|eh)[ ][oa][ ]"
    r"|prazer[,!: ]{1,3}(?:sou[ ])?(?:[oa][ ])?"
    r"|(?:assinado|att|atenciosamente|atte|abs|abracos?|grat[oa]|obrigad[oa])[ ]?[,:.!]?[ ]?\n+[ ]?"
    r"|(?:assinado|att|atenciosamente|atte|abs)[ ]?[,:.][ ]?"
    r")"
)
_AFTERWARDS: Final = re.compile(
    r"[ ]?,?[ ](?:(?:aqui|falando|na[ ]area|quem[ ]fala)(?![ ]?(?:em|de|do|da|no|na|tem|esta|ta|e|eh|vc|voce|mora)\b)"
    r"|(?:e|eh)[ ](?:o[ ])?meu[ ]nome\b)"
)
_NEGATED: Final = re.compile(
    r"(?:nao|nunca|n|quem|se|nem|acho[ ]que|nome[ ]da|nome[ ]do|dele|dela)[ ]\Z"
)
# Where a sentence or a part of it starts.
_STARTS: Final = re.compile(
    r"(?:^|[.!?,;:)\n]|\b(?:oi+|ola|opa|fala|eai|ei|bom dia|boa tarde|boa noite)[ ])[ ]*(?=[a-z])"
)
_GLUE: Final = re.compile(r"[ ]+")


@dataclass(frozen=True, slots=True)
class _Name:
    first: int
    after: int
    known: bool


def find_names(folded: Folded) -> Iterator[Candidate]:
    """Every name by which the writer introduces themselves."""
    words = split_words(folded.plain)
    places = {word.start: at for at, word in enumerate(words.items)}
    for pattern, strong in ((_STRONG, True), (_WITH_ARTICLE, False)):
        for hit in pattern.finditer(folded.plain):
            at = places.get(_skip_spaces(folded.plain, hit.end()))
            if at is None or _NEGATED.search(folded.plain, max(0, hit.start() - 12), hit.start()):
                continue
            name = _name(folded, words, at, strong)
            if name is not None and (strong or _looks_like_a_name(folded, words, name, hit)):
                yield _candidate(folded, words, name, EXPLICIT if strong else LIKELY)
    yield from _announced(folded, words, places)


def _announced(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """A known name at a sentence's start: "Ana aqui", "oi, João Lima falando"."""
    for hit in _STARTS.finditer(folded.plain):
        at = places.get(hit.end())
        name = _name(folded, words, at, False) if at is not None else None
        if name is None or not (name.known or _pet_form(folded, words, name.first)):
            continue
        if _AFTERWARDS.match(folded.plain, words.items[name.after - 1].end):
            yield _candidate(folded, words, name, WEAK)


def _pet_form(folded: Folded, words: Words, at: int) -> bool:
    """Whether a capitalised word has the ending of endearment: "Thiaguinho"."""
    return words.plain(at).endswith(("inho", "inha")) and _capitalised(folded, words, at)


def _skip_spaces(plain: str, at: int) -> int:
    hit = _GLUE.match(plain, at)
    return hit.end() if hit else at


def _name(folded: Folded, words: Words, at: int, strong: bool) -> _Name | None:
    """The words of a name from a word on."""
    while words.plain(at) in TITLES and words.plain(at + 1) not in NO_NAME:
        at += 2 if words.plain(at + 1) == "." else 1
    first = words.plain(at)
    known = first in first_names()
    if not first.isalpha() or len(first) < 2 or (first in NO_NAME and not (known and strong)):
        return None
    after = at + 1
    while after < min(at + _MOST_WORDS, len(words.items)):
        step = _next_part(folded, words, after, at)
        if step == 0:
            break
        after += step
    return _Name(at, after, known)


def _next_part(folded: Folded, words: Words, at: int, first: int) -> int:
    """How many words more belong to the name: none, one, or two with a particle."""
    if not _same_line(folded, words, at):
        return 0
    word = words.plain(at)
    if word in PARTICLES or (word == "e" and at - first > 1):
        family = words.plain(at + 1)
        if not _same_line(folded, words, at + 1):
            return 0
        if word == "e":
            return 2 if family in {"silva", "souza", "sousa", "melo", "castro"} else 0
        return 2 if family in surnames() else 0
    if not word.isalpha() or (len(word) < 2 and not _initial(folded, words, at)):
        return 0
    if word in surnames() or word in first_names():
        return 0 if word in NO_NAME and not _capitalised(folded, words, at) else 1
    if word in NO_NAME:
        return 0
    return 1 if _capitalised(folded, words, at) and not _shouted(folded) else _last_word(words, at)


def _last_word(words: Words, at: int) -> int:
    """An unknown word in lower case is a surname only where nothing follows it."""
    ended = words.plain(at + 1) in {"", ",", ".", "!", "\n", ";", "-"}
    return int(ended and len(words.plain(at)) > 3)


def _same_line(folded: Folded, words: Words, at: int) -> bool:
    """Whether only spaces stand between a word and the one before it."""
    if not 0 < at < len(words.items):
        return False
    between = folded.plain[words.items[at - 1].end : words.items[at].start]
    return bool(between) and not between.strip(" ")


def _initial(folded: Folded, words: Words, at: int) -> bool:
    return _capitalised(folded, words, at) and words.plain(at + 1) != ""


def _capitalised(folded: Folded, words: Words, at: int) -> bool:
    return folded.written(words.items[at].start, words.items[at].end)[:1].isupper()


def _shouted(folded: Folded) -> bool:
    return folded.text.isupper()


def _looks_like_a_name(folded: Folded, words: Words, name: _Name, hit: re.Match[str]) -> bool:
    if name.known or (name.after > name.first + 1 and words.plain(name.first + 1) in surnames()):
        return True
    said_with_article = hit[0].endswith((" o ", " a "))
    capital = _capitalised(folded, words, name.first) and not _shouted(folded)
    return said_with_article and capital


def _candidate(folded: Folded, words: Words, name: _Name, confidence: float) -> Candidate:
    start, end = words.items[name.first].start, words.items[name.after - 1].end
    parts = [_upper_first(part) for part in _GLUE.split(folded.written(start, end))]
    return Candidate("name", " ".join(parts), start, end, confidence)


def _upper_first(part: str) -> str:
    return part if part.lower() in PARTICLES | {"e"} else part[:1].upper() + part[1:]
