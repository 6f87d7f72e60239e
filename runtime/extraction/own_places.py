"""Further ways to say that a place is the writer's: journeys, stays, mishaps on the road, records."""

from __future__ import annotations

import re
from typing import Final

_AROUND: Final = (
    r"(?:(?:a |na |da )?(?:cidade|regiao|municipio|zona rural|centro|area rural) (?:de )?)?"
)
# What is sent or waited for is not where the writer is.
_PARCEL: Final = r"(?:que|pedido|pacote|encomenda|entrega|caminhao|transportadora|rastreio|el[ea]s?|voces?|vcs?|nao)"
_MINE: Final = re.compile(
    r"(?:"
    rf"\b(?:saio|partimos|parto|embarco|embarcamos|decolo|desembarco) (?:\w+ )?(?:de|em|por) {_AROUND}"
    rf"|\b(?:excursao|onibus|van|voo|carona|viagem|caravana|embarque|ida) (?:\w+ )?(?:sai|saindo|parte|partindo|com saida|com embarque|que sai) (?:de|em) {_AROUND}"
    rf"|\bembarque (?:e |eh |sera )?em {_AROUND}"
    rf"|\b(?:recem|acabei de|acabamos de|mal) (?:- )?(?:chegad[oa]s?|chegar|mudad[oa]s?|me mudar|instalad[oa]s?|transferid[oa]s?) (?:\w+ )?(?:em|pra|para|a) {_AROUND}"
    rf"|\b(?:de )?mudanca (?:marcada |feita |prevista )?(?:em|pra|para) {_AROUND}"
    rf"|\b(?:minha|nossa|meu|nosso) (?:base|terra|terrinha|praca|regiao|cidade natal|cidade|rota|polo|municipio|roca|interior) (?:e|eh|fica em|e em|eh em|sempre foi) {_AROUND}"
    rf"|\b(?:to|tou|estou|estamos|tamo|tamos|fico|ando|andamos|continuo|sigo) (?:(?!{_PARCEL}\b)\w+ ){{1,6}}em {_AROUND}"
    rf"|(?:\A|, |e |pois |porque )(?:pres[oa]|parad[oa]|atolad[oa]|perdid[oa]|internad[oa]|hospedad[oa]|acampad[oa]|morando|estudando|trabalhando|embarcad[oa]) (?:(?!{_PARCEL}\b)\w+ ){{0,4}}em {_AROUND}"
    rf"|\b(?:faco|fazemos|opero|operamos|atuo|atuamos|treino|leciono|vendo|vendemos|compro|planto|plantamos|crio|criamos|produzo|entrego"
    rf"|toco|tocamos|abri|abrimos|montei|montamos|aluguei|alugo|alugamos) (?:\w+ ){{0,4}}em {_AROUND}"
    r"|\b(?:(?:carro|moto|pneu|caminhao|van|motor|bateria|trator|onibus) (?:\w+ )?(?:quebrou|furou|parou|pifou|morreu|enguicou|arriou|atolou|acabou)"
    r"|(?:meu|minha|nosso|nossa) (?:carro|moto|caminhao|van|trator|barco|trailer) (?:ta|esta|ficou))"
    rf" (?:aqui |parad[oa] |quebrad[oa] )*em {_AROUND}"
    rf"|\b(?:buscar|busquem|busque|busca|busco|retiro|retirar|retirem|retirada|coleta|coletar|coletam) (?:\w+ )?(?:em|la em) {_AROUND}"
    rf"|\b(?:despach|envi|remet|entreg|mand|lev|post)(?:a|am|ar|em|e|ue|uem|er) (?:\w+ ){{0,3}}(?:pra|para|ate) {_AROUND}"
    rf"|\b(?:quanto|prazo|demora|tempo)(?: (?!km\b|voo\b|passagem\b|onibus\b)\w+){{0,4}} (?:pra|para|ate) {_AROUND}"
    r"|(?:\A|[.!?] |\b(?:oi|ola|opa|e|dia|tarde|noite) , ?|\b(?:oi|ola) )(?:e )?(?:pra|para|ate) "
    rf"|\b(?:sou|somos|aqui|aki|falando|dados|chamo|nome)(?: (?!(?:mae|pai|filh[oa]|espos[oa]|marido|irma|irmao|amig[oa])\b)[\w,:-]+){{0,12}} , (?:aqui |la |daqui |direto )?de {_AROUND}"
    r"|\b(?:roca|aqui|fazenda|sitio|interior)(?: mas| bem)?(?: do lado| perto| pertinho| ,)? (?:perto|pertinho|ladinho|proximo|vizinho) (?:de|a) "
    r"|\b(?:perto|pertinho|ladinho|lado|proximo) (?::|,) "
    rf"|\b(?:vim|viemos|mudei|mudamos|mudando|mudar) (?:de|do|da) (?:\w+ ){{1,3}}(?:pra|para) {_AROUND}"
    rf"|\b(?:me|nos) (?:transferiram|mandaram|mudaram|realocaram) (?:pra|para|a) {_AROUND}"
    rf"|\b(?:entrega|entregam|atende|atendem|chega|chegam|vao|vem)(?: \w+){{0,4}} ,? ?(?:tipo|como|por exemplo) ,? ?(?:em )?{_AROUND}"
    r"|\A(?:regiao metropolitana|grande|regiao|entorno|interior) (?:de |, )?"
    rf"|\b(?:eu|nos|familia|casal|grupo|turma)(?: (?!{_PARCEL}\b)\w+){{0,4}} , de {_AROUND}"
    r"|\b(?:vila|jardim|jd|residencial|condominio|conjunto|setor|bairro|parque) (?:\w+ ){1,3}, "
    rf"|\b(?:volto|voltei|voltando|voltamos) (?:a morar )?(?:pra|para) {_AROUND}|\bque horas (?:\w+ ){{0,2}}(?:pra|para) {_AROUND}"
    rf"|\bsaindo (?:agora|hoje|cedo|amanha) de {_AROUND}|\b(?:tenho|levo) (?:\w+ ){{1,2}}(?:pra|para) {_AROUND}"
    r"|\b(?:quebrou|furou|parou|parad[oa]|estou|to) (?:\w+ )?(?:perto|proximo|pertinho) de |\b(?:estou|estamos|to|tamo) sem \w+(?: \w+)? , "
    rf"|\baqui , |\b(?:aqui|moro|moramos)(?: \w+){{1,5}} , em |(?:\A|, )centro (?:de|,) |\b(?:vim|viemos) (?:morar )?(?:pra|para) {_AROUND}"
    rf"|\b(?:orcamento|cotacao|visita|instalacao|tecnico)(?: \w+){{0,2}} (?:pra|para) {_AROUND}"
    r"|\b(?:vcs?|voces?) (?:fazem|cobrem|pegam) (?:a |o )?(?:regiao de )?"
    r"|\bcidade vizinha ,? ?(?:de )?"
    rf"|\b(?:iptu|iss|itbi|alvara|conta de (?:luz|agua|gas)) de {_AROUND}"
    rf"|\b(?:caminhao|vendedora?|tecnic[oa]|carro|onibus|entregadora?|van|equipe|motoboy|representante|instaladora?|voces|vcs|feira|mutirao|carreta)(?: \w+)? (?:vem|vao|passa|passam|vira|virao|chega|chegam|vai) em {_AROUND}"
    r"|(?:\A|, |: |\be )(?:destino|origem|chegada em|entrega em|destino final) (?:em |e )?"
    r"|\b(?:minha|nossa|meu|nosso) (?:rua|bairro|quadra|predio|vizinhanca|comunidade|vila|setor)(?: (?:aqui|la))? em "
    rf"|\b(?:sou|aqui(?: (?:e|eh))?|(?:\A|, )(?:e|eh)) [oa] \w+ (?:\w+ )?(?:la|daqui|aqui|ali) de {_AROUND}"
    rf"|\b(?:casamento|casorio|festa|evento|encontro|formatura|show|prova|audiencia|batizado|retiro|congresso) (?:vai ser|sera|e|eh) em {_AROUND}"
    r"|\b(?:fiz|fizemos) (?:uma |a |minha )?(?:reserva|inscricao|matricula|agendamento|cadastro) (?:em|pra|para) "
    rf"|\bde passagem por {_AROUND}|\b(?:cnpj|cadastro|inscricao|endereco|cep) (?:e|eh) de {_AROUND}"
    r"|\b(?:atendo|atendemos|cubro|cobrimos) (?:em |toda |so |a regiao de )?"
    r"|\b(?:transferir|transferencia|trocar|mudar)(?: \w+){0,3} ,? ?d[aeo] (?:\w+ ){1,4}(?:pra|para) (?:o de |a de )?"
    r"|\b(?:foro|sede|residencia|moradia) : "
    r"|\bliguei (?:daqui |aqui |la )?de "
    rf"|\b(?:vcs?|voces?) (?:ja |ainda |tb |tambem |nao )*(?:chegaram|estao|tao|atuam|operam|trabalham|abriram|inauguraram|instalaram) (?:em|a) {_AROUND}"
    r"|\b(?:tenho|temos|tem|sao) (?:\w+ )?(?:lojas?|unidades|filiais|clinicas|escritorios|fazendas|polos|restaurantes|salas|obras) : (?:em )?"
    rf"|\b(?:acabou|falta|cortaram|desligaram|interromperam) (?:a |o )?(?:agua|luz|energia|internet|sinal|forca|gas|net|wifi)(?: \w+){{0,3}} em {_AROUND}"
    r"|\b(?:zona rural|area rural|municipio|distrito|povoado|assentamento) (?:de|em) "
    r"|\b(?:rua|av|avenida|travessa|alameda|rod|estr)(?: \.)?(?: \w+){1,5} \d+ "
    r"|\bendereco(?: (?:novo|atual|completo|de entrega|residencial))? ?[:=] "
    r")\Z"
)
# The question and its answer: "onde eu moro? Barbacena".
_ANSWER: Final = re.compile(
    r"\b(?:onde (?:eu )?(?:moro|falo|sou|fico|vivo|estou|to|resido)|cidade|municipio|de onde (?:eu )?(?:falo|sou)|localidade) \? (?:e |em |de |sou de )?\Z"
)

