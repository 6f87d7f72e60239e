"""Portuguese numbers in words: "dois mil e quinhentos", "um milhão e meio", "vinte e cinco"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from runtime.extraction.words import Words

UNITS: Final = {
    "zero": 0, "um": 1, "uma": 1, "hum": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4,
    "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
}  # fmt: skip
TEENS: Final = {
    "dez": 10, "onze": 11, "doze": 12, "treze": 13, "catorze": 14, "quatorze": 14, "quinze": 15,
    "dezesseis": 16, "dezasseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19,
}  # fmt: skip
TENS: Final = {
    "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "cinqenta": 50, "sessenta": 60,
    "setenta": 70, "oitenta": 80, "noventa": 90,
}  # fmt: skip
HUNDREDS: Final = {
    "cem": 100, "cento": 100, "duzentos": 200, "duzentas": 200, "trezentos": 300, "trezentas": 300,
    "quatrocentos": 400, "quatrocentas": 400, "quinhentos": 500, "quinhentas": 500,
    "seiscentos": 600, "seiscentas": 600, "setecentos": 700, "setecentas": 700,
    "oitocentos": 800, "oitocentas": 800, "novecentos": 900, "novecentas": 900,
}  # fmt: skip
SCALES: Final = {
    "mil": 1_000, "milhao": 1_000_000, "milhoes": 1_000_000, "bilhao": 10**9, "bilhoes": 10**9,
}  # fmt: skip
HALVES: Final = frozenset({"meio", "meia"})
NUMBER_WORDS: Final = {**UNITS, **TEENS, **TENS, **HUNDREDS}


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in words from word `first` up to, not including, word `after`."""

    value: Decimal
    first: int
    after: int
    scaled: bool


def read_numeral(words: Words, first: int) -> Numeral | None:
    """The longest number in words that starts at a word; `None` where none does."""
    total, group, at, floor, scaled = 0, 0, first, 10**12, False
    group_floor = 1_000
    half = Decimal(0)
    while True:
        step = at + 1 if at > first and words.plain(at) == "e" else at
        word = words.plain(step)
        small = NUMBER_WORDS.get(word)
        if small is not None and _fits(small, group_floor):
            group, group_floor = group + small, _next_floor(small)
            at = step + 1
        elif word in SCALES and SCALES[word] < floor and (step == at or word == "mil"):
            total += max(group, 1) * SCALES[word]
            floor, group, group_floor, scaled = SCALES[word], 0, 1_000, True
            at = step + 1
        elif word in HALVES and step > at and group == 0 and floor >= 1_000_000 and scaled:
            half, at = Decimal(floor) / 2, step + 1
            break
        else:
            break
    if at == first:
        return None
    return Numeral(Decimal(total + group) + half, first, at, scaled)


def _fits(small: int, floor: int) -> bool:
    return small < floor and not (small == 0 and floor < 1_000)


def _next_floor(small: int) -> int:
    """What may still follow: after "cento" below 100, after "vinte" below 10, after "dois" nothing."""
    if small >= 100:
        return 100
    return 10 if small >= 20 and small % 10 == 0 else 0
