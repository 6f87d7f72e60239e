"""The words of a message by what they are: what a weighed decision knows of those it never met."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from runtime.extraction.gazetteer import places
from runtime.extraction.introductions import GREETING, HERE
from runtime.extraction.name_words import NO_NAME, TITLES, first_names, is_role, surnames
from runtime.extraction.words import word_set

# A greeting, an address or a number with its signs is one token, whatever is within.
_TOKEN: Final = re.compile(
    rf"(?P<hail>(?<![a-z]){GREETING}(?![a-z]))|(?P<address>[^\s@]+@[^\s@,]+)"
    r"|(?P<number>[(+]?\d[\d ().\-/]*\d|\d)|(?P<word>[a-z]+(?:'[a-z]+)?)|(?P<sign>\n|[.]{2,}|\S)"
)
_LONG_NUMBER: Final = 8
_SHORT_NUMBER: Final = 3
_HERE: Final = re.compile(HERE)
_LAUGHTER: Final = re.compile(r"k{2,}|rs+|(?:ha)+h?")
_KIN: Final = word_set(
    "mae pai filho filha filhos filhas marido esposa esposo irmao irma irmaos amigo amiga primo prima neto neta netos avo vo vovo "
    "sogra sogro cunhada cunhado namorado namorada noiva noivo sobrinho sobrinha tio tia patroa patrao chefe enteado enteada "
    "afilhado afilhada bebe mulher"
)
# Whom a message speaks of, by the words that say so.
_PERSONS: Final = {
    "M": word_set(
        "quero queria preciso precisava gostaria moro tenho estou to tou tava sou vou posso faco trabalho pago paguei compro comprei "
        "vendo procuro busco acho sei vim fui mando mandei envio aguardo espero chego cheguei volto fico ligo liguei falo falei fiz "
        "recebi perdi esqueci agradeco confirmo aceito autorizo prefiro tive vi pedi marquei agendei consigo conseguia pretendo resido "
        "nasci uso estudo adorei aluguei reservei esperei solicito requeiro venho trago levo busco pego passo meu minha meus minhas eu "
        "mim comigo me nosso nossa"
    ),
    "T": word_set(
        "quer queria precisa mora esta ta vai foi disse falou pediu mandou ligou atendeu trabalha trabalhava vem veio ele ela eles elas "
        "dele dela deles delas era faleceu morreu respondeu avisou indicou recomendou passou atende cuida fez viu comprou pagou ficou "
        "chegou saiu explicou prometeu confirmou cobrou"
    ),
    "Y": word_set(
        "voce vc vcs voces ce pode podem poderia consegue tem conseguiu seu sua seus suas te lhe ta me cade olha viu ve manda responde "
        "liga avisa ajuda obrigado obrigada obg valeu recebeu"
    ),
    "K": _KIN,
    "O": word_set(
        "dr dra doutor doutora prof professor professora atendente vendedor vendedora gerente corretor corretora medico medica rua av "
        "avenida praca travessa paroquia escola hospital clinica banda time filme livro jogo novela marca viacao biscoito cachorro gato "
        "cachorra gata pet bebe inquilino robo gravacao vizinha vizinho advogada advogado socia socio secretaria assistente suporte "
        "contrato titular cliente aluno"
    ),
    "N": word_set("nome chamo chama chamar apelido graca"),
    "n": word_set("nao"),
}
# Words that stand for themselves; the others for their kind.
_TELLING: Final = word_set(
    "e eh he sou so eu o a os as um uma de do da dos das d em no na nos nas ao pra para pro p por pelo pela com c sem que q quem qm "
    "meu minha meus minhas seu sua seus suas teu tua dele dela nosso nossa voce vc vcs voces ele ela eles elas me te se lhe mim comigo "
    "nao n sim ja aqui ali la ai ta esta to estou tava tou foi era fui ser tem tenho ter quero queria preciso gostaria posso pode "
    "poderia vou vai moro falando falo fala falar chamo chama chamar nome mesmo mesma msm tb tbm tambem mas como igual tipo ou nem "
    "obrigado obrigada obg valeu vlw att abraco abracos bjs beijos favor pfv pf rua av avenida bairro loja empresa escola clinica "
    "salao time dia hoje amanha ontem cpf cnpj rg email tel telefone fone cel celular zap whats whatsapp pix chave procurar anotar "
    "anota marcar marca colocar coloca poe bota agendar agenda cadastrar cadastra salvar salva manda mandar disse falou disseram avisou "
    "pediu quando onde qual quanto cade certo errado verdade contato remetente reserva cadastro pedido nota documento moca moco gente "
    "pessoal cidade estado"
)
_ENDINGS: Final = (("ndo", "<ndo>"), ("ei", "<ei>"), ("ou", "<ou>"), ("eu", "<ou>"), ("iu", "<ou>"), ("ar", "<ar>"), ("er", "<ar>"), ("ir", "<ar>"))  # fmt: skip
# Classes whose words are seen no closer.
_CLOSED: Final = frozenset({"<hail>", "<line>", "<address>", "<#>", "<##>", "<####>", "<given>", "<family>", "<town>"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the folded text: its word, its class, and where it stands."""

    word: str
    kind: str
    start: int
    end: int

    @property
    def seen(self) -> str:
        """The word itself, or its class where the words of that class are seen no closer."""
        return self.kind if self.kind in _CLOSED else self.word


def tokens(plain: str) -> list[Token]:
    """The tokens of a folded text in its order."""
    return [
        Token(hit[0], _kind(hit[0], hit.lastgroup or ""), hit.start(), hit.end())
        for hit in _TOKEN.finditer(plain)
    ]


def persons(words: set[str]) -> str:
    """Whom words speak of, a letter each: me, a third, you, kin, another by role, a name, nobody ("não")."""
    return "".join(letter for letter, listed in _PERSONS.items() if not listed.isdisjoint(words))


def _kind(word: str, group: str) -> str:
    if group == "word":
        return _word_kind(word)
    if group == "number":
        digits = sum(character.isdigit() for character in word)
        return "<##>" if digits >= _LONG_NUMBER else "<#>" if digits < _SHORT_NUMBER else "<####>"
    if group == "sign":
        return "<line>" if word == "\n" else word
    return f"<{group}>"


def _word_kind(word: str) -> str:
    if word in _KIN:
        return "<kin>"
    if word in TITLES:
        return "<title>"
    if word in _TELLING:
        return word
    if _HERE.fullmatch(word):
        return "aqui"
    if word not in NO_NAME:
        for known, kind in (
            (first_names(), "<given>"),
            (surnames(), "<family>"),
            (places(), "<town>"),
        ):
            if word in known:
                return kind
    if is_role(word):
        return "<role>"
    if _LAUGHTER.fullmatch(word):
        return "<kk>"
    return next((kind for ending, kind in _ENDINGS if word.endswith(ending)), "<word>")
