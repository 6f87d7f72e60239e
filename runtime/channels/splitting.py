"""Long answers in parts, cut where a reader would pause."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

_SPACE = r"[^\S\u00a0\u2007\u202f]"
"""White space that a line may be broken at."""
_PARAGRAPH = re.compile(r"\n\s*\n\s*(?=\S)")
_LINE = re.compile(r"\n\s*(?=\S)")
_SENTENCE = re.compile(rf"[.!?…][\"'”’»)\]*_]*{_SPACE}+(?=\S)")
_WORD = re.compile(rf"{_SPACE}+(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:^|(?<=\W))(?:sra?|dra?|profa?|av|r|al|pça|rod|nº|n|art|ex|obs|tel|cel|pág|p|vs|mr|mrs|ms|st|no)"
    r"\.\s*$|(?:^|\n)\s*\d{1,3}\.\s*$",
    re.IGNORECASE,
)
# Every repetition is bounded, so that no text makes the search slow.
_NUMBER = r"\d{1,20}(?:[.,:/\-]\d{1,20}){0,8}"
_FIGURES = r"\(?\d[\d.\-/()]{0,30}"
_UNIT = (
    r"(?:%|‰|°\s?[CF]?|º|ª|mil(?:hão|hões)?|bi(?:lhão|lhões)?|reais|real|centavos?|d[óo]lar(?:es)?|euros?"
    r"|[kmcdµn]?[mglsWVA]|[kMGT]?B|[kM]?Wh|m[²³23]|km/h|km[²2]?|ha|kcal|cal|[kMG]?Hz|[kKMG]?bps|kgf?|ton|mg|ml|mL|"
    r"x|h|hs|min|seg|ms|horas?|minutos?|segundos?|dias?|semanas?|m[êe]s(?:es)?|anos?|vezes|parcelas?|"
    r"unidades?|metros?|litros?|quilos?|quartos?|pessoas?|hours?|minutes?|days?|weeks?|months?|years?|"
    r"am|pm|USD|EUR|BRL)"
)
_WHOLE = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|(?<![^\s@<>(),;:])[^\s@<>(),;:]{1,64}@[^\s@<>(),;:]{1,255}"
    # Telephone numbers and other figures in groups: (11) 98765-4321, 123 456.
    rf"|\+?{_FIGURES}(?:{_SPACE}{_FIGURES})+"
    rf"|(?:R\$|US\$|\$|€|£|nº|n°)\s?{_NUMBER}(?:\s(?:mil(?:hão|hões)?|bilh(?:ão|ões))\b)?"
    rf"|{_NUMBER}\s?{_UNIT}(?!\w)(?:\sde\s(?:reais|d[óo]lares|euros))?"
)
_CRUMB = 3
"""A border in the first third of what fits is left for a lesser one further on."""


def split(text: str, *, max_chars: int) -> tuple[str, ...]:
    """Parts of at most `max_chars` characters (code points), in order, none empty.

    Cut at the end of a paragraph, else of a line, a sentence, a word. A web address, an e-mail
    address, a number with its unit and a grapheme are cut only where they do not fit in one part.
    Together the parts are the text but for white space at the cuts; text of white space gives none.

    Raises:
        ValueError: `max_chars` is below 1.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars: {max_chars} is below 1")
    text = text.strip()
    borders = _Borders(text)
    parts = []
    start = 0
    while len(text) - start > max_chars:
        cut = borders.last(start, start + max_chars)
        parts.append(text[start:cut].rstrip())
        start = borders.behind_space(cut)
    if start < len(text):
        parts.append(text[start:])
    return tuple(parts)


class _Borders:
    """Where a text may be cut: for each kind, the starts of what may begin a part."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._graphemes = _grapheme_borders(text)
        wholes = [match.span() for match in _WHOLE.finditer(text)]
        self._starts = [start for start, _ in wholes]
        self._ends = [end for _, end in wholes]
        words = list(self._ends_of(_WORD))
        free = [word for word in words if not self._is_inside(word)]
        sentences = [
            cut
            for cut in self._ends_of(_SENTENCE)
            if not _ABBREVIATION.search(text[max(0, cut - 16) : cut])
        ]
        self._by_rank = (
            list(self._ends_of(_PARAGRAPH)),
            list(self._ends_of(_LINE)),
            sentences,
            free,
        )
        self._words = words

    def last(self, start: int, limit: int) -> int:
        """The best place after `start` for the next part to begin.

        What is before it, without white space at its end, is not beyond `limit`.
        """
        crumb = start + (limit - start) // _CRUMB
        # White space at a cut belongs to no part: a border may lie behind the limit by that much.
        reach = self.behind_space(limit)
        for least in (crumb, start):
            for borders in self._by_rank:
                if (found := _last(borders, least, reach)) is not None:
                    return found
        return (
            self._last_grapheme(start, limit, lambda cut: not self._is_inside(cut))
            or _last(self._words, start, reach)
            or self._last_grapheme(start, limit, lambda _: True)
            or limit
        )

    def behind_space(self, at: int) -> int:
        """Where the next character stands that is no white space: no part begins with any."""
        while at < len(self._text) and self._text[at].isspace():
            at += 1
        return at

    def _last_grapheme(self, start: int, limit: int, fits: Callable[[int], bool]) -> int | None:
        cuts: Iterable[int] = range(limit, start, -1)
        return next((cut for cut in cuts if self._graphemes[cut] and fits(cut)), None)

    def _ends_of(self, pattern: re.Pattern[str]) -> Iterator[int]:
        return (
            match.end() for match in pattern.finditer(self._text) if self._graphemes[match.end()]
        )

    def _is_inside(self, cut: int) -> bool:
        """Whether a cut would go through something that is to stay whole."""
        nearest = bisect_right(self._starts, cut - 1) - 1
        return nearest >= 0 and cut < self._ends[nearest]


def _last(borders: list[int], least: int, reach: int) -> int | None:
    index = bisect_right(borders, reach) - 1
    return borders[index] if index >= 0 and borders[index] > least else None


def _grapheme_borders(text: str) -> bytearray:
    """For each place in the text whether a grapheme ends before it.

    Source: UAX #29, as far as chats need it.
    """
    borders = bytearray(b"\x01") * (len(text) + 1)
    regionals = 0
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        regionals = regionals + 1 if _is_regional(before) else 0
        joined = (
            (before == "\r" and after == "\n")
            or before == "\u200d"
            # The third letter of two flags begins the second.
            or (regionals % 2 == 1 and _is_regional(after))
            or (not after.isascii() and _extends(after))
        )
        borders[at] = not joined
    return borders


def _extends(char: str) -> bool:
    """Joiners, accents, variation selectors, skin tones, a flag's tags, Hangul's vowels."""
    code = ord(char)
    return (
        char in "\u200c\u200d"
        or unicodedata.category(char) in ("Mn", "Mc", "Me")
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0020 <= code <= 0xE007F
        or 0x1160 <= code <= 0x11FF
    )


def _is_regional(char: str) -> bool:
    """One of the two letters that make a flag."""
    return 0x1F1E6 <= ord(char) <= 0x1F1FF
