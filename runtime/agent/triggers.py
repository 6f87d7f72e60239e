"""Words that hand a conversation over to a human, in Portuguese and English.

Precision comes first: a trigger ends the automatic service, so what only looks like one ("recursos
humanos", "sou uma pessoa", "processo seletivo", "antes de falar com um vendedor …") is none. All is
compared folded (see `runtime.agent.folding`); each pattern is read up to the end of a clause, and
what stands before it in the clause can take it back ("não quero falar com atendente").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.agent.folding import Folded, fold, folded
from runtime.agent.reasons import Reason

_CLAUSE_END = re.compile(r"[.!?;,\n]")
_CLAUSE_CHARS = 200
"""How far back a clause is read: nobody takes a word back from farther away."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a conversation should go to a human, and the customer's words that say so."""

    reason: Reason
    quote: str


def handoff_trigger(text: str, words: Iterable[str] = ()) -> Trigger | None:
    """The first trigger of a text, the law before the wish for a human before the company's words.

    `words` are the centurion's own; they count as whole words, in any case and with or without
    accents. A sentence broken over several lines is one.
    """
    read = fold(text)
    for reason, patterns in ((Reason.LEGAL_OR_FRAUD, _LEGAL), (Reason.ASKED_FOR_HUMAN, _HUMAN)):
        if quote := _first(read, patterns):
            return Trigger(reason, quote)
    for word in words:
        if (plain := folded(word)) and (
            found := re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", read.one_line)
        ):
            return Trigger(Reason.CONFIGURED_WORD, read.quote(*found.span()))
    return None


