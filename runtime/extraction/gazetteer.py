"""Brazil's municipalities, their nicknames and the states, as keys of folded words.

Source: IBGE, Divisão Territorial Brasileira; the data file holds name, states and `*` where a name is
well known enough to be believed without its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from runtime.extraction.folding import fold_word
from runtime.extraction.words import phrase_set, split_words, word_set

LONGEST_NAME: Final = 9

STATES: Final = {
    "ac": "acre", "al": "alagoas", "am": "amazonas", "ap": "amapa", "ba": "bahia", "ce": "ceara",
    "df": "distrito federal", "es": "espirito santo", "go": "goias", "ma": "maranhao",
    "mg": "minas gerais", "ms": "mato grosso do sul", "mt": "mato grosso", "pa": "para",
    "pb": "paraiba", "pe": "pernambuco", "pi": "piaui", "pr": "parana", "rj": "rio de janeiro",
    "rn": "rio grande do norte", "ro": "rondonia", "rr": "roraima", "rs": "rio grande do sul",
    "sc": "santa catarina", "se": "sergipe", "sp": "sao paulo", "to": "tocantins",
}  # fmt: skip
_NICKNAMES: Final = {
    "b horizonte": "Belo Horizonte", "belo hte": "Belo Horizonte", "p alegre": "Porto Alegre",
    "rib preto": "Ribeirão Preto", "sao j do rio preto": "São José do Rio Preto",
    "bh": "Belo Horizonte", "bhz": "Belo Horizonte", "beaga": "Belo Horizonte",
    "belzonte": "Belo Horizonte", "b h": "Belo Horizonte",
    "sp": "São Paulo", "sampa": "São Paulo", "s paulo": "São Paulo", "sao paulo capital": "São Paulo",
    "rio": "Rio de Janeiro", "rj": "Rio de Janeiro", "floripa": "Florianópolis",
    "fpolis": "Florianópolis", "poa": "Porto Alegre", "bsb": "Brasília", "bsia": "Brasília",
    "ssa": "Salvador", "cwb": "Curitiba", "ctba": "Curitiba", "curita": "Curitiba",
    "foz": "Foz do Iguaçu", "jampa": "João Pessoa", "sjc": "São José dos Campos",
    "sjrp": "São José do Rio Preto", "rio preto": "São José do Rio Preto",
    "sbc": "São Bernardo do Campo", "sao bernardo": "São Bernardo do Campo",
    "sao caetano": "São Caetano do Sul", "scs": "São Caetano do Sul",
    "jf": "Juiz de Fora", "juiz d fora": "Juiz de Fora", "udi": "Uberlândia",
    "gyn": "Goiânia", "vix": "Vitória", "ribeirao": "Ribeirão Preto", "rao": "Ribeirão Preto",
    "campos": "Campos dos Goytacazes", "bc": "Balneário Camboriú",
    "balneario": "Balneário Camboriú", "bal camboriu": "Balneário Camboriú",
    "gv": "Governador Valadares", "valadares": "Governador Valadares", "moc": "Montes Claros",
    "slz": "São Luís", "mcz": "Maceió", "aju": "Aracaju", "pvh": "Porto Velho", "cgb": "Cuiabá",
    "mogi": "Mogi das Cruzes", "sta barbara d oeste": "Santa Bárbara d'Oeste",
    "santa barbara": "Santa Bárbara d'Oeste", "buzios": "Armação dos Búzios",
    "angra": "Angra dos Reis", "jaboatao": "Jaboatão dos Guararapes", "taboao": "Taboão da Serra",
    "embu": "Embu das Artes", "prudente": "Presidente Prudente", "itaqua": "Itaquaquecetuba",
    "pinda": "Pindamonhangaba", "bento": "Bento Gonçalves", "conquista": "Vitória da Conquista",
    "feira": "Feira de Santana", "nh": "Novo Hamburgo", "parati": "Paraty",
    "santana do livramento": "Sant'Ana do Livramento", "livramento": "Sant'Ana do Livramento",
}  # fmt: skip
# These are said only where the writer tells of themselves: elsewhere they are words or states.
SHY_NICKNAMES: Final = word_set(
    "campos bc balneario bento feira rj conquista livramento mogi moc gv rao nh scs"
)
_SHORT_SAINTS: Final = {"s": "sao", "sto": "santo", "sta": "santa", "n": "nova", "sra": "senhora"}

# Places whose names are everyday words: in lower case only a state beside them makes them places.
WORDS_TOO: Final = phrase_set(
    "harmonia,progresso,esperanca,alegria,feliz,planalto,colina,liberdade,ouro,prata,casa nova,triunfo,"
    "soledade,independencia,fartura,campestre,peixe,flores,sertao,maravilha,central,bom sucesso,"
    "boa hora,paraiso,uniao,riacho,centenario,encanto,vera,descanso,felicidade,simpatia,sossego,saudades,"
    "diamante,cristal,palma,recreio,retiro,registro,sobrado,passagem,borracha,floresta,salto,barreira,luz,"
    "chacara,almas,altos,arame,arara,arcos,areado,areal,areia,areias,barra,barras,barro,bicas,capela,capim,casca,coluna,cruz,datas,"
    "delta,escada,fama,farol,garca,gaviao,granja,jardim,lagoa,laje,lajes,lastro,manga,marco,mata,missal,modelo,moeda,morros,olaria,"
    "oleo,painel,pedra,placas,pombos,pontal,portao,porto,posse,pureza,quadra,raposa,reduto,rodeio,saude,seara,serio,sonora,telha,"
    "tiros,tombos,touros,tucano,vargem,varzea,vereda,vigia,cocos,baliza,bagre,cedro,condor"
)
# Places that are called with an article: "no Recife", "na Serra".
WITH_ARTICLE: Final = phrase_set(
    "rio,rio de janeiro,rj,recife,guaruja,crato,serra,praia grande,cabo de santo agostinho,embu,"
    "embu das artes,gama,balneario,paulista,eusebio,vitoria de santo antao,oiapoque,chui,alegrete,juazeiro do norte,jaboatao,"
    "jaboatao dos guararapes"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality's official name, the states that have one of that name, and its renown."""

    name: str
    states: frozenset[str]
    well_known: bool