# What has just happened to the writer happened where they are, unlike "bati o carro ontem em".
_MISHAP: Final = re.compile(
    r"\b(?:acab(?:ei|amos|aram) de (?:bater|capotar|ser|sofrer|cair|perder|furar|atolar|quebrar|colidir|ficar|levar|derrapar|tombar|roubar|assaltar)"
    r"|bati|batemos|capotei|colidi|tombei|atolei|cai|derrapei|furei|quebrei|perdi|sofri|sofremos|bateram|assaltaram|roubaram|furtaram|fecharam"
    r"|fiquei (?:sem|n[oa]|pres[oa]|parad[oa]|trancad[oa])|fui (?:assaltad|roubad|furtad|multad|parad)[oa]"
    r"|(?:carro|moto|pneu|caminhao|van|motor|bateria|trator|onibus) (?:\w+ )?(?:estourou|quebrou|furou|parou|pifou|morreu|apagou|ferveu|explodiu|arriou|atolou|enguicou)) "
    rf"(?:\w+ ){{0,6}}(?:em|(?:perto|proximo|pertinho|na altura|na entrada|na saida) de) {_AROUND}\Z"
)
_NOW: Final = re.compile(
    r"\b(?:agora|agorinha|neste momento|nesse momento|hj|hoje|ha pouco|acab(?:ei|amos|aram) de|guincho|reboque|socorro|chaveiro|borracheiro"
    r"|urgente|urgencia)\b"
)
_LONG_AGO: Final = re.compile(
    r"\b(?:ontem|anteontem|passad[oa]|outro dia|uma vez|em (?:19|20)[0-9][0-9]|faz (?:\w+ )?(?:anos?|meses|mes|dias)|ha (?:\w+ )?(?:anos?|meses|mes|dias))\b"
)


def happens_now(clause: str, ahead: str) -> bool:
    """Whether the words around a place tell a mishap of the writer's that is not over."""
    around = clause + ahead
    told = _MISHAP.search(clause) is not None and _NOW.search(around) is not None
    return told and _LONG_AGO.search(around) is None


def said_mine(clause: str, wider: str) -> bool:
    """Whether the words up to a place, and those of the sentence before, make it the writer's."""
    return _MINE.search(clause) is not None or _ANSWER.search(wider) is not None
