"""The part of a passage that answers a question: whole sentences, as they stand in it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.agent.folding import folded

DEFAULT_LIMIT = 350
"""Characters of an excerpt: what is read at a glance on a telephone."""

_BOUNDARY = re.compile(r"(?<=[.!?…])[\"”')\]]*\s+(?=[\"“'(\[]?[A-ZÀ-Þ0-9])|\s*\n\s*")
_HEADING = re.compile(r"\s*#")
_MARKS = re.compile(r"^\s*(?:#+|[-*•–]|\d+[.)])\s+|\*\*|__|`", re.MULTILINE)
_WORD = re.compile(r"\w+")
_STEM = 5
_STOP = re.compile(
    r"que|qual|quais|quem|como|onde|quando|quanto|quanta|quantos|quantas|para|pra|por|com|sem"
    r"|dos|das|uma|uns|umas|the|and|for|what|which|who|how|when|where|does|did|you|your|are"
    r"|was|were|voce|voces|vcs|seu|sua|seus|suas|ele|ela|eles|elas|esse|essa|este|esta|isso"
    r"|nos|nas|pelo|pela|tem|ter|foi|ser|sao|quero|queria|gostaria|saber|mais|muito|aqui|favor"
    r"|dia|bom|boa|tarde|noite|ola"
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    stems: frozenset[str]
    asks: bool


def excerpt(question: str, text: str, limit: int = DEFAULT_LIMIT) -> str:
    """The sentences of `text` nearest to the question: a slice of it, at most `limit` characters.

    A sentence that is itself a question stands for the one that follows it (lists of questions and
    answers); a short one brings what follows it in its paragraph; one longer than the limit is cut
    behind a word. Empty only where the text has no words.
    """
    sentences = list(_sentences(text))
    if not sentences:
        return ""
    best = _best(_stems(question), sentences)
    if sentences[best].asks and best + 1 < len(sentences) and not sentences[best + 1].asks:
        best += 1
    start, end = sentences[best].start, sentences[best].end
    for following in sentences[best + 1 :]:
        if end - start >= limit // 3 or following.end - start > limit:
            break
        if following.asks or "\n" in text[end : following.start]:
            break
        end = following.end
    return _cut(text[start:end], limit)


def spoken(quote: str) -> str:
    """A quote as it is said in a chat: without the marks of headings, lists and emphasis."""
    return re.sub(r"\s+", " ", _MARKS.sub("", quote)).strip()


def _best(wanted: frozenset[str], sentences: list[_Sentence]) -> int:
    spread = Counter(stem for sentence in sentences for stem in sentence.stems)
    weights = [sum(1 / spread[stem] for stem in s.stems & wanted) for s in sentences]
    return weights.index(max(weights))


def _sentences(text: str) -> Iterable[_Sentence]:
    start = 0
    for boundary in (*_BOUNDARY.finditer(text), None):
        end = boundary.start() if boundary else len(text)
        piece = text[start:end]
        if any(c.isalnum() for c in piece) and not _HEADING.match(piece):
            lead = len(piece) - len(piece.lstrip())
            stop = start + len(piece.rstrip())
            yield _Sentence(start + lead, stop, _stems(piece), piece.rstrip().endswith("?"))
        start = boundary.end() if boundary else end


def _stems(text: str) -> frozenset[str]:
    words = _WORD.findall(folded(text))
    return frozenset(
        w[:_STEM] for w in words if not _STOP.fullmatch(w) and (len(w) > 2 or w.isdigit())
    )


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = text[:limit]
    return (cut.rsplit(None, 1)[0] if " " in cut else cut).rstrip(" ,;:–-")
