"""CPF and CNPJ: registration numbers of persons and companies, told by their check digits.

Source: Receita Federal, IN RFB 2.229/2024 (alphanumeric CNPJ: a character counts ASCII − 48).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import CHECKED
from runtime.extraction.folding import Folded

_ALONE_BEFORE: Final = r"(?<![a-z0-9])(?<![0-9][.,/-])"
_ALONE_AFTER: Final = r"(?![a-z0-9])(?![.,/-][0-9])"
_GAP: Final = r"[ ./-]{0,3}"
_CPF: Final = re.compile(
    rf"(?<![0-9])(?<![0-9][.,/-])(?<![$])(?<![$][ ])([0-9]{{3}}){_GAP}([0-9]{{3}}){_GAP}([0-9]{{3}}){_GAP}([0-9]{{2}})"
    r"(?![0-9])(?![.,/-][0-9])"
)
_CNPJ_NUMERIC: Final = re.compile(
    rf"(?<![0-9])(?<![0-9][.,/-])([0-9]{{2}}){_GAP}([0-9]{{3}}){_GAP}([0-9]{{3}}){_GAP}([0-9]{{4}})"
    rf"{_GAP}([0-9]{{2}})(?![0-9])(?![.,/-][0-9])"
)
_CNPJ_ALPHANUMERIC: Final = re.compile(
    rf"{_ALONE_BEFORE}([a-z0-9]{{2}})\.?([a-z0-9]{{3}})\.?([a-z0-9]{{3}})/?([a-z0-9]{{4}})-?([0-9]{{2}})"
    rf"{_ALONE_AFTER}"
)
_CPF_WEIGHTS: Final = ((10, 9, 8, 7, 6, 5, 4, 3, 2), (11, 10, 9, 8, 7, 6, 5, 4, 3, 2))
_CNPJ_WEIGHTS: Final = (
    (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2),
    (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2),
)


def find_documents(folded: Folded) -> Iterator[Candidate]:
    """Every CPF and CNPJ whose check digits hold, punctuated or not."""
    for hit in _CPF.finditer(folded.plain):
        digits = "".join(hit.groups())
        if _holds(digits, _CPF_WEIGHTS):
            yield Candidate("cpf", digits, hit.start(), hit.end(), CHECKED)
    for pattern in (_CNPJ_NUMERIC, _CNPJ_ALPHANUMERIC):
        for hit in pattern.finditer(folded.plain):
            characters = "".join(hit.groups()).upper()
            if _holds(characters, _CNPJ_WEIGHTS) and _says_something(characters):
                yield Candidate("cnpj", characters, hit.start(), hit.end(), CHECKED)


def _says_something(characters: str) -> bool:
    """A root of letters alone is a word that happens to fit."""
    return any(character.isdigit() for character in characters[:12])


def _holds(characters: str, weights: Sequence[Sequence[int]]) -> bool:
    """Whether both check digits follow from what stands before them; one character repeated never."""
    if len(set(characters)) == 1:
        return False
    return all(
        int(characters[len(row)]) == _check_digit(characters[: len(row)], row) for row in weights
    )


def _check_digit(characters: str, weights: Sequence[int]) -> int:
    total = sum(
        (ord(character) - 48) * weight
        for character, weight in zip(characters, weights, strict=True)
    )
    rest = total % 11
    return 0 if rest < 2 else 11 - rest
