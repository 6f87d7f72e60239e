"""Weekdays: the next one after today. "segunda opção" and "quinta vez" are ordinals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from runtime.extraction.calendar_words import (
    SHORT_WEEKDAYS,
    WEEKDAYS,
    next_weekday,
    weekday_of_next_week,
)
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, LIKELY, WEAK
from runtime.extraction.misspelt import slip_set
from runtime.extraction.words import Words, word_set

_ORDINALS: Final = frozenset({"segunda", "terca", "quarta", "quinta", "sexta"})
_BEFORE_SHORT: Final = word_set("na no ate nessa proxima ser pra para marcar agendar desta nesta")
# Before "feira" a slip of the thumb is no other word.
_SLIPPED: Final = {
    slip: WEEKDAYS[word]
    for word in ("segunda", "terca", "quarta", "quinta", "sexta")
    for slip in slip_set(word)
}
_FAIR: Final = frozenset({"feira", "fera", "feiras"})
_OPENING: Final = word_set(
    "na nessa nesta nesse neste pra para ate proxima proximo desta dessa essa esta no este esse "
    "agendar marcar marca agenda agendo marcado agendado seria ser fica ou entao amanha hoje"
)
_ORDINAL_NOUNS: Final = word_set(
    "vez opcao parcela via mao pessoa tentativa parte categoria geracao serie etapa fase rua casa loja "
    "unidade quinzena aula turma posicao colocacao guerra edicao temporada mensagem compra visita "
    "dose filha chance esquina divisao coisa pergunta duvida linha pagina cor avenida porta sala "
    "santa reuniao entrega consulta sessao prova versao tela foto imagem camada marcha feita "
    "melhor maior melhores cidade prestacao remessa peca alternativa escolha proposta reclamacao "
    "ligacao semana cobranca ordem instancia lei metade faixa gaveta viagem habilitacao conta "
    "infancia do das dos da vara pedida nota fileira caixa travessa alameda quadra secao camara"
)
_ARTICLES: Final = word_set(
    "a pela minha sua uma outra nossa primeira cada toda todo todas todos meu tua ultima ultimo duas "
    "umas la"
)
_RECURRING: Final = frozenset({"toda", "todo", "todas", "todos", "cada", "as", "aos"})
_ANY: Final = frozenset({"qualquer", "desses", "dessas"})
_NUMBERED: Final = word_set("primeira primeiro segunda segundo terceira terceiro ultima ultimo")
# No list of weekdays is longer than the week.
_OTHERS: Final = 6
_PAST: Final = frozenset({"passada", "passado", "retrasada", "retrasado", "anterior"})


def find_weekdays(words: Words, today: date) -> Iterator[Candidate]:
    """Every weekday that is meant as one coming day."""
    for at in range(len(words.items)):
        read = _weekday(words, at)
        if read is None:
            continue
        weekday, after, sure = read
        if _spanned(words, at, after) or _recurs(words, at) or _is_a_feast(words, after):
            continue
        if words.plain(after) in _ANY or _numbered_in_month(words, at, after):
            continue
        first = at - 1 if words.plain(at - 1) in {"proxima", "proximo"} else at
        confidence = EXPLICIT if sure else _by_surroundings(words, at, after)
        if confidence is None or words.plain(after) in _PAST or words.plain(at - 1) == "ultima":
            continue
        if words.follows(after, "da", "semana", "que", "vem"):
            day, after = weekday_of_next_week(weekday, today), after + 4
        elif words.follows(after, "da", "proxima", "semana"):
            day, after = weekday_of_next_week(weekday, today), after + 3
        else:
            day = next_weekday(weekday, today)
            after += 2 if words.follows(after, "que", "vem") else 0
        if day is not None:
            start, end = words.items[first].start, words.items[after - 1].end
            yield Candidate("date", day.isoformat(), start, end, confidence)


def _recurs(words: Words, at: int) -> bool:
    """Whether a weekday comes back every week: "toda terça", "toda terça e quinta"."""
    first = at
    for _ in range(_OTHERS):
        if words.plain(first - 1) not in {"e", ","} or words.plain(first - 2) not in WEEKDAYS:
            break
        first -= 2
    return words.plain(first - 1) in _RECURRING


def _numbered_in_month(words: Words, at: int, after: int) -> bool:
    """Whether a weekday is counted out in its month: "a primeira segunda do mês"."""
    return words.plain(at - 1) in _NUMBERED and words.plain(after) in {"do", "de"}


def _weekday(words: Words, at: int) -> tuple[int, int, bool] | None:
    """The weekday at a word, the word after it, and whether "feira" leaves no doubt."""
    word = words.plain(at)
    if word.removesuffix("feira") in _ORDINALS and word not in _ORDINALS:
        return WEEKDAYS[word.removesuffix("feira")], at + 1, True
    joint = at + 2 if words.plain(at + 1) == "-" else at + 1
    if word in _SLIPPED and words.plain(joint) in _FAIR:
        return _SLIPPED[word], joint + 1, True
    if word in WEEKDAYS:
        after = at + 1
        joint = after + 1 if words.plain(after) == "-" else after
        if words.plain(joint) in _FAIR:
            return WEEKDAYS[word], joint + 1, True
        if words.plain(joint) == "f" and joint > after:
            return WEEKDAYS[word], joint + 1, True
        return WEEKDAYS[word], after, word not in _ORDINALS
    if word in {"2", "3", "4", "5", "6"} and words.plain(at + 1) == "a" and words.touching(at + 1):
        joint = at + 3 if words.plain(at + 2) == "-" else at + 2
        if words.plain(joint) in _FAIR:
            return int(word) - 2, joint + 1, True
    if word in SHORT_WEEKDAYS and (
        words.plain(at - 1) in _BEFORE_SHORT or words.follows(at + 1, "que", "vem")
    ):
        return SHORT_WEEKDAYS[word], at + 1, True
    return None


def _by_surroundings(words: Words, at: int, after: int) -> float | None:
    """How sure an ordinal's form is a weekday; `None` where it numbers something."""
    before, following = words.plain(at - 1), words.plain(after)
    coming = words.follows(after, "que", "vem")
    if coming or (following in {"de", "a", "as", "cedo"} and before not in _ARTICLES):
        return LIKELY if following != "de" or words.plain(after + 1) in _DAYTIMES else None
    if following in _ORDINAL_NOUNS and not words.follows(after, "da", "semana"):
        return None
    if before in _ARTICLES or _numbers_a_noun(following):
        return None
    if before in _OPENING:
        return LIKELY
    return WEAK


