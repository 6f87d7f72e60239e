"""What the words around a name say about it: a place of the writer's, somebody else's, or no place."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from runtime.extraction.gazetteer import STATES
from runtime.extraction.words import STREETS, Words, word_set

# How many words before a name are looked at, and how many where an address is spelt out.
_REACH: Final = 9
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
_IN: Final = rf"(?:(?:em|n|de|d) {_PART}?|{_PART})"
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
# What of the writer's own has a place, unlike "meu irmão".
_PREMISES: Final = (
    r"(?:(?:nov[oa] )?(?:casa|loja|empresa|clinica|sede|oficina|fabrica|chacara|escritorio|consultorio|"
    r"apartamento|ape|apto|ap|imovel|terreno|lote|sitio|fazenda|kitnet|sobrado|galpao|sala|salao|restaurante|padaria|mercado|"
    r"comercio|negocio|condominio|predio|endereco|residencia|moradia|obra|filial|unidade|pousada|estudio|studio|quarto))"
)
_OWN_PLACE: Final = rf"(?:minha|meu|nossa|nosso) {_PREMISES}"
_LIVES: Final = (
    r"(?:moro|morro|moru|moramos|mora mos|resido|residimos|vivo|vivemos|morando|residente|residindo|vivendo|fico|"
    r"ficamos|estou|estamos|to|tou|tamo|tamos|trabalho|trabalhamos|estudo|atuo|domiciliad[oa]|morador|moradora|"
    rf"passando|hospedad[oa]|cheguei|chegamos|chegar|chegando|chego|chegarei|localizad[oa]s?|situad[oa]s?|(?:a gente"
    rf"|agt|agnt|{_OWN_PLACE})"
    r" (?:mora|vive|fica|esta|ta|eh|e)|estaremos|estarei|ficarei|(?:vim|viemos|a gente veio|vou|vamos|quero|queremos"
    r"|queria|pretendo|pensando em|voltei a|passei a|comecei a) (?:morar|viver|parar)|me instalei|nos instalamos"
    r"|me estabeleci|sediad[oa]s?|com sede)"
)
_WANTED: Final = (
    r"(?:loja|unidade|filial|agencia|clinica|escritorio|vaga|curso|endereco|evento|polo|apto|ap|ape|apartamento|casa|"
    r"imovel|terreno|sala|kitnet|kitinete|ponto|sede|atendimento|consultorio|sobrado|lote|chacara|sitio|aluguel|"
    r"franquia|galpao|studio|cobertura|showroom|hotel|pousada|festa|casamento|obra|reforma|servico|instalacao)"
)
_STATE_NAME: Final = rf"(?:interior(?: d[aeo] \w+)?|litoral|minas|{'|'.join(STATES.values())})"
_SAID: Final = re.compile(
    r"(?:"
    rf"\b{_LIVES} {_ADVERB}{_IN}"
    rf"|\b(?:moro|vivo|resido|trabalho) (?:\w+ ){{1,5}}em {_AROUND}"
    rf"|\b(?:moro|morro|vivo|resido|fico|to) e {_AROUND}"
    rf"|\b(?:sou|somos|so|falo|falamos|falando|venho|natural|escrevo|ligo|vindo"
    rf"|eh) {_ADVERB}{_TRADE}(?:daqui )?(?:(?:d|de) {_AROUND}|{_PART})"
    rf"|\b(?:aqui|aki|daqui)(?: (?:e|eh))? {_IN}"
    rf"|\b(?:aqui|aki)(?: \w+){{0,4}} , (?:o|a) (?:de|la de|ai de) {_AROUND}"
    r"|\b(?:cidade|local|municipio|endereco) d[aeo] \w+ ?[:=-] "
    r"|\b(?:minha cidade|cidade|municipio|localidade|local|localizacao|cid)(?: (?:onde (?:eu )?moro|atual|natal))?"
    r"(?: (?:e|eh|sera|seria))? ?[:=-]? "
    r"|\b(?:mudei|mudamos|mudar|mudando|mudanca|mudo|vou|vamos|indo|viajar|viajo|viajando|chego|chegando|chego"
    r"|chegarei|ir|passagem)"
    rf"(?: \w+){{0,2}} (?:pra|para|p|p /|a) {_AROUND}"
    r"|\b(?:entrega|entregam|entregar|frete|envio|enviar|enviam|envia|manda|mandam|mandar|despacha|despacham|entregue|chega)"
    rf"(?: \w+){{0,3}} (?:pra|para|p|p /|em|ate|a) {_AROUND}"
    rf"|\b{_WANTED}(?: \w+)? (?:em|pra|para) {_AROUND}"
    rf"|\b(?:loja|unidade|filial|agencia|clinica|escritorio|polo|sede|showroom) de {_AROUND}"
    rf"|\b(?:atende|atendem|cobre|cobrem) {_AROUND}"
    rf"|\b(?:sou|somos|moro|moramos) (?:de|em|no|do|na|da) {_STATE_NAME} ,? ?(?:em |de |na |da )?{_AROUND}"
    r"|\b(?:atende|atendem|procuro|procurando|busco|buscando|quero|queria|preciso|comprar|alugar|interesse|cobre"
    r"|cobrem|tem|tem algo)"
    rf"(?: \w+){{0,5}} em {_AROUND}"
    r")\Z"
)
_ARTICLE: Final = re.compile(
    rf"(?:\b{_LIVES} {_ADVERB}|\b(?:aqui|sou|somos|falo|mudei|mudando|mudar|vou|ir|viajar) (?:\w+ )?"
    rf"|\b(?:{_WANTED}|atende|atendem|entregam|entrega|frete|quero|procuro) (?:\w+ ){{0,2}})"
    r"(?:no|na|do|da|pro|pra o|para o|ao|pra a|para a) \Z"
)
_NEAR: Final = re.compile(
    r"\b(?:em (?:(?:plena|todo|toda) )?|(?:no|na) (?:centro|regiao|periferia|zona \w+|grande)(?: d[eo])? )\Z"
)
# A place by its preposition counts where the message is about the writer or the one who answers...
_CONCERNS: Final = re.compile(
    r"\b(?:eu|meu|minha|quero|queria|preciso|precisamos|procuro|procurando|busco|tem|teria|vcs?|voces?|alugar|comprar|to|tou|"
    r"estou|aqui|somos|nosso|nossa|instal\w+|faz|fazem|fazer|quanto|qual|trabalho|agendar|marcar|obra|orcamento|abrir|investir|"
    r"moramos|ficamos|atend\w+|entreg\w+|posso|vou|vamos|a gente|imovel|terreno|apartamento|casa|sala|galpao|interesse|sera|"
    r"moro|sou|gostaria|consigo|tenho|endereco|interior|evento|casamento|festa|curso|reuniao|visita|faco|temos|nossos"
    r"|residencia)\b"
)
# ... and not about the world.
_WORLD: Final = re.compile(
    r"\b(?:show|jogo|filme|serie|novela|tv|noticia|jornal|choveu|chuva|enchente|acidente|voo|ele|ela|eles|elas|dele|dela|"
    r"livro|musica|time|final|campeonato|eleicao|prefeito|fabricado|feito|famoso|famosa|antigamente|historia)\b"
)
_OTHERS: Final = re.compile(
    r"(?:\b(?:nao|n|nunca) (?:quero|quis|pretendo|penso em) (?:morar|viver)|\b(?:nao|n|nunca) (?:moro|sou|estou|to"
    r"|fico|resido|vivo)|(?<!a gente )(?<!agt )\b(?:moram|mora|vive|vivem|reside)|"
    r"\b(?:nasci|nasceu|nascido|nascida|morava|moravamos|morei|trabalhava|trabalhei|estudei|estudava|sai|saimos|saiu"
    r"|(?<!a gente )veio|"
    r"viajou|foi|foram|fui|voltei(?! a (?:morar|viver))|voltando|joga|jogou|jogo|jogar|torco|torcedor|torcedora"
    r"|torcida|ganhou|perdeu|feito|fabricado|"
    r"fabricada|produzido|prefeitura|governo|time|banco|universidade|conheco|conheci|vi|passou|passei(?! a (?:morar"
    r"|viver))|estava|tava|"
    r"cancelei|lembro|conhecer))"
    r"(?: (?!(?:e|mas|agora|porem|hoje|moro|sou|estou|so|que|hj|,)\b)\w+){0,3} \Z"
)
_SOMEBODY: Final = re.compile(
    rf"\b(?:minha|meu|minhas|meus|nossa|nosso|o|a|dele|dela) (?!{_OWN_PLACE}\b|{_PREMISES}\b|{_WANTED}\b|empresa"
    rf"|oficina|fabrica|cidade|gente|residencia|"
    r"moradia|entrega)(?:\w+ ){1,2}(?:esta|ta|eh|e|trabalha|fica|ficou|estuda|vai|casou|vem|era|nasceu) (?:\w+ )?"
    r"(?:em|de|n|pra|para) \Z"
)
_ADDRESS: Final = re.compile(
    r"\b(?:rua|r|av|avenida|travessa|alameda|endereco|rodovia|estrada|bairro|cep) .*(?:,|-|/|\.|em|cidade|\n) \Z"
    r"|\b(?:em|no|na) \w+(?: \w+){0,2} , \Z"
)
_AFTERWARDS: Final = re.compile(
    r"(?:, )?(?:e|eh) (?:la |ai |aqui )?(?:a cidade )?(?:onde|que|q|a cidade que) (?:eu )?(?:moro|vivo|resido|estou"
    r"|to|trabalho|fico)\b"
    r"|(?:, )?(?:e|eh) (?:a )?minha cidade\b|, (?:moro|vivo) (?:la|ai|aqui)\b|(?:, )?onde (?:eu )?(?:moro|vivo|resido)\b"
)
_NOT_A_PLACE: Final = STREETS | word_set(
    "bairro edificio ed condominio cond hospital banco shopping colegio escola faculdade linha santo sao dom dona "
    "sr sra doutor dr dra senhor senhora jardim vila parque residencial viaduto ponte estadio aeroporto terminal "
    "estacao metro igreja padaria farmacia restaurante posto mercado supermercado clube grupo construtora auto "
    "instituto professor professora pastor padre tia tio seu"
)
_STATE: Final = word_set("interior estado litoral governo")
_BEFORE: Final = word_set(
    "em n e de d do da no na cidade municipio localidade local localizacao cid pra para p a ate ao pro capital regiao "
    "metropolitana grande centro sul norte leste oeste eh sera seria : = - moro atual"
)


def may_say_place(words: Words, at: int) -> bool:
    """Whether the word before one can speak of a place at all: a cheap look before a close one."""
    return words.plain(at - 1) in _BEFORE


def context_before(words: Words, at: int) -> Context:
    """What the few words before a place say of it."""
    before = words.plain(at - 1)
    if before in _NOT_A_PLACE or (before == "." and words.plain(at - 2) in _NOT_A_PLACE):
        return Context.FORBIDDEN
    if before in {"de", "do", "da"} and words.plain(at - 2) in _STATE | _NOT_A_PLACE:
        return Context.FORBIDDEN
    said = _clause(words, at)
    if _OTHERS.search(said) or _SOMEBODY.search(said):
        return Context.FORBIDDEN
    if _SAID.search(said):
        return Context.SAID
    if _ARTICLE.search(said):
        return Context.ARTICLE
    wider = _joined(words, max(0, at - _ADDRESS_REACH), at)
    if _ADDRESS.search(wider):
        return Context.LISTED
    if _NEAR.search(said):
        wider = _joined(words, max(0, at - _ADDRESS_REACH), at + _ADDRESS_REACH)
        return (
            Context.NEAR if _CONCERNS.search(wider) and not _WORLD.search(wider) else Context.NONE
        )
    return Context.NONE


def said_afterwards(words: Words, after: int) -> bool:
    """Whether what follows a place makes it the writer's: "Crato, é lá que eu moro"."""
    return _AFTERWARDS.match(_joined(words, after, after + _REACH)) is not None


def _clause(words: Words, at: int) -> str:
    """The few words before a place, back to the sentence's start."""
    first = at
    while first > max(0, at - _REACH) and words.plain(first - 1) not in {"!", "?", ";", "\n"}:
        if words.plain(first - 1) == "." and words.plain(first) != "":
            break
        first -= 1
    return _joined(words, first, at)


def _joined(words: Words, first: int, after: int) -> str:
    return "".join(f"{words.plain(step)} " for step in range(first, after))
