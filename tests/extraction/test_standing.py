"""Names that stand free: the writer's, unless something gives them to somebody else."""

from __future__ import annotations

import pytest

from runtime.extraction.name_words import first_names
from tests.extraction.reading import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ivone Lessa, quero marcar um horário", "Ivone Lessa"),
        ("quero marcar um horário, ivone lessa", "Ivone Lessa"),
        ("protocolo 5531, Ivone Lessa", "Ivone Lessa"),
        ("1) Ivone Lessa\n2) 529.982.247-25", "Ivone Lessa"),
        ("hóspede Ivone Lessa, quarto 12", "Ivone Lessa"),
        ("inclui aí Ivone Lessa", "Ivone Lessa"),
        ("tem meu cadastro? Ivone Lessa", "Ivone Lessa"),
        ("bom dia, Ivone Lessa, costureira, preciso de linha", "Ivone Lessa"),
        ("me liga, Ivone, 11 98765-4321", "Ivone"),
        ("confirmo presença\nIvone\n2 adultos", "Ivone"),
        ("no crachá põe Ivone", "Ivone"),
    ],
)
def test_a_name_with_bounds_of_its_own_is_the_writers(text: str, expected: str) -> None:
    assert values("name", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "bom dia, Ivone Lessa!", "Ivone Lessa, você pode me ajudar?", "obrigada, Ivone, você foi um anjo",
        "o síndico, Rui Lessa, não resolve", "meu sócio, Rui Lessa, assina", "Rui Lessa, meu pai, vai aí",
        "testemunha: Rui Lessa", "médico solicitante: Rui Lessa", "quem me atendeu? Rui Lessa",
        "convidados: Rui Lessa, Ivone Lessa", "Rui Lessa\nIvone Lessa\nDavi Lessa",
        "moro na rua Boa, Rui Lessa, 33", "livro novo, Rui Lessa", "Carolina Herrera", "E.E. Rui Lessa",
        "Rui Lessa & Filhos", "chave pix 529.982.247-25 Rui Lessa", "rui.lessa@x.com.br",
        "[10:32] Rui Lessa: bom dia", "ela disse: Rui Lessa",
    ],
)  # fmt: skip
def test_what_gives_it_to_somebody_else_is_heeded(text: str) -> None:
    assert values("name", text) == []


def test_two_free_names_are_a_list_and_an_introduction_outweighs_them() -> None:
    assert values("name", "Rui Lessa quer bolo. Ivone Prado, pão.") == []
    assert values("name", "Rui Lessa, pão. Eu sou a Ivone") == ["Ivone"]


def test_rare_names_of_the_census_are_known_and_everyday_words_are_not_among_them() -> None:
    assert {"kellen", "maiquel", "wellingtom"} <= first_names()
    assert first_names().isdisjoint({"tudo", "casa", "line", "disney", "segunda", "preciso"})


def test_a_shouted_name_is_calmed() -> None:
    assert values("name", "ME CHAMO IVONE DOS ANJOS") == ["Ivone dos Anjos"]
