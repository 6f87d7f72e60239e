"""Short forms and endearments of names, as friends say them: "a Fê", "Thiaguinho", "a Gi do 71"."""

from __future__ import annotations

from typing import Final

from runtime.extraction.name_parts import Name, Reading, capitalised, shouted
from runtime.extraction.words import word_set

_LONGEST: Final = 4
# Brands are as short.
_BRANDS: Final = word_set(
    "oi tim net sky gol vivo enel itau inss sus uber shell fiat ford gps pix caixa"
)
# Where somebody is known by a short form.
_HAUNTS: Final = word_set(
    "apartamento ap apto bloco casa salao feira oficina padaria mercado escola creche academia barbearia croche frete "
    "bolo bolos unha unhas bar loja banca ong igreja"
)
# How Portuguese words are not spelt, and those that were taken over with such letters.
_STRANGE: Final = ("k", "w", "y", "th", "ll", "nn", "tt", "ph", "ck")
_LOANS: Final = word_set(
    "delivery motoboy playstation whisky wifi whats whatsapp skype hobby lobby kombi ketchup yakisoba windows web show "
    "shopping marketing workshop showroom download network personal notebook facebook tiktok youtube hyundai yamaha kawasaki "
    "volkswagen whirlpool pizza smart party baby body story royal kids kit kilo karaoke kart kiwi piknik walter truck black"
)


def familiar(text: Reading, name: Name) -> bool:
    """Whether a short form follows an article as those of friends do: "é a Fê", "é a Gi do 71"."""
    if name.after > name.first + 1 or not capitalised(text, name.first) or shouted(text):
        return False
    word = text.words.plain(name.first)
    closed = text.words.plain(name.after) in {"", ",", ".", "!", "\n"}
    if name.known:
        return closed
    short = len(word) <= _LONGEST and word not in _BRANDS
    of = text.words.plain(name.after) in {"da", "do", "de"}
    behind = text.words.plain(name.after + 1)
    return short and (closed or (of and (behind.isdigit() or behind in _HAUNTS)))


def pet_form(text: Reading, at: int) -> bool:
    """Whether a capitalised word has the ending of endearment: "Thiaguinho"."""
    return text.words.plain(at).endswith(("inho", "inha")) and capitalised(text, at)


def seems_coined(text: Reading, name: Name) -> bool:
    """Whether an unknown word is spelt as no word of the language is: "Xirley", "Maicow", "Zhang Wei"."""
    if shouted(text) or not capitalised(text, name.first):
        return False
    if name.after > name.first + 1:
        parts = range(name.first, name.after)
        return all(capitalised(text, at) and len(text.words.plain(at)) > 2 for at in parts)
    word = text.words.plain(name.first)
    strange = any(letters in word for letters in _STRANGE)
    return strange and len(word) > _LONGEST and word not in _LOANS
