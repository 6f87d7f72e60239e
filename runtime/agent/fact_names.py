"""One name for one fact, whatever a company's rules call it: `e-mail`, `email`, `correio`.

| canonical | found as | also called |
|---|---|---|
| `name` | name | nome, nome_completo, full_name, como_se_chama, … |
| `email` | email | e-mail, correio, mail, … |
| `phone` | phone | telefone, celular, whatsapp, fone, … |
| `cpf`, `cnpj` | themselves | |
| `document` | cpf or cnpj | documento, cpf_cnpj, … |
| `budget` | money | orcamento, verba, valor, faixa_de_preco, … |
| `down_payment`, `income` | money | entrada; renda, salario |
| `date` | date | data, dia, quando, data_desejada, data_da_visita, … |
| `birth_date` | date | data_de_nascimento, nascimento |
| `city` | city | cidade, municipio, … |

Every other name is canonical in its folded form (`Modelo-Desejado` is `modelo_desejado`) and has no
kind: such a fact can only be answered, not found. Two names that mean different things never share
a canonical name, even where they are found alike (`budget`, `down_payment`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runtime.agent.context import Fact
from runtime.agent.folding import folded
from runtime.extraction.found import Kind

KINDS: dict[str, frozenset[Kind]] = {
    "name": frozenset({"name"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone"}),
    "cpf": frozenset({"cpf"}),
    "cnpj": frozenset({"cnpj"}),
    "document": frozenset({"cpf", "cnpj"}),
    "budget": frozenset({"money"}),
    "down_payment": frozenset({"money"}),
    "income": frozenset({"money"}),
    "date": frozenset({"date"}),
    "birth_date": frozenset({"date"}),
    "city": frozenset({"city"}),
}

_ALIASES: dict[str, str] = {
    "name": "nome nome_completo seu_nome nome_do_cliente nome_cliente primeiro_nome full_name"
    " first_name customer_name nome_contato contact_name",
    "email": "e_mail mail correio correio_eletronico endereco_de_email seu_email email_address",
    "phone": "telefone celular whatsapp whats zap fone tel numero_de_telefone numero_telefone"
    " telefone_celular telefone_contato telefone_de_contato mobile phone_number cell seu_telefone",
    "document": "documento cpf_cnpj cpf_ou_cnpj cnpj_cpf",
    "budget": "orcamento verba valor valor_disponivel faixa_de_preco faixa_preco faixa_de_valor"
    " preco_maximo valor_maximo investimento money dinheiro price_range max_price",
    "down_payment": "entrada valor_entrada valor_de_entrada valor_da_entrada sinal",
    "income": "renda renda_mensal renda_familiar salario faturamento monthly_income",
    "date": "data dia quando data_desejada data_visita data_da_visita data_preferida day when"
    " data_agendamento data_do_agendamento data_evento data_do_evento preferred_date visit_date",
    "birth_date": "data_nascimento data_de_nascimento nascimento birthday birthdate aniversario",
    "city": "cidade municipio cidade_estado cidade_uf sua_cidade localidade town",
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def canonical(name: str) -> str:
    """The one name of a fact; idempotent."""
    plain = _SEPARATORS.sub("_", folded(_CAMEL.sub("_", name))).strip("_")
    return _CANONICAL.get(plain, plain) or name


def kinds(name: str) -> frozenset[Kind]:
    """As what the extraction finds such a fact; empty where it can only be answered."""
    return KINDS.get(canonical(name), frozenset())


def known_facts(facts: Iterable[Fact] | Mapping[str, Fact]) -> dict[str, Fact]:
    """Facts by canonical name, without empty ones; a human's word comes first, then confidence.

    Of equals the later one counts.
    """
    values = facts.values() if isinstance(facts, Mapping) else facts
    known: dict[str, Fact] = {}
    for fact in values:
        if fact.value is None or fact.value in ("", [], {}):
            continue
        name = canonical(fact.name)
        if name not in known or _standing(fact) >= _standing(known[name]):
            known[name] = fact
    return known


def _standing(fact: Fact) -> tuple[bool, float]:
    return fact.by == "human", fact.confidence
