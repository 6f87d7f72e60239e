"""What gives a name that stands free to somebody else: a role, a greeting, a label, fame, a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.famous import is_famous
from runtime.extraction.gazetteer import places
from runtime.extraction.introductions import GREETING
from runtime.extraction.name_parts import Name, Reading, figure
from runtime.extraction.name_words import is_role
from runtime.extraction.reported import reported

# How far back and ahead a name's sentence is read.
_REACH: Final = 160
_MOST_FIELD_WORDS: Final = 3

_ARTICLE: Final = r"(?:[oa]s?|uma?|meus?|minhas?|noss[oa]s?|seus?|suas?|teu|tua|ess[ea]|est[ea]|aquel[ea]|d[oa]s?|pr[oa]s?|aos?|com|n[oa]|pel[oa])"
_KIN: Final = (
    r"(?:pais?|mae|irma|irmao|filh[oa]s?|marido|espos[oa]|mulher|prim[oa]|ti[oa]|sogr[oa]|cunhad[oa]|genro|nora|net[oa]|avos?|vov[oa]"
    r"|sobrinh[oa]|ex|namorad[oa]|noiv[oa]s?|enteado|enteada|madrinha|padrinho|afilhad[oa]|compadre|comadre|companheir[oa]|padrasto|madrasta"
    r"|conjuge|bebe|familiar|parente)"
)
# Whoever is met or spoken of.
_ANYBODY: Final = (
    r"(?:pessoa|alguem|moc[oa]|rapaz|car[ao]|homem|senhora?|menin[oa]|garot[oa]|amig[oa]|vizinh[oa]|chefe|patrao|patroa|soci[oa]|coleg[oa]"
    r"|medic[oa]|doutora?|gerente|vendedora?|corretora?|atendente|tecnic[oa]|professora?|diretora?|coordenadora?|secretari[oa]|porteiro"
    r"|zeladora?|sindic[oa]|motorista|entregadora?|advogad[oa]|responsavel|titular|don[oa]|proprietari[oa]|inquilin[oa]|locador|fiador|funcionari[oa]"
    r"|supervisora?|consultora?|representante|juiz|juiza|pastor|padre|dentista|enfermeir[oa]|pet|cachorr[oa]|gat[oa]|falecid[oa]|paciente|alun[oa]|testemunha|comprador|compradora|crianca)"
)
_PERSON: Final = rf"(?:{_KIN}|{_ANYBODY})(?![a-z])"
_ME: Final = re.compile(
    r"(?<![a-z])(?:sou|somos|aqui(?=[ ](?:e|eh|fala|quem)(?![a-z]))|eu|falo|mim|comigo|quem[ ](?:(?:vos|te|lhe|ta|esta)[ ])*(?:fala|escreve|digita)[a-z]*|mesm[oa]"
    r"|(?:seu|sua)[ ](?:cliente|alun[oa]|amig[oa]|paciente|criad[oa]))(?![a-z])"
)
_OF_A_PERSON: Final = re.compile(rf"(?<![a-z]){_ARTICLE}[ ](?:[a-z0-9.]+[ ]){{0,3}}?{_PERSON}")

# Words before a comma that lead to whomever was met, is meant or has a house of that name.
_TOLD_OF: Final = re.compile(
    r"(?<![a-z])(?:dele|dela|indicacao|indicad[oa]|outr[ao]|vizinh[oa][ ]d[eo])(?![a-z])"
    r"|\A[ ]*(?:vendedora?|atendente|medic[oa]|porteiro|gabinete|colegio|escola|hospital|loja|salao|linha|onibus|cantora?|plantao|(?:motorista|entregadora?|tecnic[oa])[ ][0-9])(?![a-z])"
    r"|(?<![a-z])(?:conversei|falei(?![ ]quem)|combinei|tratei|acertei|acertad[oa]|fechei)(?![a-z])(?!.*(?<![a-z])(?:voces?|vcs?|meu|minha)(?![a-z]))"
)
# "Falo em nome da minha mãe, Maria Lima".
_ON_BEHALF: Final = re.compile(
    r"(?<![a-z])(?:em|no)[ ]nome[ ]d[aeo]s?[ ](?!quem|solteir|casad|batismo|guerra|registro)[a-z]|(?<![a-z])(?:por|pel[oa])[ ](?:minha|meu|noss[oa])[ ][a-z]+\Z"
)
# A line of a conversation that is passed on, a bus's line.
_TRANSCRIBED: Final = re.compile(
    r"[0-9]{1,2}:[0-9]{2}[^a-z]{0,4}\Z|~[ ]*\Z|(?<![a-z])(?:linha|onibus|lotacao)[ ][0-9]+[ ]?,?[ ]\Z"
)
_SPEAKS: Final = re.compile(r"[ ]?:[ ]?\n")
# A form's field, or words that ask for a name to be written down: anything else with a colon is another's.
_OWN_LABEL: Final = re.compile(
    r"(?<![a-z])(?:eu|me|mim|meus?|minhas?|sou|nome|cliente|solicitante|dados|cadastro|ficha"
    r"|quem[ ](?:interessar|possa)|requerente|remetente|reclamante|denunciante|proponente|curriculo|cv|candidat[oa]|inscrit[oa]|participante|presenca"
    r"|confirmad[oa]|presente|reserva|assinatura|assinado|assina|assine|nota|interessad[oa]"
    r"|(?:coloc|pon|bot|inclu|inscrev|registr|lanc|anot|cadastr|confirm|escrev|agend|marc|reserv|salv|adicion|matricul)[a-z]{0,3}|poe|add|segue)(?![a-z])"
)
# Either side's, unless its bearer's number stands behind the name.
_PARTY: Final = re.compile(
    r"(?<![a-z])(?:titular|contratante|hospede|passageir[oa]|contato|associad[oa]|morador|moradora|locatari[oa]|comprador|compradora|usuari[oa]"
    r"|assinante|segurad[oa]|beneficiari[oa])[ ]*\Z"
)
_WITH_NUMBER: Final = re.compile(
    r"[ ]?[,;/|(\n-]{0,2}[ ]?(?:cpf|rg|tel|fone|telefone|cel|celular|zap|whats|e-?mail|[(+]?[0-9]|[(]?eu[)]|[a-z0-9._+-]+@[a-z]"
    r"|(?:contrato|matricula|ra|inscricao|codigo|cod|pedido|protocolo|apto|ap|unidade|quarto|placa)[ ]?(?:n[o.]{0,2}[ ]?)?:?[ ]?[0-9])"
)
# Whoever answers for a child, an animal, a firm or an order writes for them.
_FOR_ALL: Final = re.compile(
    r"(?:\A|[ ])(?:responsavel(?:[ ](?:legal|financeiro|pel[oa][ ](?:pedido|reserva|compra|compras|orcamento|contato|cadastro|empresa|evento|locacao|aluguel"
    r"|agendamento|matricula|inscricao|contratacao)))?|tutora?|contato(?:[ ](?:da[ ]empresa|comercial|principal))?)[ ]*\Z"
)
_ORDER: Final = re.compile(
    r"(?:pedido|reserva|compras?|orcamento|evento|locacao|agendamento|matricula|inscricao|contratacao)[ ]*\Z"
)
_FORM: Final = re.compile(
    r"(?<![a-z])(?:cnpj|razao[ ]social|empresa|aluno|aluna|crianca|paciente|(?:nome[ ]do[ ])?pet|animal|cachorro|gato)(?![a-z])"
)
_OTHERS_LABEL: Final = re.compile(
    rf"(?<![a-z])(?:{_KIN}|testemunha|crianca|fiador|medic[oa]|vendedora?|corretora?|atendente|motorista|responsavel|reu|autora?|acompanhante|dependente"
    r"|indicacao|indicad[oa]|emergencia|professora?|tecnic[oa]|gerente|sindic[oa]|convidad[oa]s?|pet|del[ea]|endereco|rua|escola|livro|filme|pix)(?![a-z])|(?<![a-z])d[aeo]s?[ ](?!meu|minha|nota|cadastro|reserva|quem|contrato|documento|pedido|boleto|pagamento|exame)[a-z]"
)
_LABEL: Final = re.compile(r"([^.!?\n,;:=]*)[:=][ \n*-]*\Z")
_NUMBERED_LINE: Final = re.compile(r"(?:\A|\n)[ ]*(?:[0-9]{1,2}|[a-h])[ ]?[).:-]+[ ]*\Z")

# Behind a name: whose it is instead, or to whom the message speaks.
_APPOSED: Final = re.compile(
    rf"[ ]?[,(-]{{1,2}}[ ]?(?:(?:e|eh)[ ])?(?:[oa]|meu|minha|noss[oa]|seu|sua|uma?)[ ](?:[a-z]+[ ]){{0,2}}?{_PERSON}"
)
_FIRST_PERSON: Final = re.compile(
    r"(?<![a-z])(?:quero|queria|preciso|gostaria|sou|moro|tenho|estou|solicito|venho|vim|comprei|fiz)(?![a-z])"
)
_NOT_ME: Final = re.compile(
    r"[ ]?,[ ](?:(?:que|quem)[ ](?!(?:sou|vos|te|lhe|fala|escreve|digita|esta|ta)\b)|el[ea](?![a-z])|"
    r"(?:disse|falou|mandou|pediu|prometeu|ficou|veio|foi|trabalha|mora|atendeu|levou|comprou|faz|fez|tem|deve|sabe|cuida|vende|esta|ta|estava|era|sumiu|postou|(?:e|eh)[ ](?:um|uma|muito|otim[oa]|maravilhos[oa])"
    r"|[^,.!?\n]{1,25},[ ](?:nao[ ])?(?:vai|foi|veio|faltou|passou|estava|esqueceu)(?![a-z])|nao[ ](?:e|eh|sou))(?![a-z])|[a-z]+[ ]d[ao][ ](?:outr[ao]|reu|re|parte)(?![a-z]))"
    r"|[ ]?[(][a-z ]{3,25}[)][ ](?:nao[ ])?[a-z]+(?:ou|eu|iu)(?![a-z])|[ ]?,[ ](?:[1-9]|1[0-5])[ ](?:anos?|meses)(?![a-z])"
    r"|[ ]?,[ ][0-9]{1,3}[ ]anos[ ]?,[ ](?:(?:e|eh)[ ])?(?:[oa][ ])?(?:meu|minha|noss[oa])(?![a-z])"
    r"|[ ]?[(][0-9]{4}[ ]?(?:-|a|ate)[ ]?(?:[0-9]{4})?[)]"
    r"|[ ]?,[ ](?:linha[ ](?:[0-9]|azul|verde|vermelha|amarela|lilas)|estacao|metro)"
    r"|[ ]?[,-][ ](?:[a-z]+[ ]?){1,2}[,-][ ](?:me|nos|foi|disse|prometeu|falou|atendeu|mandou|pediu|ficou|veio)(?![a-z])"
)
_ITS_NAME: Final = re.compile(r"[ ]?,?[ ](?:ess[ea]|est[ea])[ ](?:e|eh)[ ][oa][ ]nome[ ]d")
_PARENT: Final = re.compile(r"(?<![a-z])(?:pai|mae|responsavel)[ ]?:")
_SPOKEN_TO: Final = re.compile(
    r"[ ]?[,.!-]+[ ]?(?:(?:voces?|vcs?|ce|tu|te|seu|sua|teu|tua)(?![a-z])|bo[mn][ ]dia|boa[ ]tarde|boa[ ]noite|tudo[ ](?:bem|bom)|td[ ]bem"
    r"|como[ ]vai|por[ ]favor|pfv|por[ ]gentileza|obrigad|obg|valeu|e[ ](?:[oa]|ai|aquel[ea])(?![a-z])(?![ ]meu[ ](?:cadastro|nome|registro))|cade(?![a-z])|pode(?![a-z])|poderia|consegue|da[ ]pra"
    r"|me[ ](?:lig|ajud|respond|mand|pass|cham|diz|fal|envi|avis|explic)[a-z]*|recebi[ ](?:su?a?|o|a)|nao[ ](?:era|foi)[ ]pr|conforme|deix[ae]|desculp|oi|ola|tem(?![a-z])|"
    r"ja(?![a-z])|(?:ta|esta)[ ](?:ai|por[ ]ai|ocupad)|tudo[ ](?:cert|joia|ok|tranquil))"
)
_SAYS_HI: Final = re.compile(rf"[ ]?,[ ]?(?:{GREETING})")
_CALLED: Final = re.compile(
    r"(?<![a-z])(?:vem[ ]ca|desculpa|desculpe|forca|amem|parabens|calma|escuta|ei|psiu|valeu|felicidades|aniversario|natal|bem[ -]vind[oa]|vindas|saudades|obrigad[oa]|obg|brigad[oa]|oh|o"
    r"|ok|combinado|certo|fechado|perfeito|show|prezad[oa]|car[oa]|querid[oa]|ilustrissim[oa]|ne"
    r"|(?:abracos?|beijos?|bjs|lembrancas)[ ](?:pr[oa]|para[ ][oa]|ao?)(?:[ ](?:seu|dona))?|(?:par[ae]m?|nao|deixa)(?:[ ]de)?[ ]me[ ]chamar?[ ]de)[ ]?,?[ ]*\Z"
)
_HAILED: Final = re.compile(
    rf"(?:\A|[\n.!?,])[ ]*(?:{GREETING})(?:[ ][a-z]+)?[ ]?(?P<sign>[^a-z0-9]*?)[ ]*\Z"
)
_ANSWER: Final = re.compile(
    r"(?:\A|[\n.!?])[ ]*(?:sim|claro|isso|entao|ah|certo|exato|correto)(?:[ ]mesmo)?[ ]?[,.!]*[ ]*\Z"
)
# Who a greeted name's bearer is, so that it is the greeter's.
_WHO_THEY_ARE: Final = re.compile(
    r"[ ]?[,(-]?[ ]?[0-9+(]|[ ]d[aeo]s?[ ]|[ ]?[,(-][ ]?(?:d[aeo]s?[ ]|ap[ ]|apto[ ]|bloco[ ]|cpf|aqui|falando|sou[ ]|moro[ ])"
)
_ASKED_WHO: Final = re.compile(
    r"(?<![a-z])(?:quem|com[ ]quem|nome[ ]d[oae]|qual[ ](?:e[ ])?o[ ]nome|como[ ](?:se[ ])?chama|noticias?|novidades?)(?![a-z])(?![^?]*(?<![a-z])(?:meu|minha|eu|sou)(?![a-z]))[^?]*[?][ ]*\Z"
)
_WORK: Final = re.compile(
    r"(?<![a-z])(?:livros?|filmes?|musicas?|shows?|banda|cantora?|artista|ator|atriz|escritora?|peca|serie|novela|disco|perfumes?|marca|time"
    r"|jogadora?|palestra|podcast|tour|album|fas?|idolo)(?![a-z])[^.!?\n]*[,:-][ ]*\Z"
)
_STREET: Final = re.compile(
    r"(?<![a-z])(?:rua|av|avenida|bairro|travessa|alameda|praca|endereco|condominio|edificio|residencial|loteamento|jardim|vila)(?![a-z])"
    r"[^.!?\n,0-9]*,[ ]*\Z"
)
# The sentence before speaks of somebody whose name this may be.
_ABOUT: Final = re.compile(
    r"(?<![a-z])(?:nome[ ]d[aoe]|dele|dela|falar[ ]com|procuro|corretora?|medic[oa]|doutora?|atendente|vendedora?|gerente|testemunhas?|convidad[oa]s|lista)"
    r"(?![a-z])(?![^.!?\n]*(?<![a-z])(?:meu|minha|eu|sou)(?![a-z]))[^.!?\n]*(?:(?<!dr)(?<!dra)(?<!sr)(?<!sra)(?<!prof)[.]|[!\n])[ \n-]*\Z"
)
# "chave pix 529.982.247-25 Ana Lima": whom the money is for.
_KEY: Final = re.compile(r"(?<![a-z])pix(?![a-z])[^!?\n]*(?:[(]|[0-9a-z][ ])\Z")
_HOUSE: Final = re.compile(
    r"(?![ ]?,[ ](?:1[89]|[2-9][0-9])[ ]?,[ ][a-z]+(?:ista|eir[oa]|or|ora|og[oa]|ente|ad[oa]|ic[oa])(?![a-z]))[ ]?,?[ ][0-9]{1,5}[ ]?(?:\Z|[,-]|[.](?![0-9])|(?:ap|apto|casa|centro|bairro|bloco|fundos)\b)"
)


def somebody_elses(text: Reading, name: Name) -> bool:
    """Whether what stands around a name, or the name itself, says that it is not the writer's."""
    return next(signs_against(text, name), None) is not None


