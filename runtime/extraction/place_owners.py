"""Places that the words before them give to somebody else, or to a time that is over."""

from __future__ import annotations

import re
from typing import Final

# What of the writer's own has a place, unlike "meu irmão".
_PREMISES: Final = (
    r"(?:(?:nov[oa] )?(?:casa|loja|empresa|clinica|sede|oficina|fabrica|chacara|escritorio|consultorio|"
    r"apartamento|ape|apto|ap|imovel|terreno|lote|sitio|fazenda|kitnet|sobrado|galpao|sala|salao|restaurante|padaria|mercado|"
    r"comercio|negocio|condominio|predio|endereco|residencia|moradia|garagem|estoque|deposito|barracao|banca|chale|rancho|lavoura|plantacao|granja|obra|filial|unidade|pousada|estudio|studio|quarto))"
)
# Further things that are spoken of as the writer's own or as what is wanted.
_MINE: Final = (
    r"(?:empresa|oficina|fabrica|cidade|gente|residencia|moradia|entrega|escola|comercio|carro|moto|veiculo|pedido|processo"
    r"|casamento|casorio|noivado|festa|evento|formatura|aniversario|viagem|show|reuniao|consulta|mudanca|igreja|prova|audiencia|inventario"
    r"|aula|aulas|cirurgia|exame|entrevista|palestra|missa|batizado|ensaio|pericia|vistoria|velorio|congresso|feira|leilao|curso|licitacao|treinamento"
    r"|certidao|trabalho|emprego|servico|sonho|destino|ideia|preferencia|vontade|plano|cep|endereco|voo|minha|meu|nossa|nosso)"
)
OWN_PLACE: Final = rf"(?:minha|meu|nossa|nosso) {_PREMISES}"
WANTED: Final = (
    r"(?:loja|unidade|filial|agencia|clinica|escritorio|vaga|curso|endereco|evento|polo|apto|ap|ape|apartamento|casa|"
    r"imovel|terreno|sala|kitnet|kitinete|ponto|sede|atendimento|consultorio|sobrado|lote|chacara|sitio|aluguel|"
    r"franquia|galpao|studio|cobertura|showroom|hotel|pousada|festa|casamento|obra|reforma|servico|instalacao)"
)

