"""Names that are said to be the writer's only afterwards: "Ana aqui", "João Lima, esse sou eu"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, WEAK
from runtime.extraction.gazetteer import places
from runtime.extraction.introductions import GREETING, HERE, IS, ON_THE_LINE, SPEAKS
from runtime.extraction.misspelt import slips
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
    read_name,
    whole,
)
from runtime.extraction.name_words import NO_NAME, PARTICLES, TITLES, first_names, is_role, pet_name
from runtime.extraction.reported import reported
from runtime.extraction.short_forms import pet_form, seems_coined

_MOST_WORDS_BACK: Final = 7
_CONFIRMED_REACH: Final = 24

# Where a name may start that is announced only afterwards.
_STARTS: Final = re.compile(
    rf"(?:^|(?<!dr)(?<!sr)(?<!dra)(?<!sra)(?<!prof)[.]|[!?,;:)\n-]|[^\x00-\x7f]|(?<![a-z])(?:{GREETING}|{IS}|olh[ae]|eis)[ ])[ ]*(?:[oa][ ])?(?=[a-z])"
)
_DENIED: Final = re.compile(r"(?<![a-z])(?:nao|nem|nunca)[ ]\Z")
_FROM: Final = (
    r"(?:[ ]?,?[ ](?:marido|esposa|mulher|mae|pai|filh[oa]|irmao?|client[e]|seu[ ]cliente|sua[ ]cliente|don[oa]|secretari[oa]"
    r"|morador|moradora|sindic[oa])"
    r"(?:[ ]d[aeo]s?[ ](?:[ds]ra?[.]?[ ])?[a-z0-9]+){0,2}[ ]?,?|[ ]?,?[ ]d[aeo](?:[ ](?:[a-z]+|dra?[.]|sra?[.]|[0-9]+[ao]?)){1,4}[ ]?,?|[ ]?[(][^()\n]{1,30}[)]"
    r"|[ ]?,[ ][a-z]+(?:eir[oa]|ista|og[oa]|or|ora|ente|ic[oa])[ ]?,)?"
)
_GLAD: Final = r"(?:(?:muito[ ])?prazer(?:[ ](?:em[ ])?(?:conhece-l[oa]s?|te[ ]conhecer|conhecer(?:[ ][a-z]+)?|falar[ ]com[ ][a-z]+))?|a[ ]?o?[ ]seu[ ]dispor|as[ ]ordens|encantad[oa]|seu[ ]criado)"
_ASKED: Final = r"(?![ ]?(?:(?:aqui|ai|agora|comigo|mesm[oa]|ne)[ ]?){0,2}[?])"
# "… e meu nome é Ana" starts anew, "Ana é meu nome e moro aqui" goes on.
_NO_NEW_NAME: Final = (
    rf"(?![ ]?(?:{IS}|:)[ ](?!(?:moro|sou|quero|preciso|gostaria|tenho|estou|to|vou|meu|minha|o|a|queria|trabalho|nao"
    r"|comprei|gosto)[ ]|[a-z0-9._]+@)[a-z])"
)
# Whoever says these afterwards gave their name, known or not.
_NAMED_BEFORE: Final = re.compile(
    rf"[ ]?[,.;:!-]?[ ]?(?:{_GLAD}[ ]?[,.;!-][ ]?)?(?:"
    rf"(?:{IS}[ ]|ess[ea][ ]|est[ea][ ]|assim[ ]){{1,3}}(?:o[ ])?meu[ ](?:nome|apelido)\b{_NO_NEW_NAME}"
    rf"|(?:(?:{IS}[ ])?(?:assim|como|desse[ ]jeito)[ ](?:e[ ])?)?(?:que[ ])?(?:eu[ ])?me[ ](?:chamo|xamo)\b(?![ ](?:[a-z]|:))"
    rf"|(?:{IS}[ ])?(?:assim|como)[ ](?:que[ ])?(?:todos|todo[ ]mundo|o[ ]pessoal|geral"
    rf"|a[ ]galera)?[ ]?me[ ](?:chamam?|conhecem?)\b"
    rf"|(?:{IS}[ ])?(?:como|assim)[ ](?:que[ ])?(?:eu[ ])?(?:gosto[ ]de[ ]|prefiro[ ]|quero[ ])(?:que[ ]me[ ]chamem"
    rf"|ser[ ]chamad[oa])\b"
    rf"|(?:o[ ])?meu[ ]nome(?:[ ](?:completo|todo|inteiro|de[ ]verdade))?(?=[ ]?(?:[,.!;\n]|\Z))"
    r")"
)
_ENDED: Final = r"(?=[ ]?(?:[,.!;)\n]|\Z|k{2}|rs|viu|ta|ok|mesm[oa]))"
_THIS: Final = (
    r"(?:ess[ea]|est[ea]|esse[ ]dai|isso|assim|ai)(?:[ ](?:ai|dai|aqui))?(?:[ ]mesm[oa])?"
)
_ME: Final = r"(?:sou|so|e|eh|vem[ ]a[ ]ser)[ ]eu(?:zinh[oa])?(?![ ](?:que|quem|q)\b)"
# Right behind a name, wherever it stands: what makes it the writer's.
_THAT_IS_ME: Final = re.compile(
    rf"[ ]?[,.;:(-]{{0,2}}[ ]?(?:com[ ][a-z]+(?:[ ][a-z]+){{0,3}}[ ]?[,.][ ])?(?:"
    rf"(?:que|q)[ ](?:no[ ]caso[ ]|alias[ ]|por[ ]acaso[ ]|,[ ]no[ ]caso[ ]?,[ ])?{_ME}\b"
    rf"|(?:no[ ]caso|ou[ ]seja|isto[ ]{IS}|vulgo)[ ]?,?[ ](?:sou[ ])?eu\b{_ENDED}"
    rf"|{_THIS}[ ](?:no[ ]caso[ ])?{_ME}\b"
    rf"|(?:sou[ ]|so[ ])?(?:eu[ ]mesm[oa]|euzinh[oa])\b(?:{_ENDED}|[ ]{HERE})|sou[ ]eu[)]|(?<=[(])eu[)]|=[ ]?eu\b{_ENDED}"
    rf"|(?:{IS}[ ]|{_THIS}[ ]){{1,3}}(?:o[ ])?meu(?:[ ]nome|[ ]apelido)?\b(?![ ](?!(?:nome|apelido)(?![ ]?(?:{IS}|:))|verdadeiro|completo)[a-z])"
    rf"|{_THIS}[ ](?:{IS}[ ])?o[ ]nome(?:[ ][a-z]+){{0,7}}[ ]?,?[ ](?:(?:que[ ])?sou[ ])?eu\b(?:[ ]mesm[oa])?{_ENDED}"
    rf"|{_THIS}[ ]{IS}[ ]como[ ](?:eu[ ])?(?:me[ ]chamo|assino)"
    rf"|(?:o[ ])?meu[ ]nome[ ](?:completo[ ])?{IS}[ ](?:esse|este|assim)\b"
    rf"|(?:{_THIS}[ ])?{IS}[ ]o[ ]nome[ ](?:que[ ])?(?:(?:ta|esta|consta|aparece|vem|tem)[ ])?n[oa][ ](?:meu|minha)\b"
    rf"|{IS}[ ]assim[ ]que[ ](?:se[ ])?(?:escreve|ta|esta|consta|fica)[ ](?:[oa][ ])?(?:meu[ ]nome|n[oa][ ](?:meu[ ]"
    rf"|minha[ ])?(?:rg|documento|cpf|cadastro|registro|identidade))\b"
    r"|(?<=[a-z])[ ](?:pr[ao]s|para[ ][oa]s|pra[ ][oa]s)[ ](?:mais[ ])?(?:amig|intim|chegad)[ao]s\b"
    rf"|(?:{_THIS}[ ]|{IS}[ ])?(?:que|quem)[ ](?:vos|lhes?|te)[ ](?:fala|escreve)\b|[?][ ]sou[ ]eu{_ENDED}"
    rf"|(?:[oa][ ]propri[oa]|em[ ]pessoa|em[ ]carne[ ]e[ ]osso)\b{_ENDED}"
    r")"
)
# The same, which is also said to somebody addressed: a whole name, or one that is first confirmed.
_IT_IS_I: Final = re.compile(
    rf"(?:[ ](?:n[oa]|pr[ao]|para[ ][oa])[ ][a-z]+(?:[ ]d[aeo][ ][a-z]+)?)?[ ]?[,.:-]?[ ](?:sou[ ])?eu(?:[ ]mesm[oa])?{_ENDED}"
)
_CONFIRMED: Final = re.compile(
    r"(?:^|[\n.!])[ ]*(?:sim|isso|isso[ ]mesmo|exato|exatamente|correto|positivo|certo)[ ]?[,.!]?[ ]*\Z"
)
_AFTERWARDS: Final = re.compile(
    rf"{_FROM}(?:[ ](?:por[ ])?{HERE}(?![ ]?(?:em|no|na(?![ ](?:escuta|linha|area|voz))|tem|esta|ta|e|eh|vc|vcs|voce|voces|mora|que|quer|precisa|disse|falou|pediu|trabalha|fica|nao|disse|"
    r"me|da[ ]pra|do[ ]lado|de[ ]casa|perto|vende|vendem)\b|[ ]?[?])"
    rf"|[ ]{IS}[ ]o[ ]nome(?=[ ]?(?:[,.!;\n]|\Z))|(?<=[a-z])[ ]o[ ](?:meu[ ])?nome(?:[ ]completo)?(?=[ ]?(?:[,.!;\n]|\Z))|[ ]?,?[ ]com[ ](?:[b-df-np-z]|dois|duas|e[ ]no)\b"
    rf"|[ ]?,[ ]{HERE}[ ]?(?=[,.!\n]|\Z)"
    rf"|[ ]?,?[ ](?:(?:{slips('falando', but=frozenset({'falado', 'calando'}))})(?![ ](?:mal|bem|alto|sozinh|besteira|que)\b)|passando(?=[ ](?:pra|para|aqui|so)\b)|na[ ](?:area|linha|escuta|voz)|quem[ ](?:(?:ta|esta)[ ])?{SPEAKS}|(?:que|quem)[ ](?:ta"
    rf"|esta)[ ](?:{SPEAKS}|{ON_THE_LINE}|aqui)|que[ ](?:vos[ ])?(?:fala|escreve)|"
    rf"escrevendo|outra[ ]vez|mais[ ]uma[ ]vez|novamente|de[ ]novo(?=[ ]?(?:[!.,;)\n]|\Z|aqui|k{2}"
    rf"|rs)))\b(?![ ](?:aqui[ ])?(?:e|eh|sou)\b|[ ]?:)"
    rf"{_ASKED}|[ ]?,?[ ]se[ ](?:apresentando|identificando)(?![a-z])|[ ]?,?[ ]{IS}[ ](?:o[ ])?meu[ ]nome\b{_NO_NEW_NAME}|{_FROM}[ ]?[,.]?[ ]lembra(?:[ ]de[ ]mim|m)?[ ]?[?]|{_FROM}[ ]?,?[ ](?:pode|podem)[ ](?:me[ ])?(?:salvar|anotar|adicionar)(?=[ ]?(?:[.!,\n]|\Z)))"
)
# "é Ana viu", "dudinha na voz": sure enough for an endearment in lower case, or after "é".
_YOU_SEE: Final = re.compile(r"[ ](?:viu|ta[ ]bom|ok)(?![a-z])(?![ ]?[?])")
_ON_AIR: Final = re.compile(r"[ ](?:na[ ](?:voz|area|linha|escuta)|falando)(?![a-z])(?![ ]?[?])")
# "oi, Penha aqui do salão": who is somewhere is no thing.
_HERE_FROM: Final = re.compile(rf"[ ]{HERE}(?:[ ]d[aeo][ ](?!novo)[a-z]|[ ]?[.,!])")
# A capital within a sentence and "aqui" behind it: a nickname, however odd.
_MERRILY: Final = re.compile(
    rf"(?:[ ]d[aeo][ ][a-z0-9]+)?[ ]{HERE}[ ]?(?:[ ]na[ ](?:escuta|linha|area)|[.,!]|\Z|k{{2}}|rs|d[aeo][ ])"
)
# Said to somebody who is greeted: "oi Ana, lembra de mim?".
_REMEMBER: Final = re.compile(r"[ ]?[,.]?[ ]lembra")
# So sure that even a name which is another word too is believed.
_SPEAKING: Final = re.compile(
    rf"[ ]?,?[ ](?:que|quem)[ ](?:(?:ta|esta)[ ](?:{SPEAKS}|{ON_THE_LINE})|(?:vos[ ])?(?:fala"
    rf"|escreve))\b(?![ ](?:aqui[ ])?(?:e|eh|sou)\b|[ ]?:)" + _ASKED
)
# The same where nobody was greeted by that name.
_PLEASED: Final = re.compile(rf"[ ]?[,.!-][ ]{_GLAD}[ ]?(?=[,.!\n]|\Z)")
_NAMED_LATER: Final = re.compile(
    rf"(?<![a-z])(?:me[ ]chamo|meu[ ]nome|{HERE}[ ](?:{IS}|fala))(?![a-z])"
)
# A whole name before what only its bearer can say: "Ana Lima, moro em Santos".
_FIRST_PERSON: Final = re.compile(
    r"[ ]?[,.;-]{1,2}[ ]?(?:eu[ ])?(?:moro|sou|resido|trabalho|nasci|nascid[oa]|[0-9]{2}[ ]anos(?![ ]?,[ ](?:[oa][ ])?(?:meu|minha|noss))|solteir[oa]|casad[oa]"
    r"|divorciad[oa]|"
    r"viuv[oa]|brasileir[oa]|cliente[ ](?:de|ha|desde))\b"
)
# A whole name, what its bearer is, and what they want: "Ana Lima, advogada, solicito".
_WHO_WANTS: Final = re.compile(
    r"[ ]?,[ ](?:[a-z0-9/.]+[ ]){0,6}[a-z0-9/.]+[ ]?[,.][ ]+(?:[a-z]+[ ][a-z0-9./]+[ ]?,[ ])?(?:eu[ ])?(?:solicit|venh|requeir|gostari|quer|precis|procur|inform|pec|busc|sou|mor)"
)
_OF_AGE: Final = re.compile(
    r"[ ]?,[ ](?:1[6-9]|[2-9][0-9])[ ]anos\b(?![ ]?[?]|[ ]de[ ]|[ ]?,[ ](?:[oa][ ])?(?:meu|minha|noss))(?![^.\n]{0,40}(?<![a-z])(?:e|eh)[ ](?:minha|meu)[ ])"
)
_SAID_HI: Final = re.compile(rf"[ ]*(?:{GREETING})?[ ]?[,!.]*[ ]*")
_OPENED: Final = re.compile(rf"\s*(?:{GREETING}[ ,.!]*){{0,3}}(?:[a-z]+[.]?[ ])?\Z")


def find_identified(text: Reading) -> Iterator[Candidate]:
    """Every name that the words behind it make the writer's."""
    yield from _at_a_start(text)
    yield from _before_me(text)


