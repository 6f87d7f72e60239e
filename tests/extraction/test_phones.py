"""Telephone numbers with their area code, in any notation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.extraction.phones import AREAS
from tests.extraction.reading import FEW, values

NOTATIONS = (
    "{a}{n}", "{a} {n}", "({a}){n}", "({a}) {n}", "({a}) {h}-{t}", "{a} {h}-{t}", "{a} {h} {t}",
    "+55{a}{n}", "+55 {a} {n}", "+55 ({a}) {h}-{t}", "55 {a} {h}-{t}", "55{a}{n}", "0{a} {h}-{t}",
    "(0{a}) {h}-{t}", "(0xx{a}) {h}-{t}", "{a}-{h}-{t}", "{a}.{h}.{t}", "{a}/{h}-{t}", "0055 {a} {h} {t}",
    "ddd {a} {h}-{t}", "{h}-{t} ddd {a}", "[{a}] {h}-{t}", "+55-{a}-{h}-{t}", "{a} {h}.{t}", "{a}{h}-{t}",
)  # fmt: skip

areas = st.sampled_from(sorted(AREAS))
mobiles = st.integers(90_000_000, 99_999_999).map(lambda n: f"9{n}")
fixed = st.integers(20_000_000, 59_999_999).map(str).filter(lambda n: len(set(n)) > 1)


@FEW
@given(areas, st.one_of(mobiles, fixed), st.sampled_from(NOTATIONS))
def test_every_notation_of_a_number_is_found(area: str, number: str, notation: str) -> None:
    written = notation.format(a=area, n=number, h=number[:-4], t=number[-4:])
    text = f"meu zap é {written}, ok?"
    if not values("cpf", text):
        assert values("phone", text) == [f"+55{area}{number}"]


@FEW
@given(areas, st.integers(60_000_000, 99_999_999).map(str))
def test_a_mobile_number_without_its_ninth_digit_gets_it(area: str, number: str) -> None:
    assert values("phone", f"({area}) {number[:4]}-{number[4:]}") == [f"+55{area}9{number}"]


@FEW
@given(
    st.integers(10, 99).map(str).filter(lambda area: area not in AREAS),
    st.sampled_from(NOTATIONS[3:6]),
)
def test_an_area_that_does_not_exist_makes_no_number(area: str, notation: str) -> None:
    assert values("phone", notation.format(a=area, n="987654321", h="98765", t="4321")) == []


@pytest.mark.parametrize(
    "text",
    [
        "21 9 8765 4321",
        "21 9.8765.4321",
        "21 9 8765-4321",
        "tel 21 98 765 4321",
        "21 987 654 321",
        "21 98-76-54-321",
        "fone:21 98765 4321",
        "(21) 9 8765-4321",
        "wa.me/5521987654321",
        "21  98765–4321",
        "liga no 98765-4321 (21)",
        "2 1 9 8 7 6 5 4 3 2 1",
    ],
)
def test_digits_may_be_grouped_as_one_likes(text: str) -> None:
    assert values("phone", text) == ["+5521987654321"]


@pytest.mark.parametrize(
    "text",
    [
        "98765-4321",
        "0800 123 4567",
        "4004-1234",
        "CEP 01310-100",
        "pedido 11987654321",
        "protocolo: 2133334444",
        "nota fiscal 4133334444",
        "cpf 119.876.543-21",
        "cartão 4539 1488 0343 6467",
        "R$ 1133334444",
        "1133334444 reais",
        "das 11 às 12 30",
        "2024 2025 2026",
        "119876543210123456",
        "12/03/2027 11:30",
    ],
)
def test_other_numbers_are_no_phone(text: str) -> None:
    assert values("phone", text) == []


def test_two_numbers_are_both_found() -> None:
    text = "11 98765-4321 / 11 3333-4444"
    assert values("phone", text) == ["+5511987654321", "+551133334444"]
