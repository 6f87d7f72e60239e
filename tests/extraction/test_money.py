"""Amounts in reais, in figures and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.extraction import extract
from tests.extraction.reading import FEW, TODAY, values


def brazilian(cents: int) -> str:
    whole = f"{cents // 100:,}".replace(",", ".")
    return f"{whole},{cents % 100:02}"


@FEW
@given(
    st.integers(1, 10**11), st.sampled_from(("R$ {}", "R${}", "r$ {}", "{} reais", "custa R$ {}."))
)
def test_every_amount_in_figures_is_found(cents: int, form: str) -> None:
    assert values("money", form.format(brazilian(cents))) == [f"{cents // 100}.{cents % 100:02}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R$ 1500", "1500.00"), ("1500 reais", "1500.00"), ("R$ 1.500,5", "1500.50"), ("R$89.90", "89.90"),
        ("25 mil", "25000.00"), ("2,5k", "2500.00"), ("R$ 1,2 mi", "1200000.00"), ("30k no pix", "30000.00"),
        ("1 milhão e meio", "1500000.00"), ("2 milhões de reais", "2000000.00"), ("2 mil e 500", "2500.00"),
        ("dois mil e quinhentos reais", "2500.00"), ("meio milhão", "500000.00"), ("cem reais", "100.00"),
        ("mil reais", "1000.00"), ("mil e duzentos", "1200.00"), ("um milhão e meio", "1500000.00"),
        ("vinte e cinco mil", "25000.00"), ("cento e cinquenta reais", "150.00"), ("50 conto", "50.00"),
        ("100 pila", "100.00"), ("5 reais e 50 centavos", "5.50"), ("50 centavos", "0.50"),
        ("trezentos e vinte e cinco mil reais", "325000.00"), ("1 milhão e 200 mil", "1200000.00"),
        ("12x de R$ 99,90", "99.90"), ("até 500 mil", "500000.00"), ("50 real", "50.00"), ("R$: 20", "20.00"),
        ("tenho 30 mil guardados", "30000.00"), ("3 mil por mês", "3000.00"), ("R$ 2.5 mil", "2500.00"),
    ],
)  # fmt: skip
def test_an_amount_is_found(text: str, expected: str) -> None:
    assert values("money", text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("de 2 a 3 mil", ["2000.00", "3000.00"]),
        ("entre 300 e 400 mil", ["300000.00", "400000.00"]),
        ("200 ou 300 reais", ["200.00", "300.00"]),
        ("R$ 200 a 300", ["200.00", "300.00"]),
        ("de R$ 1.000 até R$ 2.000", ["1000.00", "2000.00"]),
        ("de 500 a 1 mil", ["500.00", "1000.00"]),
        ("entre dois e três mil reais", ["2000.00", "3000.00"]),
        ("mil a dois mil reais", ["1000.00", "2000.00"]),
    ],
)
def test_both_ends_of_a_range_are_found(text: str, expected: list[str]) -> None:
    assert values("money", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1500", "36x", "10%", "25 mil seguidores", "80 mil km", "tv 4k", "uma prova de 5k", "mil desculpas",
        "US$ 500", "500 dólares", "€ 50", "R$ 0,00", "-R$ 50,00", "R$ -10", "zero reais", "10 mil pessoas",
        "em dois mil e vinte e seis", "2 milhões de acessos", "às 14:30", "vida real", "dois quartos",
        "R$ 0,001", "carro 2.0", "já te falei mil vezes", "CEP 01310-100", "pedido 25000",
    ],
)  # fmt: skip
def test_other_numbers_are_no_money(text: str) -> None:
    assert values("money", text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("de 2 a 3 mil", ["2 a 3 mil", "3 mil"]),
        ("R$ 500 a 800", ["R$ 500", "R$ 500 a 800"]),
        ("200 ou 300 reais", ["200 ou 300 reais", "300 reais"]),
        ("entre R$ 1 mil e R$ 2 mil", ["R$ 1 mil", "R$ 2 mil"]),
        ("tenho 25 mil agora", ["25 mil"]),
    ],
)
def test_a_quote_holds_the_unit_of_its_value(text: str, expected: list[str]) -> None:
    assert [one.quote for one in extract(text, today=TODAY)] == expected
