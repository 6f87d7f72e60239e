"""The writer's own name, from introductions only."""

from __future__ import annotations

import pytest

from tests.extraction.reading import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("me chamo Ana Lima", "Ana Lima"), ("me chamo ana lima e quero um orçamento", "Ana Lima"),
        ("aqui é o João", "João"), ("oi aqui e o joao carlos da silva", "Joao Carlos da Silva"),
        ("sou a Bia", "Bia"), ("Sou Maria da Silva, tudo bem?", "Maria da Silva"), ("sou o pedro", "Pedro"),
        ("meu nome é Luiz, e o seu?", "Luiz"), ("meu nome eh thiago", "Thiago"), ("nome: carlos eduardo", "Carlos Eduardo"),
        ("Nome completo: Ana Clara Souza Lima\nCPF", "Ana Clara Souza Lima"), ("quem fala é a Márcia", "Márcia"),
        ("Ana aqui, tudo bem?", "Ana"), ("prazer, Ricardo", "Ricardo"), ("pode me chamar de Beto", "Beto"),
        ("sou a dra. Ana Paula", "Ana Paula"), ("Sou o Pedro da Construtora Alfa", "Pedro"),
        ("me chamo jucicleide e quero saber", "Jucicleide"), ("sou joana moro em recife", "Joana"),
        ("me chamo  Maria   Eduarda", "Maria Eduarda"), ("aki é a keila blz", "Keila"),
        ("então meu nome é fabiana e eu queria", "Fabiana"), ("Luana é o meu nome", "Luana"),
        ("bom diaaa, Mari aqui", "Mari"),
    ],
)  # fmt: skip
def test_an_introduction_gives_the_name(text: str, expected: str) -> None:
    assert values("name", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "minha esposa se chama Ana", "sou a mãe do Lucas", "sou cliente", "sou o dono da loja", "fala com a Ana",
        "Sou Corretor de imóveis", "meu nome não é João", "o vendedor Marcos me atendeu", "oi Ana, tudo bem?",
        "aqui é da loja do João", "nome da mãe: Maria Souza", "sou torcedor do Santos", "sou de Campinas",
        "o nome dele é Paulo", "meu nome tá sujo no serasa", "sou novo aqui", "sou amiga da Bia",
        "nome do pet: Rex", "bom dia, Carla", "aqui está tudo bem",
    ],
)  # fmt: skip
def test_other_people_trades_and_relations_are_no_name(text: str) -> None:
    assert values("name", text) == []


def test_a_name_and_its_short_form_are_both_found() -> None:
    assert values("name", "me chamo Ana mas pode me chamar de Aninha") == ["Ana", "Aninha"]