def _at_a_start(text: Reading) -> Iterator[Candidate]:
    """A name at a sentence's start: "Ana aqui", "João Lima, é assim que me chamo"."""
    for hit in _STARTS.finditer(text.folded.plain):
        name = text.name_at(hit.end())
        if name is None or reported(text.folded, hit.end(), text.end(name)):
            continue
        if hit[0].strip() == "e" and text.words.plain(name.first - 2) in first_names():
            continue
        if _DENIED.search(text.folded.plain, max(0, hit.start() - _CONFIRMED_REACH), hit.start()):
            continue
        sure = evident(text, name) or pet_form(text, name.first)
        if _NAMED_BEFORE.match(text.folded.plain, text.end(name)):
            if sure or name.known or capitalised(text, name.first):
                yield candidate(text, name, EXPLICIT)
        elif _told_afterwards(text, name, hit):
            yield candidate(text, name, WEAK)


def _told_afterwards(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether what follows a known name says that it is the writer's."""
    plain, end = text.folded.plain, text.end(name)
    opens = hit.start() == 0 and not hit[0].strip()
    if opens and name.known and capitalised(text, name.first) and _OF_AGE.match(plain, end):
        return True
    odd = not name.known and hit[0].startswith(",") and capitalised(text, name.first)
    if odd and _MERRILY.match(plain, end):
        return not capitalised(text, name.after + 1)
    coined = not hit[0].strip() and not name.known and seems_coined(text, name)
    if coined and (_MERRILY.match(plain, end) or _ON_AIR.match(plain, end)):
        return True
    if not (evident(text, name) or pet_form(text, name.first)):
        if pet_name(text.words.plain(name.first)) and _ON_AIR.match(plain, end):
            return True
        said = _SPEAKING.match(plain, end) or _HERE_FROM.match(plain, end)
        return name.known and capitalised(text, name.first) and said is not None
    if hit[0].strip() in {"e", "eh"} and _YOU_SEE.match(plain, end):
        return True
    said = _AFTERWARDS.match(plain, end)
    greeted = hit[0].strip() not in {"", "e"} and said is not None and _REMEMBER.match(said[0])
    if said and not greeted:
        return True
    if _IT_IS_I.match(plain, end):
        return whole(text, name) or bool(
            _CONFIRMED.search(plain[max(0, hit.end() - _CONFIRMED_REACH) : hit.end()])
        )
    if whole(text, name) and _of_what(text, name) and _WHO_WANTS.match(plain, end):
        return _OPENED.match(plain, 0, hit.end()) is not None
    first = _SAID_HI.fullmatch(plain, 0, hit.end()) is not None
    if first and evident(text, name) and from_a_town(text, name):
        return True
    if hit.start() > 0 or hit[0].strip():
        return False
    if evident(text, name) and _OF_AGE.match(plain, end):
        return True
    alone = whole(text, name) and _FIRST_PERSON.match(plain, end)
    return bool(alone or (_PLEASED.match(plain, end) and not _NAMED_LATER.search(plain, end)))


def _of_what(text: Reading, name: Name) -> bool:
    """Whether a name's bearer is told right behind it: "Ana Lima, advogada", "Ana Lima, da Alfa"."""
    told = text.words.plain(name.after + 1)
    return text.words.plain(name.after) == "," and (
        told in {"de", "do", "da"} or told in TITLES or is_role(told)
    )


def from_a_town(text: Reading, name: Name, *, last: bool = False) -> bool:
    """Whether a town stands behind a name as its bearer's: "Ana, de Betim. Quanto custa?"."""
    at = name.after + (text.words.plain(name.after) == ",")
    if text.words.plain(at) != "de":
        return False
    apart = at > name.after
    for length in (4, 3, 2, 1):
        town = " ".join(text.words.plain(at + 1 + step) for step in range(length))
        if town in places():
            return apart or text.words.plain(at + 1 + length) in (
                {"", ".", "!"} if last else {"", ",", ".", "!", "\n", "/", "-"}
            )
    return False


def _before_me(text: Reading) -> Iterator[Candidate]:
    """A name anywhere before "que sou eu", "essa sou eu", "esse mesmo é o meu nome"."""
    ends = {word.end: at for at, word in enumerate(text.words.items)}
    hits = chain(*(pattern.finditer(text.folded.plain) for pattern in (_THAT_IS_ME, _IT_IS_I)))
    for hit in hits:
        last = ends.get(hit.start())
        name = _name_up_to(text, last) if last is not None else None
        if name is None or (hit.re is _IT_IS_I and not whole(text, name)):
            continue
        if not reported(text.folded, text.words.items[name.first].start, hit.end()):
            yield candidate(text, name, EXPLICIT)


def _name_up_to(text: Reading, last: int) -> Name | None:
    """The longest name that ends with a word: one that starts with a known given name, if any does."""
    names = [
        name
        for first in range(max(0, last - _MOST_WORDS_BACK), last + 1)
        if (name := read_name(text, first, False))
        and name.first == first
        and name.after == last + 1
    ]
    known = [
        name
        for name in names
        if name.known and (evident(text, name) or capitalised(text, name.first))
    ]
    return known[0] if known else _written_up_to(text, last)


def _written_up_to(text: Reading, last: int) -> Name | None:
    """The words with capitals, and particles between them, that end with a word."""
    first, at = last + 1, last
    while at > max(-1, last - _MOST_WORDS_BACK) and text.words.plain(at).isalpha():
        if text.words.plain(at) in NO_NAME - PARTICLES:
            break
        if capitalised(text, at):
            first = at
        elif text.words.plain(at) not in PARTICLES:
            break
        at -= 1
    return Name(first, last + 1, known=False) if first <= last else None
