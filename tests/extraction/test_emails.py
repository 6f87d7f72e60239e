"""E-mail addresses, written and spoken."""

from __future__ import annotations

import pytest

from tests.extraction.reading import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("meu email é Ana.Lima@Gmail.com", "ana.lima@gmail.com"),
        ("joao_silva+loja@empresa.com.br.", "joao_silva+loja@empresa.com.br"),
        ("<bia@uol.com.br>", "bia@uol.com.br"),
        ("email:ana@gmail.com.Obrigada", "ana@gmail.com"),
        ("ana@gmail.com,pode mandar", "ana@gmail.com"),
        ("ana @ gmail.com", "ana@gmail.com"),
        ("ana arroba gmail ponto com", "ana@gmail.com"),
        ("é ana ponto lima arroba hotmail ponto com ponto br tá", "ana.lima@hotmail.com.br"),
        ("ana underline lima arroba outlook.com", "ana_lima@outlook.com"),
        ("ana(arroba)gmail.com", "ana@gmail.com"),
        ("ana@gmail ponto com", "ana@gmail.com"),
        ("zé: ze-maria@sub.dominio.org.br", "ze-maria@sub.dominio.org.br"),
    ],
)
def test_an_address_is_found_in_lower_case(text: str, expected: str) -> None:
    assert values("email", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "me segue no insta @ana.lima",
        "ana@gmail",
        "a arroba do boi está 300 reais",
        "comprei 10 arrobas",
        "nos vemos @ casa",
        "@",
        "ana arroba gmail",
    ],
)
def test_what_lacks_a_local_part_or_a_domain_is_none(text: str) -> None:
    assert values("email", text) == []


def test_two_addresses_are_both_found() -> None:
    assert values("email", "ana@gmail.com ou ana@empresa.com.br") == [
        "ana@gmail.com",
        "ana@empresa.com.br",
    ]
