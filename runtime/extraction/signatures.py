"""Names that close a message: "abraços, Graziela", "att., Edmilson", "Ana Lima" on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import LIKELY, WEAK
from runtime.extraction.introductions import SOMEBODY_ELSE
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
    looks_like_a_name,
    shouted,
    whole,
)
from runtime.extraction.name_words import TITLES, first_names, is_role

_REACH: Final = 120
_SENTENCE_WORDS: Final = 3
_FORMALLY: Final = (
    r"(?:assinado(?:[ ]por)?|assino|ass|att|at\.te|atenciosamente|atte|cordialmente|respeitosamente|grat[oa]"
    r"|agradecid[oa]|ats|sds|saudacoes|sem[ ]mais(?:[ ](?:para[ ]o|no|pelo)[ ]momento|[ ]por[ ](?:ora|hoje|enquanto))?|"
    r"cordiais[ ]saudacoes|assinatura|sinceramente|carinhosamente|afetuosamente|subscrevo-me|despeco-me"
    r"|(?:com[ ]os[ ])?(?:meus[ ])?(?:melhores[ ])?cumprimentos|de[ ]acordo)"
)
_WARMLY: Final = (
    r"(?:(?:um[ ]|uns[ ])?(?:forte[ ]|grande[ ]|super[ ])?(?:ab[cs]{1,3}|abracos?|abraco[ ]grande|abracao|bj[a-z]{0,4}"
    r"|beijos?|beijao|beijinhos?|beijocas|"
    r"xeros?|cheiros?|ass)|com[ ]carinho|gratidao|att|atenciosamente|felicidades)"
)
_TO_WHOM: Final = (
    r"(?:(?:[ ](?:a|pra|para)[ ](?:tod[oa]s|vc|vcs|voces?)|[ ]no[ ]coracao|[ ]e[ ](?:abracos?|bjs|beijos|obrigad[oa]"
    r"|obg|bom[ ][a-z]+|boa[ ][a-z]+|"
    r"ate[ ][a-z]+|fica[ ]com[ ]deus|sucesso))(?=[ ]?[,.:!\n-]))?"
)
_THANKFULLY: Final = r"(?:(?:muito[ ]|mto[ ])?(?:obrigad(?:[oa]|ao|inh[oa])|obg|brigad[oa]|brigadinh[oa]|grat[oa]|valeu|vlw|agradeco|agradecemos|agradecid[oa]))"
_WAITING: Final = (
    r"(?:(?:fico|estou|to|ficamos|ficarei|sigo|seguimos)[ ](?:no[ ]aguardo|a[ ]disposicao|aguardando|esperando"
    r"|a[ ]espera)|(?:no[ ])?aguardo|aguardamos|aguardando|a[ ]disposicao|"
    r"espero[ ](?:o[ ]|seu[ ]|sua[ ])?(?:retorno|resposta|contato)|desde[ ]ja|antecipadamente|conto[ ]com)"
)
_LEAVING: Final = (
    r"(?:ate(?=[ ]?[!.\n])|fi(?:ca|que)m?[ ]com[ ]deus|(?:que[ ])?deus[ ]abencoe|ate[ ](?:mais|logo|breve|amanha|ja|la|a[ ]proxima|segunda|terca|quarta|quinta|sexta|depois)|tchau|fui|flw"
    r"|falou|passar[ ]bem|so[ ]isso|era[ ]isso|e[ ]isso|"
    r"qualquer[ ](?:coisa|duvida)|retorno|contato|resposta|(?:tenham?[ ]um[a]?[ ])?(?:bom|boa|otimo|otima)[ ](?:fds"
    r"|fim|final|semana|descanso|trabalho|feriado|resto)|"
    r"tmj|tamo[ ]junto|desculpa|desculpem?|perdao|por[ ](?:enquanto|hoje|ora)|(?:por[ ]favor[ ])?me[ ](?:liga|ligue|avisa|avise|chama"
    r"|chame|retorna|retorne|responde|responda|manda|mande)|pfv|por[ ]favor|por[ ]gentileza)"
)
_MORE: Final = r"(?:[ ,]+[a-z0-9]+){0,8}"
# Bounded, so that no run of signs is walked over twice for each of them.
_SIGNS: Final = r"(?:[ ]?[^a-z0-9 ?\n]){0,6}"
_BREAK: Final = (
    r"(?:(?<!dr)(?<!sr)(?<!dra)(?<!sra)(?<!eng)(?<!prof)(?<!adv)[ ]?[.!…]"
    + _SIGNS
    + r"[ ]{1,4}|"
    + _SIGNS
    + r"[ ]{0,4}\n\s{0,6}|[ ]{1,4}-{1,2}[ ]{0,4})(?:-{1,2}[ ]?\n?)?"
)
# After these a name is the writer's even behind a comma.
_ROLE: Final = (
    r"(?:d?[oa][ ])?(?:(?:su[ao]|amig[oa]|cliente|alun[oa]|sempre)[ ]){0,2}[*_]?(?=[a-z])"
)
_CLOSING: Final = re.compile(
    rf"(?<![a-z])(?:{_WARMLY}{_TO_WHOM}(?:{_SIGNS}[ ]{{1,4}}|{_BREAK})|{_FORMALLY}(?:[ ]?[,.:-]{{1,2}}[ ]?|{_BREAK})){_ROLE}"
)
# After these only a break makes it a signature: behind a comma it may be somebody who is thanked.
_LAST_SENTENCE: Final = re.compile(
    rf"(?<![a-z])(?:{_THANKFULLY}|{_WAITING}|{_LEAVING}){_MORE}{_BREAK}(?:ass[:.]?[ ])?(?=[a-z])"
)
_WAITING_STILL: Final = re.compile(
    rf"(?<![a-z])(?:{_WAITING}|grat[oa][ ](?:pel[oa]|desde)){_MORE}[ ]?,[ ](?=[a-z])"
)
_THANKING_STILL: Final = re.compile(rf"(?<![a-z]){_THANKFULLY}{_MORE}[ ]?,[ ](?=[a-z])")
# A whole name by itself: "…\n\nAna Lima", "… - Ana Lima", "….\nAna Lima".
_ALONE: Final = re.compile(
    r"(?:\n[ ]*\n[ ]*(?:-{1,2}[ ]?)?|[\n.!?][ ]*-{1,2}[ \n]?|(?<=[.!])[ ]*\n[ ]*|(?<=[a-z0-9)][.!])[ ]{1,2})[*_]?(?=[a-z])"
)
_ABOUT_ANOTHER: Final = re.compile(
    r"(?<![a-z])(?<!vaga[ ]de[ ])(?:nome|titular|dele|dela|marido|esposa|pai|mae|filh[oa]|chama|contato[ ]d[aoe]|falar[ ]com"
    r"|procur[a-z]+|corretora?|"
    r"medic[oa]|doutora?|atendente|vendedora?|gerente|testemunhas?|convidad[oa]s|lista)(?![a-z])[^.!?\n]*[.!\s-]*\Z"
)
# What may stand behind a signature: where its bearer is from, figures and signs, or a further line.
_LAST: Final = re.compile(
    r"(?:[ ]?[,(-]?[ ](?:d[aeo]s?|ap|apto|bloco|bl|casa|sala|turma|unidade"
    r"|lote)[ ][^.?!,\n]{1,30})?(?:[^a-z?\n]{0,40}(?:\Z|\n)|[ ]?[|/-][ ][^?\n]{0,80}(?:\Z|\n))"
)
# "Beijos da Ana" is hers, whatever follows but a verb.
_FROM_ME: Final = re.compile(r"[ ]?(?:[^a-z ]|\Z|[ ](?:e|pra|para|aqui|d[aeo]|ate|viu|ta)\b)")


def find_signatures(text: Reading) -> Iterator[Candidate]:
    """Every name that signs a message; never one that is thanked or greeted at its end."""
    for pattern in (_CLOSING, _LAST_SENTENCE, _WAITING_STILL, _THANKING_STILL):
        for hit in pattern.finditer(text.folded.plain):
            name = text.name_at(hit.end())
            if name is not None and _signs(text, name, hit):
                yield candidate(text, name, WEAK if pattern is _THANKING_STILL else LIKELY)
    yield from _alone(text)


# A comma or a new line lets even a rare name follow; "abraços! Sucesso" is none.
_FAMILIAR: Final = re.compile(r"[,:\n]")
_NO_SIGNATURE: Final = re.compile(rf"(?:{_FORMALLY}|{_WARMLY}|{_THANKFULLY}|{_LEAVING})(?![a-z])")


def _signs(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether the name behind a closing is the writer's."""
    if _NO_SIGNATURE.match(text.folded.plain, hit.end()):
        return False
    titled = text.words.items[name.first].start > hit.end()
    if SOMEBODY_ELSE.match(text.folded.plain, text.end(name)):
        return False
    formal = re.match(_FORMALLY, hit[0]) is not None
    if formal and hit.re is _CLOSING and looks_like_a_name(text, name, hit):
        return True
    if hit.re is _CLOSING and hit[0].endswith((" da ", " do ")) and name.known:
        return _FROM_ME.match(text.folded.plain, text.end(name)) is not None
    ended = _LAST.match(text.folded.plain, text.end(name))
    if not ended or titled:
        return False
    if hit.re is _THANKING_STILL:
        if text.words.plain(name.after) == "!":
            return False
        family = text.words.plain(name.after - 1)
        return whole(text, name) and capitalised(text, name.first) and family not in first_names()
    if hit.re is _LAST_SENTENCE:
        return evident(text, name) or (name.known and capitalised(text, name.first))
    if hit.re is _WAITING_STILL:
        return evident(text, name) and capitalised(text, name.first)
    return evident(text, name) or (
        _FAMILIAR.search(hit[0]) is not None and _written_as_a_name(text, name)
    )


