"""Words as the knowledge search compares them: without accents, case and punctuation. Pure."""

from __future__ import annotations

import re

from runtime.agent.folding import words

_GREETINGS = re.compile(r"\b(?:bom dia|boa tarde|boa noite|tudo bem|por favor|por gentileza)\b")
_STOP_WORDS = (
    # Those whose accents are folded here: Postgres's own list knows them with accents only.
    "nao sao voce voces esta estao ate sera serao ja so tambem alguem ha e a as o",
    # Of asking.
    "qual quais quanto quantos quanta quantas quando onde quem como porque por que",
    # Of courtesy and of chat.
    "oi ola opa obrigado obrigada vc vcs pra pro queria quero gostaria saber sabe pode poderia posso",
    "podem consegue me dizer diz fala falar ai entao ok tipo la tem ter",
)
_SAY_NOTHING = frozenset(word for line in _STOP_WORDS for word in line.split())


def folded(text: str) -> str:
    """The words of a text, in lower case, without accents, parted by single spaces."""
    return " ".join(words(text))


def asked(question: str, most: int = 60) -> str:
    """The first words of a question that ask for something, folded; at most `most` of them."""
    said = _GREETINGS.sub(" ", folded(question))
    asking = dict.fromkeys(word for word in said.split() if word not in _SAY_NOTHING)
    return " ".join(list(asking)[:most])