def signs_against(text: Reading, name: Name) -> Iterator[str]:
    """What says that a name is not the writer's, each in a word."""
    start, end = text.words.items[name.first].start, text.end(name)
    plain = text.folded.plain
    before, after = plain[max(0, start - _REACH) : start], plain[end : end + _REACH]
    said = " ".join(plain[start:end].split())
    if said in places():
        yield "town"
    if is_famous(said) or figure(text, name):
        yield "famous"
    if _introduced_as_another(before, after):
        yield "introduced as another"
    if _followed_as_another(after, mine=_ME.search(before) is not None):
        yield "followed as another"
    if _spoken_to(text, name, before, after):
        yield "spoken to"
    if reported(text.folded, start, end):
        yield "reported"


def of_a_person(said: str) -> bool:
    """Whether words speak of somebody by their role or kinship, and not of the writer."""
    return _OF_A_PERSON.search(said) is not None and _ME.search(said) is None


def _introduced_as_another(before: str, after: str) -> bool:
    """Whether the words before a name tell of somebody else, a work or a street."""
    label = None if _NUMBERED_LINE.search(before) else _LABEL.search(before)
    if label is not None and _anothers_label(label, after):
        return True
    piece = re.split(r"[.!?\n;:,]", before.rstrip(" ,\n(-"))[-1]
    if _ON_BEHALF.search(piece):
        return True
    told = of_a_person(piece) or (_TOLD_OF.search(piece) and not _ME.search(piece))
    if told and before.rstrip().endswith((",", "(", "-")):
        return True
    return any(
        pattern.search(before)
        for pattern in (_ASKED_WHO, _WORK, _STREET, _ABOUT, _KEY, _TRANSCRIBED)
    )


