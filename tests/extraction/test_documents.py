"""CPF and CNPJ are told by their check digits alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extraction.reading import FEW, values

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_digits(root: str, longest: int) -> str:
    """The two check digits, from the published rule: weights from 2 up, from the right, modulo 11."""
    for _ in range(2):
        total, weight = 0, 2
        for character in reversed(root):
            total += (ord(character) - ord("0")) * weight
            weight = 2 if weight == longest else weight + 1
        root += "0" if total % 11 < 2 else str(11 - total % 11)
    return root[-2:]


def valid(number: str, longest: int) -> bool:
    return check_digits(number[:-2], longest) == number[-2:] and len(set(number)) > 1


cpfs = (
    st.text(DIGITS, min_size=9, max_size=9)
    .map(lambda root: root + check_digits(root, 12))
    .filter(lambda number: len(set(number)) > 1)
)
cnpjs = (
    st.text(DIGITS + LETTERS, min_size=12, max_size=12)
    .filter(lambda root: any(character in DIGITS for character in root))
    .map(lambda root: root + check_digits(root, 9))
    .filter(lambda number: len(set(number)) > 1)
)


def dotted_cpf(number: str) -> str:
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def dotted_cnpj(number: str) -> str:
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


@FEW
@given(cpfs)
def test_every_cpf_whose_digits_hold_is_found_in_both_notations(number: str) -> None:
    assert values("cpf", f"meu cpf é {number}") == [number]
    assert values("cpf", f"CPF: {dotted_cpf(number)}.") == [number]


@FEW
@given(cnpjs)
def test_every_cnpj_whose_digits_hold_is_found_in_both_notations(number: str) -> None:
    assert values("cnpj", f"o cnpj é {number}") == [number]
    assert values("cnpj", f"CNPJ: {dotted_cnpj(number)}.") == [number]
    assert values("cnpj", f"cnpj {dotted_cnpj(number).lower()}, ok?") == [number]


@FEW
@given(cpfs, st.integers(0, 10), st.integers(1, 9))
def test_a_cpf_with_one_wrong_digit_is_none_unless_its_digits_hold_again(
    number: str, place: int, shift: int
) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    expected = [wrong] if valid(wrong, 12) else []
    assert values("cpf", f"cpf {dotted_cpf(wrong)}") == expected
    assert values("phone", f"cpf {dotted_cpf(wrong)}") == []


@FEW
@given(cnpjs, st.integers(0, 13), st.integers(1, 9))
def test_a_cnpj_with_one_wrong_digit_is_none_unless_its_digits_hold_again(
    number: str, place: int, shift: int
) -> None:
    old = number[place]
    new = (
        str((int(old) + shift) % 10)
        if old in DIGITS
        else LETTERS[(LETTERS.index(old) + shift) % 26]
    )
    wrong = number[:place] + new + number[place + 1 :]
    expected = [wrong] if valid(wrong, 9) and any(c in DIGITS for c in wrong[:12]) else []
    assert values("cnpj", f"cnpj {dotted_cnpj(wrong)}") == expected


def test_nearly_every_single_wrong_digit_of_a_cpf_is_seen() -> None:
    # Modulo 11 folds two rests into one digit, so a few wrong numbers hold by the rule itself.
    number = "52998224725"
    wrong = [
        number[:place] + digit + number[place + 1 :]
        for place in range(11)
        for digit in DIGITS
        if digit != number[place]
    ]
    assert [one for one in wrong if values("cpf", one)] == [one for one in wrong if valid(one, 12)]
    assert sum(valid(one, 12) for one in wrong) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "12.ABC.345/01DE-35",
        "12ABC34501DE35",
        "12abc34501de35",
        "meu cnpj: 12.abc.345/01de-35!",
    ],
)
def test_the_official_example_of_an_alphanumeric_cnpj_is_found(text: str) -> None:
    assert values("cnpj", text) == ["12ABC34501DE35"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpf 529 982 247 25", ["52998224725"]),
        ("529982247-25", ["52998224725"]),
        ("529.982.247/25", ["52998224725"]),
        ("cpf:52998224725", ["52998224725"]),
        ("111.111.111-11", []),
        ("00000000000", []),
        ("9529.982.247-25", []),
        ("529.982.247-251", []),
        ("529.982.247-26", []),
    ],
)
def test_a_cpf_is_found_however_it_is_grouped(text: str, expected: list[str]) -> None:
    assert values("cpf", text) == expected


def test_a_valid_cpf_is_no_phone() -> None:
    number = "11987654" + "3" + check_digits("119876543", 12)
    assert values("cpf", number) == [number]
    assert values("phone", number) == []


def test_zeros_alone_are_no_cnpj() -> None:
    assert values("cnpj", "00.000.000/0000-00") == []


def test_an_amount_whose_digits_would_hold_is_no_cpf() -> None:
    assert values("cpf", "R$ 282.715.033,67") == []
    assert values("money", "R$ 282.715.033,67") == ["282715033.67"]