@cache
def places() -> Mapping[str, Place]:
    """Every place by its folded words, joined by single spaces."""
    found: dict[str, Place] = {}
    data = files("runtime.extraction").joinpath("data/municipalities.tsv").read_text("utf-8")
    for line in data.splitlines():
        if line.startswith("#"):
            continue
        name, states, *renown = line.split("\t")
        place = Place(name, frozenset(states.lower().split(",")), renown == ["*"])
        found[place_key(name)] = place
    by_name = {place.name: place for place in found.values()}
    for nickname, name in _NICKNAMES.items():
        found[nickname] = by_name[name]
    return found


@cache
def misspelt_places() -> Mapping[str, str]:
    """Keys of well-known names with one letter missing, for names of seven letters and more."""
    found: dict[str, str] = {}
    for key, place in places().items():
        if place.well_known and len(key) >= 7:
            for variant in one_letter_less(key):
                found.setdefault(variant, key)
    return found


def one_letter_less(key: str) -> list[str]:
    """The key with each of its letters left out in turn."""
    return [key[:at] + key[at + 1 :] for at in range(len(key))]


def place_key(name: str) -> str:
    """The folded words of a name: `Sant'Ana do Livramento` → `sant ana do livramento`."""
    plain = fold_word(name).replace("'", " ").replace("-", " ")
    return " ".join(word.plain for word in split_words(plain).items)


def expanded(word: str) -> str:
    """A saint's title in full: `sto` → `santo`."""
    return _SHORT_SAINTS.get(word, word)