def _anothers_label(hit: re.Match[str], after: str) -> bool:
    """Whether a field is another's; one that opens a line and is not known as the writer's is."""
    label, numbered = hit[1], _WITH_NUMBER.match(after) is not None
    if _ME.search(label) or (_PARTY.search(label) and numbered):
        return False
    if _FOR_ALL.search(label) and _ours(hit, after):
        return False
    if _OTHERS_LABEL.search(label):
        return True
    field = (
        hit.string[: hit.start()].strip(" ") in {"", "\n"} or hit.string[hit.start() - 1] == "\n"
    )
    few = len(label.split()) <= _MOST_FIELD_WORDS
    return _OWN_LABEL.search(label) is None and (
        _PARTY.search(label) is not None or (field and few and not numbered)
    )


def _ours(hit: re.Match[str], after: str) -> bool:
    """Whether a field's bearer writes: their number stands behind, or the form is of what is theirs."""
    if re.match(r"[ ]?[(-][ ]?(?:meu|minha|o|a)[ ]", after):
        return False
    form = _FORM.search(hit.string[: hit.start()]) is not None
    return form or _WITH_NUMBER.match(after) is not None or _ORDER.search(hit[1]) is not None


def _followed_as_another(after: str, *, mine: bool) -> bool:
    """Whether the words behind a name tell who its bearer is, or where the street of that name is."""
    apposed = _APPOSED.match(after)
    if apposed and not (
        _FIRST_PERSON.search(after) and not re.search(r"meu|minha|noss", apposed[0])
    ):
        return True
    if (
        _ITS_NAME.match(after)
        or _SPEAKS.match(after)
        or _PARENT.search(after)
        or _HOUSE.match(after)
    ):
        return True
    return not mine and _NOT_ME.match(after) is not None


def _spoken_to(text: Reading, name: Name, before: str, after: str) -> bool:
    """Whether the name is that of somebody addressed."""
    spoken = _SPOKEN_TO.match(after)
    # Nobody is called by three names.
    formal = not before.strip() and name.after > name.first + 2
    if _CALLED.search(before) or (spoken and not (formal and _SAYS_HI.match(after))):
        return True
    hailed = _HAILED.search(before)
    if hailed is None or _ANSWER.search(before):
        return False
    if not hailed["sign"]:
        return not _WHO_THEY_ARE.match(after)
    if not set(hailed["sign"]) & set("!.\n"):
        role = is_role(text.words.plain(name.after + 1)) and text.words.plain(name.after) in {
            ",",
            "(",
        }
        return not (role or _WHO_THEY_ARE.match(after))
    return re.fullmatch(r"[ ]*!*[ ]*", after) is not None
