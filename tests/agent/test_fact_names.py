"""One name for one fact."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.context import Fact
from runtime.agent.fact_names import KINDS, canonical, kinds, known_facts
from runtime.agent.lead_identity import lead_id_for


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("nome", "name"),
        ("Nome_Completo", "name"),
        ("nomeCompleto", "name"),
        ("e-mail", "email"),
        ("E-MAIL", "email"),
        ("telefone", "phone"),
        ("celular", "phone"),
        ("whatsapp", "phone"),
        ("cidade", "city"),
        ("orcamento", "budget"),
        ("orçamento", "budget"),
        ("budget", "budget"),
        ("entrada", "down_payment"),
        ("data", "date"),
        ("data_de_nascimento", "birth_date"),
        ("cpf", "cpf"),
        ("cpf_cnpj", "document"),
        ("modelo.desejado", "modelo_desejado"),
        ("Interesse", "interesse"),
        ("...", "..."),
    ],
)
def test_aliases_name_one_fact(field: str, name: str) -> None:
    assert canonical(field) == name


def test_a_field_knows_as_what_it_is_found() -> None:
    assert kinds("celular") == {"phone"}
    assert kinds("orcamento") == kinds("entrada") == {"money"}
    assert kinds("documento") == {"cpf", "cnpj"}
    assert kinds("modelo") == frozenset()


@given(st.text())
def test_the_canonical_name_is_its_own(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)


def test_every_name_with_a_kind_is_canonical() -> None:
    assert all(canonical(name) == name for name in KINDS)


def test_a_humans_word_stands_before_the_surer_rule() -> None:
    def fact(name: str, value: str, confidence: float, by: str) -> Fact:
        return Fact(name, value, value, UUID(int=1), confidence, by)  # type: ignore[arg-type]

    human = fact("cidade", "Olinda", 0.5, "human")
    rules = fact("city", "Recife", 0.9, "rules")
    weak = fact("nome", "a", 0.3, "rules")
    assert known_facts([human, rules])["city"] is human
    assert known_facts([rules, human])["city"] is human
    assert known_facts({"x": weak, "y": fact("name", "b", 0.3, "llm")})["name"].value == "b"


def test_a_conversation_has_one_lead_and_shares_it_with_none() -> None:
    assert lead_id_for("acme", "c-1") == lead_id_for("acme", "c-1")
    assert lead_id_for("acme", "c-1") == "48f51071-e865-5e9c-900b-6d2644fd1043"
    assert lead_id_for("ac", "mec-1") != lead_id_for("acme", "c-1")
    assert lead_id_for("a", "1:b") != lead_id_for("a1", ":b")