def _first(read: Folded, patterns: tuple[_Pattern, ...]) -> str | None:
    for pattern in patterns:
        for text in (read.text, read.one_line):
            if span := pattern.find(text):
                return read.quote(*span)
    return None


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`words`, unless `before` fits what the clause says before them."""

    words: re.Pattern[str]
    before: re.Pattern[str] | None = None

    def find(self, text: str) -> tuple[int, int] | None:
        for found in self.words.finditer(text):
            start = found.start()
            clause = _CLAUSE_END.split(text[max(0, start - _CLAUSE_CHARS) : start])[-1]
            if self.before is None or not self.before.search(clause):
                return found.span()
        return None


def _pattern(words: str, before: str | None = None) -> _Pattern:
    return _Pattern(
        re.compile(words, re.MULTILINE), re.compile(rf"(?:{before})$") if before else None
    )


_A = r"(?:um |uma |o |a |os |as |algum |alguma |outro |outra |seu |sua )?"
_STAFF = (
    r"(?:atendentes?|human[oa]|ser humano|vendedora?|consultora?|corretora?|gerente|supervisora?"
    r"|responsavel|recepcionista|recepcao|operador|funcionari[oa]|equipe|suporte|secretaria"
    r"|gente de verdade|pessoa|alguem)"
)
_NOT_YOURS = (
    r"\b(?! (?:da minha|do meu|la de casa|de casa|aqui (?:de|em) casa|virtual|antes|primeiro))"
)
_BRING = r"(?:passa|passe|transfere|transfira|coloca|coloque|encaminha|encaminhe|bota|poe)"
_REAL = (
    r"(?:pessoa|gente|humano|atendente|alguem) de verdade|pessoa (?:real|humana)|ser humano"
    r"|(?:atendimento|atendente|suporte) (?:humano|humana)"
)
_POLITE = r"(?:,? (?:por favor|por gentileza|pfv|pfvr|pf|ja|agora|urgente|please|now))*"

_TAKEN_BACK = (
    r"\b(?:vou|vai|vamos|fui|ia) (?:ter (?:que|de) |precisar |primeiro |antes )?"
    r"|\b(?:sem|apos|depois de|antes de|ao|evitar|gostei (?:muito )?de|adorei|amei|(?<!nao )consegui)"
    r" |\bnao (?:quero|queria|preciso|precisa|precisam|gostaria de|gosto de|vou) (?:mais )?"
    r"(?:de )?(?:um |uma )?"
)
_SAID_OF_ONESELF = (
    r"\b(?:sou|somos|como|e|eh|es|seja|ser|virou|voce|vc|nao (?:quero|precisa de|preciso de))"
    r" (?:um |uma )?|\bvenda de |\bcorpo |\bqualquer |\bcada |\btodo |\bpra "
)

_HUMAN = (
    # "quero falar com um atendente", "posso conversar com alguém?"
    _pattern(
        r"\b(?:falar|fala|conversar|tratar|resolver)(?: (?:direto|diretamente|logo|aqui|ai"
        rf"|pessoalmente|agora|por telefone))? com {_A}(?:outro |outra )?{_STAFF}{_NOT_YOURS}",
        _TAKEN_BACK,
    ),
    _pattern(r"\b(?:falar|conversar|tratar) com gente\b(?! (?:da minha|do meu))", _TAKEN_BACK),
    # "quero um atendente", "cadê o atendente"
    _pattern(
        r"\b(?:quero|queria|preciso(?: de)?|gostaria de|prefiro|exijo|cade|manda|tem) "
        rf"{_A}(?:atendente|humano|humana|{_REAL})\b"
        r"(?! (?:virtual|automatic|de ia|para|pra|de telemarketing|de loja))",
        r"\bnao (?:\w+ )?|\bse (?:\w+ )?|\bsempre ",
    ),
    # "me passa pra um vendedor", "transfere para atendente"
    _pattern(
        rf"\bme {_BRING}\w* (?:logo |direto )?(?:pra|para|pro|com|ao|a) {_A}{_STAFF}{_NOT_YOURS}"
    ),
    _pattern(
        rf"\b(?:{_BRING}\w*|transfer\w+|encaminh\w+|passar) (?:logo |direto )?"
        rf"(?:pra|para|pro|ao) {_A}(?:atendente|humano|{_REAL})\b",
        r"\bnao (?:\w+ )*",
    ),
    _pattern(
        r"\b(?:chama|chame|chamem|chamar) "
        rf"{_A}(?:atendente|gerente|humano|vendedora?|responsavel|supervisora?|alguem)\b",
        r"\bnao (?:\w+ )*|\bvou |\bme ",
    ),
    _pattern(rf"\batendid[oa] por {_A}{_STAFF}\b", r"\b(?:fui|fomos|foi|ser bem|bem) "),
    _pattern(r"\balguem (?:pra|para|vai|pode|poderia) me atender\b"),
    _pattern(rf"\b(?:{_REAL})\b", _SAID_OF_ONESELF),
    # "não quero falar com robô"
    _pattern(
        r"\b(?:nao (?:quero|gosto de|aguento|vou)|cansei de|chega de|odeio|detesto|cansad[oa] de)"
        r" (?:mais )?(?:ficar )?(?:falar |falando |conversar |tratar )?(?:com )?"
        r"(?:um |uma |esse |essa |este |esta )?(?:robos?|maquina|bot|chatbot|inteligencia artificial)\b"
    ),
    # "me liga", "pode me ligar?"
    _pattern(
        r"\b(?:pode|podem|podia|poderia|poderiam|consegue|conseguem|alguem)"
        r" (?:por favor )?me ligar\b",
        r"\b(?:nao|se|quem|ninguem|quando) (?:\w+ )?",
    ),
    _pattern(r"^(?:por favor )?me (?:liga|ligue|liguem)\b"),
    _pattern(r"\bquero que (?:alguem |voces |vcs )?me lig(?:ue|uem)\b"),
    # The word alone.
    _pattern(
        r"^\W*(?:quero |um |uma |o |a |com )?(?:atendente|humano|humana|atendimento humano)"
        rf"{_POLITE}\W*$"
    ),
    # English.
    _pattern(
        r"\b(?:speak|talk|chat|speaking|talking)(?: directly)? (?:to|with)"
        r" (?:an? |the |some |any |your |another )?(?:actual |real |live |human )*"
        r"(?:human|person|people|agent|representative|rep|someone|somebody|manager|supervisor"
        r"|operator|customer service|customer support|sales ?person|attendant)\b"
        r"(?! (?:i know|in my|at my|at home|else first|first))",
        r"\b(?:don't|do not|didn't|not|before|after|without|will|i'll|rather not|hate|enjoyed"
        r"|no need) (?:i |we )?(?:want |need |like |have |wish )?(?:to )?",
    ),
    _pattern(
        r"\b(?:real|actual|live) (?:person|human|human being|people)\b",
        r"\b(?:i am|i'm|you|you are|you're|as|like|for|of|every) (?:an? )?",
    ),
    _pattern(
        r"\b(?:get|give|find|connect|transfer|put|pass|bring) me (?:to |through to |with )?"
        r"(?:an? |the |your )?(?:human|person|agent|manager|supervisor|representative|operator)\b"
    ),
    _pattern(
        r"^\W*(?:an? )?(?:human|agent|representative|human agent|live agent)" + _POLITE + r"\W*$"
    ),
    _pattern(
        r"\b(?:want|need|like|prefer) (?:an? )?(?:human|human agent|live agent|representative)\b"
        r"(?! (?:resources|rights|body|hair|being's))",
        r"\b(?:don't|do not|not) (?:\w+ )?",
    ),
    _pattern(
        r"\b(?:don't|do not) (?:want|like) to (?:talk|speak|chat) (?:to|with) (?:an? |this )?"
        r"(?:bot|robot|machine)\b"
    ),
    _pattern(
        r"^(?:please |can you |could you |can someone |could someone )call me(?= back\b| please\b| now\b|\W*$)"
    ),
)

_AGAINST = r"(?:(?:voces|vcs|vc|voce|ces|a empresa|essa empresa|a loja|essa loja|esta empresa)\b)"
_LAWYER = r"(?:a |o |um |uma |com )?(?:meu |minha |nosso |nossa )?advogad[oa]s?\b"

_LEGAL = (
    _pattern(r"\bprocon\b"),
    _pattern(r"\breclame ?aqui\b", r"\b(?:nota|avaliacao|reputacao|selo|premio|elogios?)\b[^.!?]*"),
    _pattern(r"\bconsumidor\.gov\b"),
    # Lawyers who are set on us, not those who write, or are looked for.
    _pattern(
        r"\b(?:acionar|acionei|acionando|colocar|botar|chamar|consultar|consultei|contatar"
        rf"|(?:falar|falei|conversar) com|passar (?:pra|para|pro)|levar (?:pra|para|pro|ao)) {_LAWYER}",
        r"\b(?:quero|queria|gostaria de|preciso|posso|como faco (?:pra|para)) ",
    ),
    _pattern(r"\b(?:meu|minha|nosso|nossa) advogad[oa]\b(?! (?:indicou|me indicou|recomendou))"),
    _pattern(r"\badvogad[oa] (?:vai|ja|entrou|entrara|acionou|notificou|processa)\b"),
    # Courts.
    _pattern(
        r"\b(?:processo|acao|acoes|via|medidas?|notificacao) (?:extra)?(?:judicial|judiciais)\b"
    ),
    _pattern(r"\b(?:medidas?|providencias?) (?:legais|legal|cabiveis|cabivel|juridicas?)\b"),
    _pattern(r"\bjudicialmente\b|\bjuizado\b|\bpequenas causas\b|\bdanos morais\b"),
    _pattern(
        r"\b(?:entrar|entro|entrei|vou|acionar|acionei|resolver|resolvo|procurar|parar|ver)"
        rf" (?:com [\w ]{{1,20}} |{_AGAINST} )?(?:na|a|pela) justica\b",
    ),
    _pattern(
        r"\b(?:vou|vamos|irei|quero|pretendo) (?:te |os |as |la )?processar"
        r"(?= (?:voces|vcs|vc|voce|ces|a|essa|esta|todos?)\b|\W*$)"
        r"(?! (?:a|essa|esta) (?:compra|venda|nota|devolucao|troca|matricula|solicitacao|entrega))"
    ),
    _pattern(rf"\bprocessar {_AGAINST}", r"\bnao vou "),
    _pattern(
        r"\b(?:entrar|entro|entrei|abrir|abro|meter|meto|mover|movo) (?:com )?(?:um |uma )?"
        r"(?:processo|acao)(?: judicial| na justica| em cima| trabalhista)?"
        rf"(?= (?:contra|na|em)\b|\W*$| {_AGAINST})(?! na (?:prefeitura|escola|faculdade|secretaria))"
    ),
    _pattern(
        r"\b(?:direitos? do consumidor|codigo de defesa do consumidor)\b",
        r"\b(?:curso|aula|prova)\b.*",
    ),
    _pattern(
        r"\b(?:registrar|registrei|abrir|abri|fazer|fiz|faco) (?:um |uma |o )?"
        r"(?:b\.?o\.?|boletim de ocorrencia)(?=\W|$)(?! (?:trabalho|curso))"
    ),
    _pattern(
        r"\b(?:vou|chamar|chamei|acionar|ir) (?:na |a |pra |para a |ate a )?(?:policia|delegacia)\b"
    ),
    # Fraud.
    _pattern(
        r"\bgolp(?:e|istas?)\b(?! (?:de (?:estado|vento|sorte|mestre|vista|ar|calor|judo|boxe|karate)"
        r"|baixo|do bau|militar))"
    ),
    _pattern(
        r"(?<!anti)(?<!anti-)(?<!anti )\bfraud(?:e|es|aram|ou|ulent[oa]s?|ad[oa]s?)\b",
        r"\b(?:contra|anti|prevencao (?:a|de)|prevenir|evitar|seguro de) ",
    ),
    _pattern(r"\bestelionat\w*"),
    _pattern(r"\bclonaram\b|\bfui clonad[oa]\b"),
    _pattern(
        r"\b(?:cartao|whats\w*|zap|numero|conta|celular|chip|linha|perfil) "
        r"(?:foi |esta |ta |estava )?(?:clonad[oa]|hackead[oa]|invadid[oa])\b"
    ),
    _pattern(r"\b(?:hackearam|invadiram) (?:meu|minha|o meu|a minha)\b"),
    _pattern(
        r"\bnao reconhec\w+ (?:ess[ea]s?|est[ea]s?|a|as|uma|o) (?:compras?|cobrancas?|transac\w+|debito|pix)\b"
    ),
    # English.
    _pattern(
        r"\b(?:my|our|a) (?:lawyer|attorney)s?\b",
        r"\b(?:i am|i'm|as|is|for|need|looking for|find|become|becoming|hire|was|like) (?:being )?",
    ),
    _pattern(r"\b(?:sue|suing) (?:you|your|this (?:company|store|shop|business))\b"),
    _pattern(r"\blegal action\b|\bsmall claims\b|\b(?:take|taking) (?:you|this|them) to court\b"),
    _pattern(r"\bscam(?:med|mers?|s)?\b"),
    _pattern(
        r"\bfraud(?:ster|sters|ulently)?\b", r"\b(?:anti|against|prevent(?:ion of)?|avoid)[ -]"
    ),
    _pattern(r"\b(?:unauthori[sz]ed|fraudulent) (?:charges?|transactions?|payments?|purchases?)\b"),
    _pattern(r"\bidentity theft\b|\bpolice report\b"),
)
