"""Municipalities where the writer is, lives or wants something."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import pytest

from runtime.extraction.gazetteer import Place, places
from tests.extraction.reading import values

CAPITALS = (
    "Aracaju", "Belém", "Belo Horizonte", "Boa Vista", "Brasília", "Campo Grande", "Cuiabá",
    "Curitiba", "Florianópolis", "Fortaleza", "Goiânia", "João Pessoa", "Macapá", "Maceió",
    "Manaus", "Natal", "Palmas", "Porto Alegre", "Porto Velho", "Recife", "Rio Branco",
    "Rio de Janeiro", "Salvador", "São Luís", "São Paulo", "Teresina", "Vitória",
)  # fmt: skip
# Said alone, these mean the state or a day.
OTHERWISE_CALLED = {
    "Amapá", "Espírito Santo", "Goiás", "Mato Grosso", "Paranã", "Tocantins", "Dezesseis de Novembro",
    "Primeiro de Maio", "Quinze de Novembro", "Sete de Setembro", "Treze de Maio", "Três de Maio",
}  # fmt: skip


@pytest.mark.parametrize("city", CAPITALS)
def test_every_capital_is_found_where_somebody_lives(city: str) -> None:
    assert places()[next(key for key, place in places().items() if place.name == city)].well_known
    assert values("city", f"moro em {city}") == [city]
    assert values("city", f"MORO EM {city.upper()}") == [city]


def assert_found(found: Iterable[Place]) -> None:
    for place in found:
        if place.name not in OTHERWISE_CALLED:
            assert values("city", f"eu moro em {place.name}, sabe?") == [place.name], place.name


def test_every_tenth_municipality_is_found_where_somebody_lives() -> None:
    assert_found(islice(places().values(), 0, None, 10))


@pytest.mark.soak
def test_every_municipality_is_found_where_somebody_lives() -> None:
    assert_found(places().values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("moro em campinas", "Campinas"), ("sou de BH", "Belo Horizonte"), ("to em sp", "São Paulo"),
        ("aqui em São Paulo/SP", "São Paulo"), ("moro no rio", "Rio de Janeiro"), ("sou do Recife", "Recife"),
        ("sou de floripa", "Florianópolis"), ("moro em poa", "Porto Alegre"), ("Cidade: Sorocaba", "Sorocaba"),
        ("São José dos Campos - SP", "São José dos Campos"), ("vcs atendem em niteroi?", "Niterói"),
        ("qual o frete pra Manaus?", "Manaus"), ("entregam em Juiz de Fora/MG?", "Juiz de Fora"),
        ("moro na rua X, 120, Campinas - SP", "Campinas"), ("minha casa fica em Piracicaba", "Piracicaba"),
        ("sou morador antigo de Anápolis", "Anápolis"), ("moro em belo orizonte", "Belo Horizonte"),
        ("falo de Goiânia", "Goiânia"), ("moro em Poá", "Poá"), ("a gente mora em Ubatuba", "Ubatuba"),
        ("moro em s. bernardo do campo", "São Bernardo do Campo"), ("Curitiba", "Curitiba"),
        ("tô aqui em santo andré", "Santo André"), ("sou de sta maria", "Santa Maria"),
    ],
)  # fmt: skip
def test_a_city_is_found(text: str, expected: str) -> None:
    assert values("city", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "moro na rua Campinas 200", "torço pro São Paulo FC", "jogo do Santos", "avenida Brasília, 12",
        "minha mãe mora em Fortaleza", "não moro em Campinas", "nasci em Salvador", "moro em Minas Gerais",
        "moro no interior de SP", "moro em Rio Grande do Sul", "entrega antes do natal", "sou a Vitória",
        "o Dr. Campos me indicou", "hospital São Paulo", "a vitória foi linda", "sou feliz",
        "moro no bairro Santos Dumont", "estado de São Paulo",
    ],
)  # fmt: skip
def test_streets_teams_persons_and_states_are_no_city(text: str) -> None:
    assert values("city", text) == []
