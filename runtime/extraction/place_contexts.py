"""What the words around a name say about it: a place of the writer's, somebody else's, or no place."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from runtime.extraction.gazetteer import STATES
from runtime.extraction.journeys import starts_there
from runtime.extraction.name_words import first_names, surnames
from runtime.extraction.own_places import happens_now, said_mine
from runtime.extraction.place_bearers import (
    REACH,
    clause,
    is_a_surname,
    joined,
    named_with_article,
    of_a_person,
)
from runtime.extraction.place_openings import (
    disowned,
    in_an_address,
    lived_in,
    opens_bare,
    opens_from,
)
from runtime.extraction.place_owners import OWN_PLACE, WANTED, of_another
from runtime.extraction.words import STREETS, Words, word_set

# How many words are looked at where an address or a journey is spelt out.
_ADDRESS_REACH: Final = 16


class Context(Enum):
    """How the words before a name speak of it.

    `SAID` the writer is, lives or wants something there; `ARTICLE` the same with "no" or "na", which
    only few cities take; `NEAR` a place by its preposition alone; `LISTED` one in an address or
    beside another place; `NONE` nothing;
    `FORBIDDEN` somebody else's place, a former one, or a name of something else.
    """

    SAID = "said"
    ARTICLE = "article"
    NEAR = "near"
    LISTED = "listed"
    NONE = "none"
    FORBIDDEN = "forbidden"


_PART: Final = (
    r"(?:(?:(?:na|a|da|nesta|nessa|minha|em|no|do) )?(?:cidade|capital|regiao metropolitana|regiao|grande|centro|"
    r"zona (?:sul|norte|leste|oeste)|municipio)(?: (?:e|de|do|da|em))? )"
)
_IN: Final = rf"(?:(?:em|en|n|m|de|d) {_PART}?|{_PART})"
_AROUND: Final = rf"{_PART}?"
_ADVERB: Final = (
    r"(?:(?:aqui|ainda|atualmente|hoje|agora|mesmo|tb|tbm|tambem|ja|sozinh[oa]|la|bem|so|eu|hj|faz|ha|com|minha|"
    r"meu|familia|marido|esposa|filhos|pais|a?nos?|anos|muito|pouco|tempo|sempre|nascid[oa]|criad[oa]|e|natural|\d+) )*"
)
_TRADE: Final = (
    r"(?:(?:morador|moradora|cliente|vizinho|vizinha|natural|estudante|empresario|empresaria|corretor|corretora|"
    r"dentista|medico|medica|advogado|advogada|professor|professora|comerciante|lojista|produtor|produtora|"
    r"antigo|antiga|novo|nova) )*"
)
_LIVES: Final = (
    r"(?:moro|morro|moru|moramos|mora mos|resido|residimos|vivo|vivemos|morando|residente|residindo|vivendo|fico|"
    r"ficamos|estou|estamos|to|tou|tamo|tamos|trabalho|trabalhamos|estudo|atuo|domiciliad[oa]|morador|moradora|"
    rf"passando|hospedad[oa]|cheguei|chegamos|chegar|chegando|chego|chegarei|localizad[oa]s?|situad[oa]s?|(?:a gente"
    rf"|a gnt|agt|agnt|{OWN_PLACE})"
    r" (?:mora|vive|fica|esta|ta|eh|e)|estaremos|estarei|ficarei|(?:vim|viemos|a gente veio|vou|vamos|quero|queremos"
    r"|queria|pretendo|pensando em|voltei a|passei a|comecei a) (?:morar|viver|parar)|me instalei|nos instalamos"
    r"|me estabeleci|sediad[oa]s?|com sede)"
)
_STATE_NAME: Final = rf"(?:interior(?: d[aeo] \w+)?|litoral|minas|{'|'.join(STATES.values())})"
# "sou amiga de", "sou fã de" speak of somebody or something else.
_TIE: Final = (
    r"(?:nao|fa|fas|contra|a favor|amig[oa]s?|filh[oa]|filhos|irma|irmao|mae|pai|pais|net[oa]|prim[oa]|ti[oa]|sobrinh[oa]|parente|namorad[oa]"
    r"|espos[oa]|marido|mulher|noiv[oa]|sogr[oa]|cunhad[oa]|don[oa]|eu|o|a|torcedora?|pos|graduad[oa]|form(?:ad|and)[oa]|interessad[oa]|xara)"
)
_PROPERTY: Final = (
    r"(?:casa|ap|ape|apto|apartamento|imovel|terreno|lote|sala|galpao|sobrado|kitnet|kitinete|chacara|sitio|fazenda|ponto|cobertura"
    r"|studio|loteamento|empreendimento|lancamento|aluguel|vaga|vagas|unidade|loja|filial)"
)
_SAID: Final = re.compile(
    r"(?:"
    rf"\b{_LIVES} {_ADVERB}{_IN}"
    rf"|\bpasso (?:ai |la )?em {_AROUND}"
    rf"|\b(?:moro|vivo|resido|trabalho) (?:\w+ ){{1,5}}em {_AROUND}"
    rf"|\b(?:moro|morro|vivo|resido|fico|to) e {_AROUND}"
    rf"|\b(?:sou|soi|spu|siu|somos|so|falo|falamos|falando|venho|natural|escrevo|ligo|vindo"
    rf"|eh) {_ADVERB}{_TRADE}(?:daqui )?(?:(?:d|de) {_AROUND}|{_PART})"
    rf"|\b(?:aqui|aki|daqui)(?: (?:e|eh))? {_IN}"
    rf"|\b(?:sou|somos) (?!{_TIE}\b)(?:\w+ )?(?!{_TIE}\b)\w+ (?:d|de|em) {_AROUND}"
    rf"|\b(?:sou|somos) (?:uma?|dois|duas|tres|quatro|\d+) (?:\w+ ){{1,2}}(?:d|de) {_AROUND}"
    rf"|\b(?:nos|a gente|familia|casal|grupo) (?:aqui |todos |la )?de {_AROUND}"
    rf"|\b(?:pra|para|p) (?:quem|nos que) (?:eh|e|mora|vem|fica|moramos|somos) (?:em|de) {_AROUND}"
    rf"|\b(?:vi|achei|encontrei|quero|procuro) (?:o |a |um |uma |esse |essa )?(?:anuncio d[oae] )?{_PROPERTY} em {_AROUND}"
    rf"|\b{_PROPERTY} (?:de )?(?:ate )?(?:r \$ )?\d[\d., ]*(?:mil |reais )?em {_AROUND}"
    rf"|\b(?:saindo|partindo|saida) de casa (?:em|de) {_AROUND}|\bemplacad[oa] em {_AROUND}"
    rf"|\bna verdade (?:e|eh) {_AROUND}|\biptu de {_AROUND}"
    r"|\b(?:agora|hoje|atualmente) (?:eh|e|to|estou|moro)(?: (?:em|de))? "
    rf"|\b(?:vim|viemos|sai|fui|mudei|saimos) (?:de|da|do) \w+ (?:\w+ ){{0,3}}?(?:morar|viver|trabalhar|estudar) em {_AROUND}"
    rf"|\b(?:com|meu|nosso) (?:domicilio|residencia|endereco|base|atuacao)(?: (?:fixad[oa]|profissional))? (?:e |eh )?em {_AROUND}"
    rf"|\b(?:transferid[oa]|transferir|transferencia|realocad[oa]|promovid[oa]|convocad[oa]|retorno|regresso|volto|voltamos)"
    rf"(?: \w+)? (?:pra|para|a) {_AROUND}"
    rf"|\b(?:vem|vai|vao|chega|chegam|leva|levam|entreg\w+|busca\w*|deslocam?|desloca|viaja\w*|sobe|desce|faz|fazem|vir|ir)"
    rf"(?: \w+)? (?:ate|pra|para) {_AROUND}"
    rf"|\b(?:frete|entrega|envio|prazo) (?:de )?(?:r \$ )?\d[\d., ]*(?:reais )?(?:pra|para|p|ate) {_AROUND}"
    r"|\b(?:frete|entrega|envio|prazo|cep)(?: \w+){0,3} \d{5}(?: ?-? ?\d{3})? (?:, |- )?(?:em |de )?"
    r"|\b(?:entrega|destino|retirada|origem|praca|regiao|comarca|cidade de entrega|cidade da obra|local da festa|local do evento) ?[:=] ?"
    rf"|\b(?:aqui|aki)(?: \w+){{0,4}} , (?:o|a) (?:de|la de|ai de) {_AROUND}"
    r"|\b(?:cidade|local|municipio|endereco) d[aeo] \w+ ?[:=-] "
    r"|\b(?:minha cidade|cidade|municipio|localidade|local|localizacao|cid)(?: (?:onde (?:eu )?moro|atual|natal))?"
    r"(?: (?:e|eh|sera|seria))? ?[:=-]? "
    r"|\b(?:mudei|mudamos|mudar|mudando|mudanca|mudo|vou|vamos|indo|viajar|viajo|viajando|chego|chegando|chego"
    r"|chegarei|ir|passagem)"
    rf"(?: \w+){{0,2}} (?:pra|para|p|p /|a) {_AROUND}"
    r"|\b(?:entrega|entregam|entregar|frete|envio|enviar|enviam|envia|manda|mandam|mandar|despacha|despacham|entregue|chega)"
    rf"(?: \w+){{0,3}} (?:pra|para|p|p /|em|ate|a) {_AROUND}"
    rf"|\b{WANTED}(?: \w+)? (?:em|pra|para) {_AROUND}"
    rf"|\b(?:loja|unidade|filial|agencia|clinica|escritorio|polo|sede|showroom|escola|colegio|concessionaria|academia|campus|creche"
    rf"|franquia|turma|studio)(?: (?:de voces|de vcs|ai|aqui|nova|antiga|matriz))? de {_AROUND}"
    rf"|\b(?:loja|lojas|unidade|unidades|filial|ponto|posto|atendimento|algo|tem)(?: \w+){{0,4}} (?:perto|proxim[oa]s?) (?:de|a) {_AROUND}"
    r"|\b(?:meu|minha|nosso|nossa) (?:polo|unidade|loja|agencia|campus|filial) (?:e|eh) (?:o de |a de |de |em )?"
    rf"|\bcep (?:e |eh )?de {_AROUND}"
    rf"|\b(?:vagas?|processo seletivo|oportunidade)(?: de (?!garagem)\w+)? de {_AROUND}"
    rf"|\binterior (?:de|do|da) (?:\w\w|{_STATE_NAME}) , "
    rf"|\b(?:ligando|escrevendo|chamando|teclando|acessando|comprando|mandando|msg|mensagem|audio)(?: \w+){{0,2}}? (?:aqui |la |direto )?de {_AROUND}"
    rf"|\b(?:atende|atendem|cobre|cobrem) (?:(?:so|apenas|somente|tambem|tb|ai|a|toda|todo) )?{_AROUND}"
    rf"|\b(?:a caminho de|(?:pacotes?|excursao|excursoes|viagem|passagem|passagens|transfer|translado|delivery|motoboy|vale|valida|promocao|vaga|vagas|onibus|mudanca|fretes?)(?: \w+){{0,4}} (?:pra|para|p|ate)) {_AROUND}"
    r"|\bcidade(?:zinha)?(?: \w+)?(?: (?:chamada|chama|de nome|que se chama)| ,) "
    rf"|(?:\A|, |, da |\bna |\be a )cidade de {_AROUND}"
    rf"|\b(?:sou|somos) \w+ , (?:aqui |la |daqui )?de {_AROUND}"
    rf"|\b(?:sou|somos|moro|moramos) (?:de|em|no|do|na|da) {_STATE_NAME} ,? ?(?:em |de |na |da )?{_AROUND}"
    r"|\b(?:atende|atendem|procuro|procurando|busco|buscando|quero|queria|preciso|comprar|alugar|interesse|cobre"
    r"|cobrem|tem|tem algo)"
    rf"(?: \w+){{0,5}} em {_AROUND}"
    r")\Z"
)
_ARTICLE: Final = re.compile(
    rf"(?:\b{_LIVES} {_ADVERB}|\b(?:aqui|sou|somos|falo|mudei|mudando|mudar|vou|ir|viajar) (?:\w+ )?"
    rf"|\b(?:{WANTED}|atende|atendem|entregam|entrega|frete|quero|procuro) (?:\w+ ){{0,2}})"
    r"(?:no|na|do|da|pro|pra o|para o|ao|pra a|para a) \Z"
)
_NEAR: Final = re.compile(
    rf"\b(?:{_PROPERTY} (?:de|ai em) |(?:unidade|filial|loja|campus|polo|agencia|regional|franquia|frete|frete gratis|entrega|envio) )\Z"
    r"|\b(?:em (?:(?:plena|todo|toda) )?|(?:no|na) (?:(?:salao )?(?:central|centro)|regiao|periferia|zona \w+|grande)(?: d[eo])? )\Z"
)
# A place by its preposition alone counts unless the message tells news...
_WORLD: Final = re.compile(
    r"\b(?:jogo|filme|serie|novela|tv|noticia|noticias|jornal|chov\w+|chuva|enchente|acidente|voo|transito|ferias|"
    r"livro|musica|time|final|campeonato|eleicao|prefeito|fabricado|feito|famoso|famosa|antigamente|historia|gripe|dengue|"
    r"rastreio|rastreamento|aviao|greve|protesto|manifestacao|passad[oa]|ouvi|dizem|em (?:19|20)[0-9][0-9]|parado|parada|caminhao|aumenta\w*|crime|policia|formad[oa]|graduad[oa])\b"
)
# ... or what has happened, of which these are the writer's still.
_HAPPENED: Final = re.compile(
    r"\b(?!(?:abrimos|agendei|marquei|reservei|passei|comecei|montei|fechei|consegui|escolhi|matriculei)\b)"
    r"(?:\w{2,}(?:[^sveaou]ou|[rntdbvc]eu|[^s]iu|[^sl]ei|aram|eram|iram)|fiz|bati|vi|li|faltou|comi|teve|tinha|havia|era) (?:\w+ ){0,4}\Z"
)
_ADDRESS: Final = re.compile(
    r"\b(?:rua|r|av|avenida|travessa|alameda|endereco|rodovia|estrada|bairro|cep) .*(?:,|-|/|\.|em|cidade|\n) \Z"
    r"|\b(?:em|no|na) \w+(?: \w+){0,2} , \Z"
    r"|\b(?:frete|entregam?|entrega) (?:\w+ ){1,4}, \Z"
)
_AFTERWARDS: Final = re.compile(
    r"(?:d[eo] [a-z]+ )?(?:, )?(?:e|eh) (?:la |ai |aqui )?(?:a cidade )?(?:onde|que|q|a cidade que) (?:eu )?(?:moro|vivo|resido|estou"
    r"|to|trabalho|fico)\b"
    r"|(?:, )?(?:e|eh) (?:a )?minha cidade\b|, (?:moro|vivo) (?:la|ai|aqui)\b|(?:, )?onde (?:eu )?(?:moro|vivo|resido)\b"
)
_NOT_A_PLACE: Final = STREETS | word_set(
    "bairro edificio ed condominio cond hospital banco shopping colegio escola faculdade linha santo sao dom dona "
    "sr sra doutor dr dra senhor senhora jardim vila parque residencial viaduto ponte estadio aeroporto terminal "
    "estacao metro igreja padaria farmacia restaurante posto mercado supermercado clube grupo construtora auto "
    "instituto professor professora pastor padre tia tio seu vale"
)
_STATE: Final = word_set("interior estado litoral governo")
# "a escola de Sumaré" is the one that is wanted there, "o hospital de Campinas" is no place of the writer's.
_NOT_OF: Final = (_STATE | _NOT_A_PLACE | {"nome", "morro"}) - {"escola", "colegio"}
_BEFORE: Final = word_set(
    "em en n e de d do da no na cidade municipio localidade local localizacao cid pra para p a ate ao pro capital regiao "
    "metropolitana grande centro sul norte leste oeste eh sera seria : = - moro atual"
)


def may_say_place(words: Words, at: int) -> bool:
    """Whether the word before one can speak of a place at all: a cheap look before a close one."""
    return words.plain(at - 1) in _BEFORE


def context_before(words: Words, at: int, *, after: int) -> Context:
    """What the few words before a place say of it; `after` is the word behind it."""
    if _of_something(words, at):
        return Context.FORBIDDEN
    told, ahead = (
        clause(words, at, reach=_ADDRESS_REACH),
        joined(words, after, after + _ADDRESS_REACH),
    )
    if starts_there(told, ahead):
        return Context.SAID
    said = clause(words, at)
    if words.plain(at - 1) in {"em", "n"} and lived_in(ahead):
        return Context.SAID
    if _of_a_name(words, at) or of_another(said) or disowned(said, ahead):
        return Context.FORBIDDEN
    if happens_now(said, ahead) or _SAID.search(said) or opens_from(said, ahead):
        return Context.SAID
    if said_mine(told, joined(words, max(0, at - REACH), at)):
        return Context.SAID
    if _ARTICLE.search(said):
        return Context.ARTICLE
    wide = joined(words, max(0, at - _ADDRESS_REACH), at)
    if _ADDRESS.search(wide) or in_an_address(wide):
        return Context.LISTED
    if opens_bare(words, at, after, said, ahead):
        return Context.NEAR
    if (
        words.plain(at - 1) == "de"
        and (words.plain(at - 2) == "," or not is_a_surname(words, at))
        and of_a_person(words, at, after)
    ):
        return Context.SAID
    if named_with_article(words, at, after):
        return Context.ARTICLE
    return _by_its_preposition(words, at, said)


def _of_something(words: Words, at: int) -> bool:
    """Whether a street, a firm or a state stands before: "rua", "hospital de"."""
    before, further = words.plain(at - 1), words.plain(at - 2)
    if before in {"de", "do", "da"}:
        return further in _NOT_OF
    return before in _NOT_A_PLACE or (before == "." and further in _NOT_A_PLACE)


def _of_a_name(words: Words, at: int) -> bool:
    """Whether a place is the surname of the name before it."""
    before, further = words.plain(at - 1), words.plain(at - 2)
    if before == "de" and further in first_names():
        return is_a_surname(words, at)
    return before in first_names() and words.plain(at) in surnames()


def _by_its_preposition(words: Words, at: int, said: str) -> Context:
    if not _NEAR.search(said):
        return Context.NONE
    if _WORLD.search(joined(words, max(0, at - _ADDRESS_REACH), at + _ADDRESS_REACH)):
        return Context.FORBIDDEN
    return Context.NONE if _HAPPENED.search(said) else Context.NEAR


def said_afterwards(words: Words, after: int) -> bool:
    """Whether what follows a place makes it the writer's: "Crato, é lá que eu moro"."""
    return _AFTERWARDS.match(joined(words, after, after + REACH)) is not None
