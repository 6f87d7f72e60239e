"""Words as the knowledge search compares them: without accents, case and punctuation. Pure."""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = re.compile(r"[\W_]+")

_SAY_NOTHING = frozenset(
    # Stop words whose accents are folded, which Postgres's own list knows with accents only.
    "nao sao voce voces esta estao ate sera serao ja so tambem alguem ha e a as"
    # Words of asking.
    " qual quais quanto quantos quanta quantas quando onde quem como porque por que o"
    # Words of courtesy and of chat.
    " oi ola opa bom boa dia tarde noite tudo bem obrigado obrigada favor gentileza vc vcs pra pro"
    " queria quero gostaria saber sabe pode poderia posso podem consegue me dizer diz fala falar ai"
    " entao ok tipo la tem ter".split()
)


def folded(text: str) -> str:
    """The words of a text, in lower case, without accents, parted by single spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return _SEPARATORS.sub(" ", bare).strip()


def asked(question: str, most: int = 60) -> str:
    """The first words of a question that ask for something, folded; at most `most` of them."""
    words = dict.fromkeys(word for word in folded(question).split() if word not in _SAY_NOTHING)
    return " ".join(list(words)[:most])
