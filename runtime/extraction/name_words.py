"""Which words can be part of a person's name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from runtime.extraction.folding import fold_word
from runtime.extraction.words import word_set

PARTICLES: Final = frozenset({"da", "de", "do", "das", "dos", "di", "del", "d"})
FOREIGN_PARTICLES: Final = frozenset({"van", "von", "der", "den", "ten", "la", "el", "bin", "ibn"})
# With capitals throughout, these join any surname: "Del Rio", "De Bortoli".
FAMILY_PARTICLES: Final = frozenset(
    {"de", "del", "di", "dal", "dalla", "della", "du", "des", "san", "saint", "mac"}
)
TITLES: Final = word_set(
    "vo vovo enfermeiro enfermeira tia tio dr dra doutor doutora sr sra senhor senhora seu dona prof profa professor professora pastor "
    "padre profe ir sargento sgt tenente capitao major coronel cabo soldado delegado delegada vereador vereadora deputado deputada frei "
    "freira madre bispo missionario missionaria pr irma irmao mestre maestro chef juiz juiza promotor promotora fisioterapeuta "
    "gerente corretor corretora vendedor vendedora sindico sindica consultor consultora eng engenheiro engenheira adv advogado advogada"
)
# What else a person is called before their name; "a cliente Ana", "o morador Ivo".
ROLES: Final = word_set(
    "cliente paciente aluno aluna morador moradora hospede passageiro passageira titular tutor tutora dono dona proprietario "
    "proprietaria responsavel mae pai esposa esposo marido mulher filha filho noiva noivo vizinho vizinha sindico sindica amigo "
    "amiga secretaria secretario empresaria empresario estagiaria estagiario veterinaria veterinario bibliotecaria funcionaria "
    "funcionario socia socio moca rapaz inquilina inquilino locataria locatario compradora comprador usuaria usuario assinante "
    "motorista aposentada aposentado dentista nutricionista psicologa psicologo fonoaudiologa pedagoga arquiteta arquiteto diarista "
    "baba cozinheira faxineira zelador zeladora sobrinha sobrinho neta neto prima primo cunhada cunhado madrinha padrinho "
    "nutri manicure pedicure psico fisio fono adv personal designer enf vet barbeira motoboy chaveiro "
    "associada associado candidata candidato visitante colega"
)
# What stands beside such words: "coordenadora pedagógica", "sua nova vizinha".
ROLE_TRAITS: Final = word_set(
    "sua nova novo antiga antigo pedagogica pedagogico geral comercial financeira financeiro administrativa administrativo tecnica "
    "tecnico chefe regional escolar executiva executivo civil mecanico eletrico judicial interina interino"
)
# How words for trades end, and those that end alike and are businesses or things.
ROLE_ENDINGS: Final = (
    "eiro", "eira", "ista", "or", "ora", "ico", "ica", "ente", "ante", "ogo", "oga", "grafo", "grafa", "euta",
)  # fmt: skip
_SHORTEST_TRADE: Final = 5
NO_ROLES: Final = word_set(
    "restaurante madeireira transportadora construtora imobiliaria incorporadora seguradora operadora locadora administradora "
    "distribuidora importadora exportadora editora fabrica clinica boutique optica setor feira primeira primeiro torcedor torcedora "
    "computador geladeira ambiente presente mirante somente favor amor autor valor agora senhor senhora melhor maior menor"
)
# Names that stand for a kind of person, and those of products.
FIGURES: Final = (
    "maria vai com", "joao ninguem", "ze ninguem", "ze mane", "ze povinho", "ze ruela", "joao bobo", "joao sem braco", "joana d'arc", "amelia que",
    "maria gasolina", "maria chuteira", "maria mole", "mary kay", "amelia de verdade", "maria fumaca", "joao de barro",
)  # fmt: skip
# Whom else a greeting is for.
VOCATIVES: Final = word_set(
    "gente pessoal moca moco amiga amigo amor querida querido flor linda lindo vida chefe patrao meninas galera doutora doutor mana mano "
    "amore mor miga migo bb bebe anjo rei rainha diva fofa fofo princesa nega bonita xuxu parceiro parca mestre guerreira colega vizinha "
    "vizinho campeao irmao irma meninos queridos queridas amigos amigas"
)
# What only names of businesses hold.
BUSINESS: Final = word_set(
    "ltda eireli engenharia advocacia advogados imoveis imobiliaria construtora construcoes comercio servicos transportes "
    "transportadora logistica modas moveis materiais eletronicos informatica tecnologia consultoria contabilidade alimentos "
    "distribuidora industria supermercados supermercado mercado padaria restaurante pizzaria odontologia clinica hospital colegio "
    "escola instituto associacao seguros veiculos automoveis motors pneus autopecas turismo eventos producoes sistemas solucoes "
    "store shop burger bebidas festas arquitetura projetos representacoes empreendimentos incorporadora telecom academia fitness "
    "moda fashion nails makeup hair beauty studio estudio som buffet doceria confeitaria gourmet delivery imports atelie artes design "
    "acougue sorveteria barbearia lanchonete sapataria floricultura petshop doces salgados bolos lanches cosmeticos perfumaria papelaria "
    "otica joias semijoias variedades utilidades presentes tecidos sport sports car auto motos center magazine house bar cafe grill fotografia fotografias filmagens"
)
# What may follow an introduction without being a name, or ends one.
NO_NAME: Final = word_set(
    "prezado prezada prezados prezadas senhores senhoras equipe departamento depto setor time vendas financeiro suporte comercial diretoria gerencia administracao "
    "imobiliaria construtora recepcao sac rh escola prefeitura banco grupo instituto associacao condominio oficina "
    "farmacia padaria restaurante mercado igreja faculdade universidade curso turma familia projeto agencia "
    "dificil complicado complicada comum igual diferente estranho esquisito curto curta longo longa simples feio "
    "bonito composto segredo unissex atencao volta louco louca maluco maluca dificilimo enorme famoso chato "
    "pintor pintora eletricista encanador pedreiro contador contadora psicologo psicologa nutricionista "
    "fotografo fotografa designer programador programadora motoboy taxista cabeleireiro cabeleireira manicure "
    "confeiteira confeiteiro costureira artista musico tradutor tradutora mestre doceira grande pequeno "
    "ta ate blz beleza sujo limpo boba bobo besta burro burra tlgd tmj flw tranquilo tranquila suave jovem e a o as os eh um uma uns umas que qual quem como onde quando porque pq por pra para pro com sem "
    "em no na nos nas ao aos ate de da do das dos mas tambem tbm tb so somente ja nao n sim aqui ali la "
    "eu tu ele ela nos voce vc vcs voces me te se lhe meu minha meus minhas teu sua seu dele dela "
    "sou somos es foi era sera estou to tou tava estava esta tenho tem temos tinha quero queria "
    "quer preciso precisava gostaria gosto posso pode poderia consigo vou vai vamos vim vem venho "
    "moro mora trabalho trabalha falo fala falando falano falndo flando falamdo falei escrevo comprei compro comprar fiz fazer "
    "recebi liguei vi ver saber soube sei acho ainda agora hoje amanha ontem sempre nunca muito mt "
    "mto mais menos bem bom boa bons boas dia tarde noite oi ola obrigado obrigada obg brigado valeu "
    "vlw prazer tudo td certo cliente clientes novo nova dono dona proprietario proprietaria gerente "
    "vendedor vendedora corretor corretora advogado advogada medico medica dentista professor "
    "professora estudante aluno aluna mae pai irmao irma filho filha esposa esposo marido mulher "
    "namorado namorada amigo amiga tio tia primo prima avo vizinho vizinha sogra sogro cunhado "
    "cunhada neto responsavel secretario secretaria assistente atendente representante consultor "
    "consultora socio socia diretor diretora funcionario funcionaria autonomo autonoma mei pj "
    "empresario empresaria engenheiro engenheira arquiteto arquiteta tecnico tecnica pessoa cara "
    "moca moco menina menino rapaz garota garoto mesmo mesma outro outra unico unica primeiro "
    "primeira segundo ultimo loja empresa casa escritorio clinica cidade interior interessado "
    "interessada novato novata leigo leiga iniciante solteiro solteira casado casada viuvo viuva "
    "feliz triste brasileiro brasileira carioca paulista mineiro mineira baiano baiana gaucho gaucha "
    "capixaba goiano goiana nordestino maior menor alergico alergica diabetico diabetica fa ok sobre "
    "telefone fone cel celular zap whats whatsapp email mail cpf cnpj rg endereco idade anos nome "
    "contato numero gmail pix insta instagram favor gentileza ligar chamar mandar enviar urgente "
    "eles elas isso esse essa este esta aquele aquela gente pessoal galera amor quase assim entao ai "
    "daqui dai depois antes desde entre durante contra segunda terca quarta quinta sexta sabado "
    "domingo interesse interessei duvida problema pedido compra conta valor preco orcamento horario "
    "consulta agendar agendamento marcar fechar contratar pagar paguei pago recebo receber sobrenome "
    "completo completa tenha nasci vivo resido atendo represento cadastro cadastrei rs kkk kk kkkk "
    "haha tchau abraco abracos att atenciosamente pode podem podes estamos estao fui ia iria seria "
    "serio verdade vdd mano mana brother lindo linda doutor doutora sr sra senhor senhora deus nem "
    "todo toda todos todas cada quanto quanta quantos tanto voltei cheguei procuro busco procurando "
    "buscando precisando querendo vendo comprando chamo chamado chama conhecida conhecido apenas "
    "pessoalmente dono responsaveis morador moradora natural usuario usuaria assinante membro paciente "
    "titular comprador compradora fornecedor fornecedora locatario inquilino inquilina sindico sindica "
    "motorista entregador porteiro recepcionista enfermeiro enfermeira aposentado aposentada solteira "
    "denovo dnv ninguem bradesco itau unimed hapvida amil sulamerica nubank santander alguem vosso "
    "reu autor autora meio tipo super bastante bem ponto virgula autorizo declaro solicito requeiro confirmo informo aceito concordo agradeco aguardo speaking here calling daquele daquela dessa desse desta deste nessa nesse nesta neste aquilo quanto cujo tua teus"
)

# Given names that are also other words: alone and in lower case they say nothing.
AMBIGUOUS: Final = word_set(
    "modesto justo prudente fausto valente divino divina pacifico amado amada levi neco adao justina inocencia nazare santina jordan deco roque gaspar selene "
    "flor rosa mel bela linda vi gu fe lu ju bel be ro neto eli noel natal pilar vera celeste aurora violeta "
    "perla perola clara branca max nora luna brasil penha salvador santana luz estrela graca gloria vitoria "
    "victoria norma lia alma dado dora rita nina mara pri pati mila bento cosme bia gil ivo liz sol ceu dani "
    "conceicao aparecida aparecido margarida iris hortencia jade socorro consolacao domingos franco uber"
) - word_set("bia gil rita nina pri pati mila mara dora dani lia liz lu ju ivo luna norma")

# How words for trades and traits end: "Engenheira Civil", "Microempreendedor Individual".
TRADE_ENDINGS: Final = (
    "eiro", "eira", "or", "ora", "ista", "ico", "ica", "ario", "aria", "ente", "ante", "ogo", "oga",
    "al", "ado", "ada", "ense", "ano", "ana", "grafo", "grafa",
)  # fmt: skip

# Surnames that follow "de" only as the bearer's town: "a Ana de Betim".
TOWNS: Final = word_set(
    "betim santarem salinas jales vespasiano colombo lages natal salvador santos timoteo"
)

# What follows "do", "da", "dos" and "das" within a name: behind them another word is where somebody is from.
OF_THE: Final = word_set(
    "silva costa cruz rocha luz rosa cunha mata matta mota motta gama fonseca paz conceicao penha graca guia gloria veiga maia "
    "nobrega anunciacao silveira fonte fontoura vinha hora encarnacao guarda porciuncula purificacao consolacao ascensao assuncao "
    "trindade piedade saude boa ponte rosa fe natividade camara serra cal ros costta sylva sena silvera lapa aparecida redencao "
    "nascimento carmo prado vale valle couto amaral socorro rosario espirito monte rego lago amparo livramento bonfim bomfim "
    "sacramento pilar patrocinio rio egito desterro canto ceu campo porto outeiro val souto o bom castelo carvalhal pinho cabo "
    "santos reis anjos passos neves dores gracas chagas merces virgens prazeres campos flores navegantes remedios milagres humildes "
    "montes oliveiras guimaraes rios santo candeias moreira palmeiras mares vales"
)

# How nothing but Brazilian given names ends: "Josicleide", "Edivaldson".
GIVEN_ENDINGS: Final = (
    "cleide", "neide", "leide", "ilene", "slaine", "naldo", "ivaldo", "ilson", "elson", "ielly", "ielle", "neusa",
    "isson", "erson", "ylson", "ynara", "ainara", "ayane", "ayanne", "islane", "ivania", "ivan", "iscila", "uelton", "ellyn",
)  # fmt: skip
# How adjectives and participles end; in lower case such a word is no unknown name.
ADJECTIVE_ENDINGS: Final = (
    "ado", "ada", "ido", "ida", "oso", "osa", "ico", "ica", "issimo", "issima", "avel", "ivel", "mente", "ivo", "iva",
    "cao", "ente", "ante", "eiro", "eira", "ista", "ando", "endo", "indo", "agem", "torio", "mento",
)  # fmt: skip
PET_ENDINGS: Final = ("zinho", "zinha", "inhos", "inho", "inha", "ao")


def is_role(word: str) -> bool:
    """Whether a word says what a person is: "cliente", "costureira"."""
    formed = word.endswith(ROLE_ENDINGS) and len(word) > _SHORTEST_TRADE
    return word in ROLES or (formed and word not in NO_ROLES and word not in first_names())


def of_a_role(word: str) -> bool:
    """Whether a word is a role's or stands beside one."""
    return word in ROLE_TRAITS or is_role(word)


def pet_name(word: str) -> bool:
    """Whether a word is the endearment of a known name: "dudinha", "carlinhos", "robertão"."""
    for ending in PET_ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 4 and stem in first_name_stems():
            return True
    return False


@cache
def first_name_stems() -> frozenset[str]:
    """The first letters of usual given names, four and more."""
    return frozenset(
        name[:length] for name in usual_first_names() for length in range(4, len(name) + 1)
    )


@cache
def usual_first_names() -> frozenset[str]:
    """Usual given names, folded."""
    return _listed("first_names.txt")


@cache
def first_names() -> frozenset[str]:
    """Known given names, folded: the usual ones and the rarer of the census."""
    return usual_first_names() | _listed("census_first_names.txt")


@cache
def surnames() -> frozenset[str]:
    """Known surnames, folded."""
    return _listed("surnames.txt")


def _listed(name: str) -> frozenset[str]:
    data = files("runtime.extraction").joinpath(f"data/{name}").read_text("utf-8")
    return frozenset(fold_word(line) for line in data.splitlines() if not line.startswith("#"))