def _numbers_a_noun(word: str) -> bool:
    """Whether an unknown word after an ordinal's form is what it numbers: "quarta dimensão"."""
    if word in _NO_NOUNS or not word.isalpha() or len(word) < 4:
        return False
    return word.endswith(("a", "e", "ao", "ade", "em"))


_NO_NOUNS: Final = word_set(
    "proxima passada retrasada nao entao tarde noite hoje agora ainda ontem amanha seja esteja fosse onde quando porque embora sobre ele ela "
    "esse essa este esta esteve gente chega abre fecha vence serve pode fica viaja comeca volta funciona entrega "
    "trabalha rola marca cabe manda passa para acaba termina busca fale mande venha queria poderia daria seria "
    "consegue atende existe sobra falta quase sempre depende esta estarao vao estao confirma fecha combina mesmo "
    "pela pelas pele toca paga liga chove teria tenha exatamente certamente provavelmente cedinho posse tem vem "
    "segunda terca quarta quinta sexta santa feira bora beleza"
) - {"santa"}
_DAYTIMES: Final = frozenset({"manha", "tarde", "noite", "madrugada"})


def _is_a_feast(words: Words, after: int) -> bool:
    """Whether a weekday is part of a feast's name: "sexta-feira santa", "quarta-feira de cinzas"."""
    return words.plain(after) in {"santa", "gorda"} or words.follows(after, "de", "cinzas")


def _spanned(words: Words, at: int, after: int) -> bool:
    """Opening hours: "de segunda a sexta", "seg a sab"."""
    names = {**WEEKDAYS, **SHORT_WEEKDAYS}
    if words.plain(after) in {"a", "ate", "-"} and words.plain(after + 1) in names:
        return words.plain(after) != "-" or words.plain(at - 1) in {"de", ""}
    back = (
        at
        - 2
        - (words.plain(at - 2) in _FAIR)
        - (words.plain(at - 3) == "-" and words.plain(at - 2) in _FAIR)
    )
    return words.plain(at - 1) in {"a", "ate"} and words.plain(back) in names