def _written_as_a_name(text: Reading, name: Name) -> bool:
    """Whether a name that is not known, or another word too, has its capital."""
    length = text.end(name) - text.words.items[name.first].start
    return length > 2 and capitalised(text, name.first) and not shouted(text)


def _alone(text: Reading) -> Iterator[Candidate]:
    """A whole name that stands alone at a message's end, or above the lines of a signature."""
    for hit in _ALONE.finditer(text.folded.plain):
        name = text.name_at(hit.end())
        if name is None or not (whole(text, name) or _dashed(text, name, hit)):
            continue
        if is_role(text.words.plain(text.places[hit.end()])):
            continue
        if not capitalised(text, name.first):
            continue
        before = text.folded.plain[max(0, hit.end() - _REACH) : hit.end()].rstrip(" \n-")
        if not hit[0].strip(" *_") and "\n" not in hit[0] and not _is_sentence(before):
            continue
        others = before.endswith((":", "?")) or _ABOUT_ANOTHER.search(before)
        if not others and _LAST.match(text.folded.plain, text.end(name)):
            yield candidate(text, name, WEAK)


def _is_sentence(before: str) -> bool:
    """Whether a text's last words make a sentence, rather than "Sou Lucas." or "o Dr."."""
    spoken = before.split()
    return len(spoken) >= _SENTENCE_WORDS and spoken[-1].rstrip(".") not in TITLES


def _dashed(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether a dash behind a finished sentence introduces a name: "… amanhã. - Ana"."""
    return evident(text, name) and hit[0].startswith((".", "!")) and "-" in hit[0]