_OVER: Final = re.compile(
    r"(?:\b(?:nao|n|nunca) (?:quero|quis|pretendo|penso em) (?:morar|viver)|\b(?:nao|n|nunca) (?:moro|sou|estou|to"
    r"|fico|resido|vivo)|\b(?:chego|cheguei|chegamos|chegando|chegar) de(?! mudanca)|\bn(?:ao|em)? (?:em|pra|para|de)(?= \Z)|\bnao (?:eh|e|era|foi|fica)|\b(?:cansei|deixei|parei|enjoei) de (?:morar|viver|trabalhar)"
    r"|(?<!a gente )(?<!a gnt )(?<!agt )(?<!pra quem )(?<!para quem )(?<!quem )\b(?:moram|mora|vive|vivem|reside)|"
    r"\b(?:nasci|nasceu|nascido|nascida|cresci|cresceu|estudou|casou|morava|moravamos|morei|trabalhava|trabalhei|estudei"
    r"|estudava|(?<!voo )(?<!onibus )(?<!van )(?<!horas )sai|saimos|saiu|(?<!excursao )(?<!onibus )(?<!van )saindo(?! (?:(?:agora|hoje|cedo|amanha) de|de casa))|(?<!a gente )veio|"
    r"viajou|foi|foram|casei|voto|fui(?! (?:n[oa] (?:loja|unidade|filial|clinica|escola)|transferid|promovid|realocad|convidad))|voltei(?! (?:a (?:morar|viver)|pra|para))|voltando(?! (?:pra|para))|joga|jogou|jogo"
    r"|jogar|torco|torcedor|torcedora"
    r"|torcida|demitid[oa]|despedid[oa]|ganhou|perdeu|feito|fabricado|"
    r"fabricada|produzido|prefeitura|governo|time|banco|universidade|conheco|conheci|vi(?! (?:\w+ ){1,3}de (?:voces|vcs)| (?:\w+ )?(?:vagas?|anuncios?|oferta|promocao|oportunidade|casa|apto|apartamento|terreno|loja)\b)|passou|passei"
    r"(?! (?:a (?:morar|viver)|n[oa]|num|numa|em))|estava|estive|estivemos|tava|show|noticia|jornal|"
    r"cancelei|lembro|conhecer))"
    r"(?: (?!(?:e|mas|agora|porem|hoje|moro|sou|estou|so|que|hj|,)\b)\w+){0,3} \Z"
)
# "trabalhei cinco anos numa fábrica em": what was done for long is told at length.
_FORMERLY: Final = re.compile(
    r"\b(?:morei|morava|trabalhei|trabalhava|estudei|estudava|vivi|nasci|cresci)"
    r" (?!(?:\w+ )*(?:e|mas|agora|hoje|hj|moro|sou|estou) )(?:\w+ ){0,6}(?:em|n) \Z"
)
_ME: Final = (
    r"(?:eu|e|mas|que|sou|somos|moro|moramos|resido|vivo|estou|estamos|to|tamo|quero|queremos|queria|preciso|precisamos|precisa"
    r"|quer|procuro|procuramos|vou|vamos|tenho|temos|nos|trabalho|agora|hoje|gente)"
)
RELATIVE: Final = (
    r"(?:mae|pai|pais|irma|irmas|irmao|irmaos|filh[oa]s?|marido|esposa|esposo|mulher|prim[oa]s?|ti[oa]s?|vizinh[oa]s?|amig[oa]s?|chefe"
    r"|patrao|patroa|sogr[oa]s?|cunhad[oa]s?|genro|nora|net[oa]s?|avos?|vo|sobrinh[oa]s?|ex|namorad[oa]|noiv[oa]|soci[oa]"
    r"|colegas?|familia|parentes?|entead[oa]|madrinha|padrinho|afilhad[oa]|compadre|comadre|medic[oa]|advogad[oa])"
)
# "meu primo abriu uma loja em": what a relative does, unlike "uma casa pra minha mãe em".
_RELATIVES: Final = re.compile(
    r"(?<!com )(?<!pra )(?<!para )(?<!pro )(?<!pros )(?<!pras )(?<!e )(?<!da )(?<!do )(?<!de )"
    rf"\b(?:minhas?|meus?|noss[oa]s?|uma?|[oa]s?) (?:ex )?{RELATIVE} (?!pra |para |pro |n[oa] )(?:(?!{_ME} )\w+ ){{1,7}}?(?:em|de|n|pra|para|ate|a) \Z"
    rf"|(?:(?<!eu )\be|,) (?:[oa] )?(?:minha|meu) (?:ex )?{RELATIVE} (?:em|de) \Z"
    rf"|\b(?:el[ea]s?) (?:(?!{_ME} )\w+ ){{1,4}}(?:em|de|n|pra|para) \Z"
)
_SOMEBODY: Final = re.compile(
    rf"\b(?:minha|meu|minhas|meus|nossa|nosso|o|a|dele|dela) (?!{OWN_PLACE}\b|{_PREMISES}\b|{WANTED}\b|{_MINE}\b)"
    r"(?:\w+ ){1,2}(?:esta|ta|eh|e(?! (?:moro|resido|vivo|trabalho|sou|estou|to|fico|quero|preciso|queria|procuro|vou|ja|[a-z]+[aei]r)\b)"
    r"|trabalha|fica|ficou|estuda|vai|casou|era|nasceu) (?:\w+ )?"
    r"(?:em|de|n|pra|para) \Z"
)
# Where the other side makes or keeps its things is asked about, not wanted.
_THEIRS: Final = re.compile(
    r"\b(?:voces?|vcs?|alguem|algum|quem|ces)(?: \w+){0,3} (?:nasce|nasceu) (?:de|em) \Z"
    r"|\b(?:mora|moram|vive|nasceu) (?:alguem|algum)(?: \w+){0,3} (?:de|em) \Z"
    r"|\b(?:a|o) (?:fabrica|matriz|sede) (?:fica |e |eh )em \Z"
    rf"|(?:\A|, |! )(?:e )?(?:minha|meu|nossa|nosso) (?:ex )?{RELATIVE} em \Z|"
    r"\b(?:fabrica|matriz|sede|dono|dona) (?:de (?:voces|vcs|vc)|del[ea]s?|da \w+) (?:\w+ )?(?:em|de) \Z"
)
# "moro em Blumenau e trabalho em": who says both lives in the first.
_WORKPLACE: Final = re.compile(
    r"\b(?:moro|vivo|resido) (?:aqui )?(?:em|n[oa]) (?:\w+ ){1,4}(?:, )?e (?:trabalho|estudo) (?:em|n[oa]) \Z"
)
# "minha amiga disse que na unidade de": hers, unlike what the other side is said to have there.
_HEARD: Final = re.compile(
    rf"\b(?:minha|meu|uma?) {RELATIVE} (?:\w+ )?(?:disse|falou|contou|comentou) (?:que |q )?(?:em|n[oa] \w+ (?:de|em)) \Z"
)

# Who lives with the writer lives where the writer does.
_WITH_ME: Final = re.compile(
    r"(?<!nao )\b(?:mora|moram|morando|vive|vivem|vivendo|reside|residem|ficam?|ta|esta|estao) (?:junto |juntos |aqui |hoje |agora |so )?"
    r"(?:comigo|conosco|com a gente|com nos) (?:\w+ ){0,2}(?:em|n|aqui|no|na) \Z"
)
_ANOTHERS: Final = (_OVER, _FORMERLY, _RELATIVES, _SOMEBODY, _THEIRS, _WORKPLACE, _HEARD)


def of_another(clause: str) -> bool:
    """Whether the words up to a place make it a former one, or somebody else's."""
    if _WITH_ME.search(clause):
        return False
    return any(pattern.search(clause) for pattern in _ANOTHERS)
