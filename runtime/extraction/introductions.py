"""The phrases by which people introduce themselves before their name."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.misspelt import slips

IS: Final = r"(?:e|eh|he)(?![a-z])"
_NAME_IS: Final = rf"(?:[ ]?[:=][ ]?\n?|(?:[ ](?:q|que))?(?:[ ]{IS}){{1,2}}[ ]?:?[ ]?|[ ]seria[ ])"
HERE: Final = r"(?:aqui+|aki+|aqi|aq|aqu|aui|auqi|aqiu|akui|aquo|aqyi)(?![a-z])"
_MY: Final = rf"(?:{slips('meu', but=frozenset({'me', 'mei', 'ceu'}))}|mi|meo)"
_NAME: Final = rf"(?:{slips('nome', but=frozenset({'home', 'nomes'}))}|nomezinho|nominho|nomi|nm)"
_CALL_MYSELF: Final = (
    rf"(?:{slips('chamo', but=frozenset({'chama', 'chame', 'chamou'}))}|xamo|chamu|chano|shamo)"
)
_NO_SPEECH: Final = frozenset({"cala", "dala", "gala", "rala", "tala", "vala"})
_SPEAKS: Final = rf"(?:{slips('fala', but=_NO_SPEECH)})"
_SPEAKING: Final = rf"(?:{slips('falando')})"
SPEAKS: Final = (
    rf"(?:(?:vos|lhes?|te|lhe)[ ])?(?:{_SPEAKING}|{_SPEAKS}|escreve|escrevendo|digita|digitando|responde|respondendo|"
    r"chama|chamou|chamando|procura|procurando|tecla|teclando|contata|contatando|(?:entra|entrando"
    r"|entrou)[ ]em[ ]contato|conversa|conversando|"
    r"(?:manda|mandando|envia)(?:[ ](?:[oa]|ess[ea]|est[ea]|uma?))?[ ](?:mensagem|msg|audio|zap|recado|email|foto)|"
    r"(?:assina|subscreve)[ ](?:abaixo|embaixo|(?:a|o|este|esta|esse|essa)[ ](?:mensagem|texto|recado|email|carta)))"
)
ON_THE_LINE: Final = r"(?:na[ ](?:linha|escuta|area)|d?o[ ]outro[ ]lado(?:[ ]da[ ]linha)?|(?:deste|desse|do)[ ]lado[ ]de[ ]ca|com[ ](?:vc|voce)s?)"
_SPEAKER: Final = rf"(?:(?:quem|qm)[ ])?(?:(?:ta|esta|tava)[ ])?(?:{SPEAKS}|{ON_THE_LINE})(?:[ ]{HERE})?(?:[ ](?:de[ ]novo|outra[ ]vez|novamente))?"
GREETING: Final = (
    r"(?:oi+e*|oin|ola+r?|opa+|epa|hey|hello|salve|eae+|iae|fala(?:[ ](?:ai|galera|pessoal|moca|moco))?|e[ ]?ai|alo+|"
    r"bo[mn][ ]di+a+|boa[ ]tarde+|boa[ ]noite+|(?:oi+e*|ola)[ ](?:gente|pessoal|galera)|"
    r"tud?o?[ ](?:bem|bom|certo|joia)|td[ ](?:bem|bom)|blz|beleza|gente|pessoal|galera|entao|sim|ah|claro|isso|(?:desculpa|perdao)(?:[ ](?:[oa]|pel[oa]))?(?:[ ](?:incomodo|incomodar|horario|hora|demora))?|voltei|voltando[ ]aqui|olha)"
)

# What a form calls the name's field.
_FIELD: Final = (
    r"(?:[ ](?:completo|social|inteiro|civil|[(]completo[)]|(?:e|/)[ ]?(?:sobrenome|cpf|telefone|tel|fone|celular"
    r"|email|idade|rg|contato)|(?:pra|para|pro|p/?)[ ](?:o[ ]|a[ ])?"
    r"(?:cadastro|contato|reserva|ficha|nota|agenda|pedido|orcamento)))?"
)
_MARKS: Final = r"[ ]?[:,.?!-]?[ ]?"
# How somebody starts to introduce themselves or to dictate, without a word of the name yet.
_INTRODUCING: Final = (
    r"(?:me[ ]apresent(?:o|ar|ando|e|ei)|apresento-me|apresentar-me|apresentando-me|permit[ae]m?-me[ ]apresentar"
    r"|me[ ]identific(?:o|ar)|identifico-me|"
    r"identificacao|remetente)(?:[ ](?:primeiro|antes|aqui|logo|rapidinho|rapido|melhor|entao|ne|ja|agora|a[ ]voces|a[ ]vc|direito|como))*"
)

# Whoever says these gives their name, whatever word follows.
SURE: Final = re.compile(
    r"(?<![a-z])(?:"
    rf"(?:me|mi|mim|m|mw|ne|em|mme|mee)[ ]{_CALL_MYSELF}(?:[ ]?:[ ]?|[ ]+)(?:e[ ])?"
    r"|(?:me|m)(?:chamo|xamo)[ ]+|chamo[ -]?me[ ]"
    rf"|(?<!do[ ])(?<!no[ ]){_MY}[ ]?(?:primeiro[ ])?{_NAME}(?:[ ]e[ ](?:sobrenome|cpf|telefone))?(?:[ ](?:completo|todo|inteiro|"
    rf"social|artistico|mesmo|certo|correto|aqui|verdadeiro|real|civil|(?:no|do)[ ](?:documento|rg|registro)|"
    rf"de[ ](?:batismo|solteira|casada|guerra|verdade|registro)))?{_NAME_IS}"
    rf"|(?:minha|a)[ ]graca{_NAME_IS}|my[ ]name[ ]is[ ]|mi[ ]nombre[ ]es[ ]|me[ ]llamo[ ]"
    rf"|meu[ ]apelido(?:[ ][a-z]+){{0,5}}?(?:[ ]{IS}[ ]|[ ]?:[ ]?)"
    rf"|(?<![a-z][ ])(?:nome|nm(?=[ ]?[:=])){_FIELD}[*_]*[ ]?(?::?[ ]?\n|[.][.]+[ ]?:?|[:=>]|->?)[*_]*[ ]?"
    rf"|(?:meu[ ]nome|{HERE})[ ]nao[ ]{IS}[ ](?:[oa][ ])?[a-z]+(?:[ ][a-z]+)?[ ]?,[ ]{IS}[ ](?:sim[ ])?(?:[oa][ ])?"
    r")"
)
# A greeting's last letters: enough to see that one came before.
_SAYS_HI: Final = r"(?:oi|la|ia|de|te|em|pa)"
# These are also said of trades and relations: what follows must look like a name.
LIKELY: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:sou|so|sow|cou|soou|souu|spu|siu|soi)[ ](?!(?:mais[ ])?conhecid|chamad|tratad)(?:eu(?:[ ](?:de[ ]novo|aqui|mesm[oa]))?[ ]?[,:]?[ ][(]?)?(?:aqui[ ])?(?:[oa](?:[ ](?:propri[oa]"
    r"|mesm[oa]|famos[oa]|querid[oa]|velh[oa]|tal(?:[ ]d[oae])?))?[ ]|aquel[ea][ ]|o/a[ ]|[oa]\([oa]\)[ ])?"
    rf"|(?:d?{HERE})[ ](?:{IS}|fala|{_SPEAKER}[ ]?(?:{IS}|:|,))(?:[ ]|(?=[.]{{2}}))(?:eu[ ]?,?[ ])?(?:[oa][ ])?"
    rf"|(?:est[ae][ ]que[ ](?:vos|lhe)[ ](?:fala|escreve)|{_SPEAKER}|quem[ ](?:ta|esta)[ ]{HERE})"
    rf"(?:[ ](?:{IS}|sou(?:[ ]eu)?|chama-se)|[ ]?:|(?<=vos[ ]fala),|(?<=vos[ ]escreve),|(?<=lhe[ ]escreve),|(?<=te[ ]escreve),"
    rf"|[ ]{IS}[ ]?:)[ ]?,?[ ]?(?:[oa][ ])?"
    rf"|nome[ ](?:de[ ]quem|da[ ]pessoa[ ]que)[ ](?:{SPEAKS})(?:[ ]{HERE})?[ ]{IS}[ ](?:[oa][ ])?"
    rf"|(?:diz|fala|avisa|explica|dizer|falar|avisar)(?:[ ](?:ai|la|pr[ao][ ][a-z]+))?[ ]que[ ](?:{IS}|sou|aqui[ ]{IS})(?:[ ]eu[ ]?,?)?[ ][oa][ ](?![a-z]+[ ]que)"
    r"|(?<!nao )(?:fui|foi|era)[ ]eu[ ]?,[ ][oa][ ]|(?:lembr[ae]m?|sabem?|conhecem?)[ ]d?[oae][ ](?=[^?\n]{2,40}[?][ ]*(?:[a-z]+[ ][a-z]+[ ]?,[ ]?)?(?:sou|so)[ ]eu)"
    r"|abaixo[ -]assinad[oa][ ]?,?[ ]"
    r"|soy[ ]|i(?:'m|[ ]am)[ ]|this[ ]is[ ]|(?<!nao )(?:voces?|vcs?|ce|tu)[ ](?:esta|ta|tao"
    r"|estao)[ ]falando[ ](?:aqui[ ])?com[ ](?:[oa][ ])?"
    rf"|(?:{HERE}[ ])?(?:quem[ ])?(?:ta|esta)[ ](?:falando|escrevendo|chamando)(?:[ ]{HERE})?[ ][oa][ ]"
    r"|(?:^|(?<=[,.!] ))(?:ta|esta)[ ]falando[ ]com[ ][oa][ ]"
    rf"|quem[ ](?:pergunta|reclama|pede|quer[ ]saber|quer|precisa|avisa|solicita)(?:[ ][a-z]+)?[ ]{IS}[ ](?:[oa][ ])?|continuo[ ]sendo[ ](?:[oa][ ])?"
    rf"|quem[ ](?:ta|esta)[ ](?:n[oa]|do[ ]outro[ ]lado[ ]do)[ ](?:zap|whats|celular|telefone|linha|chat)[ ]{IS}[ ](?:[oa][ ])?"
    rf"|quem[ ](?:ta|esta)[ ][a-z]+ndo(?:[ ]{HERE})?[ ]{IS}[ ](?:[oa][ ])?"
    r"|(?:conhecem?|conhecid[oa]|chamam?)[^.!?\n]{0,25}?[ ](?:so|apenas)[ ](?:por|como|pelo)[ ]"
    r"|(?:me[ ](?:(?:cham|trat)(?:a|am|e|em|ando)|apelid(?:am|aram))|podem?[ ](?:me[ ])?(?:chamar|tratar)|me[ ]conhecem?|(?:me"
    r"|sou|mais)[ ]conhecid[oa]|"
    r"(?:me[ ])?cham[ae][ ]eu|ser[ ]chamad[oa]|me[ ](?:deu|deram)[ ]o[ ]nome|sou[ ](?:chamad|tratad)[oa]"
    r"|podem?[ ]ir[ ](?:me[ ])?chamando|atendo|respondo|fui[ ](?:batizad|registrad)[oa]|me[ ](?:registraram"
    r"|batizaram)|me[ ]assino|assino)[ ]"
    r"(?:so[ ]|apenas[ ]|mais[ ])?(?:de|por|como|pelo[ ](?:nome|apelido)[ ]de|com[ ]o[ ]nome[ ](?:de[ ])?)[ ]?"
    rf"|meu[ ](?:nome|nm)(?:[ ]completo)?[ ]?,?[ ](?:{IS}[ ])?|(?:me[ ])?(?:salva|anota|grava|coloca|bota|poe)r?[ ](?:ai[ ])?como[ ]|(?:me[ ])?(?:salva|add|adiciona)r?[ ]ai[ ]?[,:][ ](?:[oa][ ])?|(?<!do[ ])(?<!da[ ])(?<!no[ ])(?<!de[ ])(?<!em[ ])(?<!ao[ ])(?<!seu[ ])(?<!teu[ ])(?<!o[ ])(?<!ar[ ])(?<!com[ ])nome(?:[ ](?:completo|social|artistico|civil|de[ ](?:casada|solteir[oa]|batismo|guerra)))?[ ]"
    rf"|quem[ ](?:assina|subscreve)(?:[ ]?:|[ ]sou[ ]eu[ ]?,?|[ ]{IS}(?![ ][oa][ ]))[ ]"
    rf"|{_INTRODUCING}{_MARKS}"
    r"|(?:se[ ])?lembra[ ]de[ ]mim[ ]?[,?:][ ](?:[oa][ ])?"
    r"|(?:falo|falando|escrevo)[ ](?:sou[ ])?eu[ ]?,[ ](?:[oa][ ])?"
    rf"|(?:fal|trat|resolv|combin|acert)(?:a|ar|o|e|er|ando)[ ](?:direto[ ])?comigo(?:[ ]mesm[oa])?[ ]?[,.][ ](?:{IS}|sou)[ ][oa][ ]"
    r")"
)
# These are said of much else: only a known name is believed after them.
_FRESH: Final = rf"(?:^|(?<=[\n.!?,;:] )|(?<=[\n])|(?<={_SAYS_HI}[ ]))"
UNSURE: Final = re.compile(
    rf"(?:(?<![a-z])n[oa][ ](?:(?:meu|minha)[ ](?:cadastro|contrato|boleto|ficha|pedido|certidao|convenio|plano|exame|passaporte)"
    rf"|(?:(?:meu|minha)[ ])?(?:rg|documento|cpf|identidade|cnh|registro|papel|passaporte))"
    rf"[ ](?:(?:ta|esta|consta|sou|diz|aparece|saiu|tem|vem|veio|{IS})(?:[ ](?:como|que[ ]sou|assim|o[ ]nome|escrito"
    rf"|registrad[oa]|meu[ ]nome))*[ ]?[:,]?[ ](?:o[ ]nome[ ])?|so[ ]|eu[ ]sou[ ]|sou[ ])"
    rf"|(?<![a-z])(?<!quem[ ])(?<!que[ ])(?<!ele[ ])(?<!ela[ ])(?:eu[ ])?(?:me[ ])?assino[ ](?:so[ ]|apenas[ ]|sempre[ ])?"
    rf"|(?<![a-z])(?:eu[ ])?(?:fui|sou)[ ](?:batizad|registrad|nascid)[oa][ ]"
    rf"|(?<![a-z])(?<!nao[ ])(?:n?o|pelo|em|com[ ]o)[ ]meu[ ](?:proprio[ ])?nome(?:[ ](?:mesmo|aqui|completo|e[ ]cpf))*[ ]?[:,][ ]"
    rf"|(?<![a-z])(?:me[ ](?:inscrevi|cadastrei|registrei|matriculei|identifiquei)[ ]|(?:meu|minha)[ ](?:cadastro|contato|registro|pedido|inscricao|ficha|matricula|reserva|conta|assinatura)[ ](?:(?:ta|esta|consta|saiu|foi|aparece|ficou"
    rf"|salvo)[ ]){{1,2}}|(?:estou|to|tou|fui|consto|apareco)[ ](?:[a-z]+[ ]){{1,5}}?|(?:fiz|mandei|preenchi|comprei|reservei|agendei|entrei|abri|paguei)[ ](?:[oa][ ]|minha[ ]|meu[ ]|uma?[ ])?(?:[a-z]+[ ]){{0,3}}?|(?:meu|minha)[ ](?:ingresso|bilhete|boleto|passagem|cracha|certificado|carteirinha|exame|nota|cartao)[ ](?:ta|esta|consta|saiu|foi|veio|aparece)[ ])como[ ]|(?:^"
    rf"|\n)[ *-]*de[ ]?:[ ]?|(?<![a-z])(?:e|mas)[ ]o[ ]meu[ ](?:nome[ ])?{IS}[ ]|{_FRESH}(?:o[ ])?nome(?:[ ](?:aqui"
    rf"|completo))?[ ]{IS}[ ]"
    r"|(?<![a-z])(?:me?u|mi)[ ]nome(?:[ ][a-z]+){1,6}[ ]?:[ ]"
    r"|(?<![a-z])nome[ ](?:n[oa]|d[oa]|pr[ao]|para[ ][oa])[ ](?:meu[ ]|minha[ ])?(?:reserva|pedido|nota|cadastro|ficha|comanda|mesa"
    rf"|agendamento|inscricao|cracha)(?:[ ]?[:=-][ ]?|[ ]{IS}[ ]|[ ])"
    r"|(?<![a-z])(?:mud|troc|alter|corrij|corrig|atualiz)[a-z]*[ ](?:o[ ])?meu[ ]nome[ ](?:pra|para|por)[ ]"
    rf"|(?<![a-z])(?:o[ ])?nome[ ](?:certo|correto|verdadeiro|real)(?:[ ]mesmo)?(?:[ ]{IS}[ ]?:?|[ ]?:)[ ]"
    rf"|(?<![a-z])(?:me?u)[ ](?:telefone|tel|fone|numero|contato|zap|whats|whatsapp|celular|cel)(?:[ ]novo)?[ ]?(?:{IS}|:|[ ])[ ]?"
    r"[+(]?[0-9][0-9 ().-]{7,20}(?:[,(-]|(?<=[ ]))[ ]?(?:[oa][ ])?(?=[a-z])"
    r"|(?<![a-z])(?:me?u|mi)[ ]nome(?:[ ][a-z]+){1,6}[ ]?,[ ](?!(?:e|eh)[ ])(?=[a-z]+(?:[ ][a-z]+){1,5}[ ]?(?:[.!?\n]|\Z))"
    rf"|(?<![a-z])(?:me?u|mi)[ ]nome[ ](?:{IS}|tem|comeca|leva)(?:[ ][a-z]+){{1,3}}[ ]?,[ ](?=[a-z]+(?:[ ][a-z]+){{0,3}}[ ]?(?:[.!\n]|\Z))"
    rf"|(?<![a-z])(?:me?u|mi)[ ]nome(?:[ ][a-z]+){{1,4}}[ ]?,[ ]{IS}[ ](?:[oa][ ])?"
    rf"|(?<![a-z])(?<!o[ ])(?:me?u|mi)[ ]nome[ ](?:n[ao]|pra|para|p|em)(?:[ ][a-z]+){{1,3}}[ ]{IS}[ ]"
    rf"|(?<![a-z])(?:{IS}|sou)[ ](?:[oa][ ])?(?:seu|sua|teu|tua|voss[oa])[ ](?:vizinh|amig|alun|inquilin|prim|sobrinh|afilhad|velh|querid)[oa][ ]?,?[ ](?:[oa][ ])?"
    rf"|(?<![a-z])(?:na[ ]verdade|corrigindo|correcao|(?:meu[ ])?nome[^.!?\n]{{0,20}},[ ]o[ ](?:certo|correto))[ ]?[:,]?[ ]{IS}[ ](?:[oa][ ])?(?=[a-z]+(?:[ ][a-z]+){{0,4}}[ ]?(?:[,.!\n]|\Z))"
    rf"|(?<![a-z])(?:escrev|coloc|pus|pos|registr|cadastr|bot|anot)(?:eram|aram|eu|ou)[ ][a-z]+(?:[ ][a-z]+)?[ ]?,?[ ](?:mas[ ])?(?:o[ ]certo[ ])?{IS}[ ](?=[a-z]+(?:[ ][a-z]+){{0,4}}[ ]?(?:[,.!\n]|\Z))"
    rf"|{_FRESH}(?:eu[ ])?chamo[ ](?:{IS}[ ])?"
    rf"|{_FRESH}(?:e[ ])?o[ ]meu[ ]{IS}[ ]"
    r"|(?<![a-z])(?:me[ ]chame|podem?[ ]me[ ]chamar|vulgo)[ ])"
)
# A dictation: only a whole name is believed, and one that is not said to be somebody else's.
DICTATED: Final = re.compile(
    r"(?<![a-z])(?:(?:anot[ae]r?|marc[ae]r?|escrev[ae]r?|coloc[ae]r?|registr[ae]r?|poe|por|bota|botar)[ ](?:ai|ae)"
    r"|(?:meus|os)[ ]dados(?:[ ](?:sao|completos|pessoais))?|dados[ ]pessoais|meu[ ]cadastro)[ ]?[:,.-]?[ \n]*(?:-[ ])?"
)
SOMEBODY_ELSE: Final = re.compile(
    r"[ ]?(?:[,(;-]|e|eh)[ ]?(?:e[ ]|eh[ ])?(?:o[ ]|a[ ])?(?:minha|meu|nossa|nosso|dono|dona|gerente|quem)\b(?![ ]nome)"
)
# A question about the name, a correction of it or a form's field, and the answer: a name, however rare.
ANSWERED: Final = re.compile(
    rf"(?:(?<![a-z])(?<!de )(?:me?u|mi|o)[ ]nome(?:[ ](?:completo|todo|inteiro|ai|la|aqui|no[ ]sistema|na[ ]lista"
    rf"|no[ ]cadastro))*[ ]?[?]+[ ]*(?:(?:entao|ah|claro|bom)[ ]?,?[ ])?(?:{IS}[ ])?(?:[oa][ ])?"
    rf"|(?<![a-z])(?:me?u|mi)[ ]nome(?:[ ](?:completo|ne|ta|viu|certo|entao|ai|la|aqui|antes"
    rf"|de[ ]novo))*[ ]?[,.;:!?-]+[ ]*(?:entao[ ]|ah[ ])?(?:{IS}|sou)[ ](?:[oa][ ])?"
    rf"|(?<![a-z])(?:me?u|mi)[ ]nome[ ](?:[a-z]+[ ]){{0,4}}?(?:errad[oa]|trocad[oa]|incorret[oa]"
    rf"|diferente)(?:[ ][a-z]+){{0,5}}[ ]?[,.;:-]?[ ]"
    rf"(?:mas[ ])?(?:o[ ](?:nome[ ])?(?:certo|correto|verdadeiro)[ ])?(?:{IS}|seria)[ ](?:[oa][ ])?"
    r"|(?<![a-z])(?:me?u|mi)[ ]nome[ ](?:se[ ])?(?:escreve|pronuncia|le)(?:-se)?(?:[ ]assim)?[ ]?[:,]?[ ]"
    r"|(?:^|\n)[ *-]*(?:qual[ ](?:e[ ])?)?(?:o[ ])?(?:seu|teu)[ ]nome(?:[ ]completo)?[*]*[ ]?[?:]{1,2}[ \n]*(?:(?:r"
    r"|resposta|resp)[ ]?[:.-][ ])?"
    r"|(?:^|\n)[ *-]*(?:remetente|solicitante|requerente|interessad[oa]|assinado|quem[ ]fala|eu)[*]*[ ]?:[ ]?[*]*"
    r"|(?<![a-z])(?<!com[ ])quem[ ](?:fala|e|eh|ta[ ]falando|esta[ ]falando|gostaria|escreve)[ ]?[?][ ]+(?:e[ ])?(?:[oa][ ])?"
    r"|(?<![a-z])(?:pr[ao]s|para[ ][oa]s|pra[ ][oa]s)[ ](?:amig[oa]s|intim[oa]s|chegad[oa]s)[ ]?[,:]?[ ](?:sou[ ]"
    r"|e[ ])?(?:so[ ]|apenas[ ])?(?:[oa][ ])?"
    rf"|(?<![a-z])segue[m]?[ ](?:o[ ]|meu[ ])?nome{_FIELD}[ ]?:?[ ]"
    r"|(?:^|\n|[.!][ ])(?:d[oa][ ])?(?:seu|sua|vosso)[ ](?:amig[oa]|cliente|alun[oa]|fa)(?:[ ]de[ ]sempre)?[ ]?,?[ ](?=[a-z]+(?:[ ][a-z]+){0,3}[ ]?[.!]?\Z)"
    r"|(?:^|\n)[ *-]*(?:primeiro[ ]nome|(?:(?:first|full)[ ])?name)[*]*[ ]?[:=-][ ]?"
    r"|(?<![a-z])(?:eu[ ](?:aqui[ ])?(?:de[ ]novo|outra[ ]vez|novamente)|(?:de[ ]novo|novamente)[ ]eu)[ ]?[,:.!][ ](?:[oa][ ])?"
    r"|(?<![a-z])(?:me?u|mi)[ ]nome[ ]?(?:[.]{2,}|…|-{1,2})[ ]?"
    r"|(?<![a-z])como[ ](?:(?:vc|voce|tu)[ ])?se[ ]chama[ ]?[?]+[ \n]|(?:^|\n)nome[ ]?,[ ]"
    r"|(?<![a-z])me[ ](?:registraram|batizaram)[ ]|(?<![a-z])me[ ]chamam[ ]|(?<![a-z][ ])(?<![a-z])apelido[ ]?:[ ]?"
    r"|(?<![a-z])(?:salva|anota|guarda|grava|adiciona)r?(?:[ ]ai)?[ ](?:o[ ])?meu[ ](?:contato|numero|zap|telefone"
    r"|whats|whatsapp)(?:[ ](?:ai|novo))*[ ]?[,:.-]+[ ]?(?:e[ ]|sou[ ])?(?:[oa][ ])?"
    r")"
)
# A greeting that gives a name, or takes up the other's: believed where nothing else introduces anybody.
GLAD: Final = re.compile(r"(?<![a-z])prazer[,!: ]{1,3}(?:[oa][ ])?(?=[a-z])")
# "eu Paula Lima e meus filhos": a whole name beside the first person.
BESIDE_ME: Final = re.compile(
    r"(?:(?:^|[,.;:!?\n(-])[ ]?|(?<![a-z])(?:que|e|entre|nos|somos|mas|pois|porque|(?<!nao[ ])fui|(?<!nao[ ])foi"
    r"|era)[ ])eu[ ]?[, (][ ]?(?=[a-z])|(?<![a-z])(?:por[ ]mim|comigo)[ ]?,[ ](?=[a-z])"
)
# "sou a vizinha do 302, a Carla": a name beside the role it is introduced with.
WITH_A_ROLE: Final = re.compile(
    rf"(?<![a-z])(?<!nao[ ])(?:sou|so|(?:{HERE}|quem[ ](?:fala|(?:ta|esta)[ ]falando)(?:[ ]{HERE})?)[ ](?:{IS}|fala))[ ](?:(?:[oa]|aquel[ea])[ ])?(?:[a-z]+[ ]){{0,3}}[a-z0-9]+[ ]?,[ ][oa][ ](?=[a-z])"
    rf"|(?<![a-z])(?<!nao[ ])(?:sou|so|{HERE}[ ](?:{IS}|fala))[ ](?:(?:[oa]|d[oa])[ ])?(?:[a-z]+[.]?[ ]){{0,3}}[a-z0-9]+[ ]?,[ ](?=[a-z])"
    r"|(?<![a-z])(?<!nao[ ])fui[ ]eu[ ](?:que|quem)(?:[ ][a-z]+){1,4}[ ]?,[ ](?=[a-z])"
)
# "eu Ana compro": what the first person does.
I_DO: Final = re.compile(
    r"[ ]?,?[ ](?!como|mesmo|caso|no|so|do|ao|aluno|filho)(?:(?:ja|nao|so|tambem|tbm|tb|aqui)[ ])?(?:sou|estou|vou|dou|[a-z]{2,}(?:o|ei))\b"
)
# Behind a role a name without its article may be somebody addressed, unless the sentence ends with it.
ENDED: Final = re.compile(r"[ ]?(?:[.!;)\n]|\Z)")
I_WANT: Final = re.compile(
    r"[ ]?,[ ](?:eu[ ])?(?:quero|queria|preciso|gostaria|vim|tenho|moro|liguei|comprei|fiz|estou|vou)(?![a-z])"
)
SET_APART: Final = re.compile(r"[ ]?(?:[,.!;)\n]|\Z)")
WE: Final = re.compile(r"[ ]?,[ ][a-z]+mos\b")
# "É a Carla": only where a message starts with it, and asks nothing.
OPENING: Final = re.compile(
    rf"(?:^|[\n.!?]|^(?:[a-z]+[ ])?(?:meu|minha)[ ][a-z]+[ ]?,|^(?!meu|minha)[a-z]+[ ]?,|(?<![a-z]){GREETING}(?:[ ]?,?[ ](?:meu|minha)[ ][a-z]+)?[ ]?[,.!:)]{{0,3}}(?:[ ](?:(?:dra?|sra?|prof|profa|seu|dona)[.]?[ ])?(?P<whom>[a-z]+)[ ]?[,.!]?)?|^(?:(?:dra?|sra?|prof|profa|seu|dona)[.]?[ ])?(?P<named>[a-z]+)[ ]?,?)[ ]*(?:{IS}|fala(?=[ ](?:eu[ ]?,?[ ])?[oa][ ]))[ ](?:eu[ ]?,?[ ])?[oa][ ](?=[a-z])"
)
# "Eu, Ana Lima, declaro", "aqui Ana Paula, do financeiro": a known name, closed by a comma.
ENCLOSED: Final = re.compile(
    rf"(?:^|[\n.!?]|(?<![a-z]){GREETING}[ ]?[,.!]{{0,3}})[ ]*(?:eu[ ]?,(?:[ ][oa])?|eu|{HERE}[ ]?[,:]?(?:[ ][oa])?"
    rf"|{IS}(?:[ ]eu[ ]?,?)?)[ ](?=[a-z])"
)
# "É o João da loja que vai aí" is said of somebody else.
WHO_DOES: Final = re.compile(
    r"(?:[ ]d[aeo]s?[ ][a-z]+){0,2}(?:[ ](?:aqui|ai|mesm[oa]|agora))?[ ]?(?:[?]|[ ](?:que|q|quem)\b(?:(?![ ](?:ta|esta|vos|te|lhe|fala|escreve)\b)|[^.!,;\n?]{0,25}[?]))"
)
CLOSED: Final = re.compile(r"[ ]?(?:[,.!;\n]|\Z|[ ]d[ao][ ]|[ ]mesm[oa]\b(?![ ]?[?]))")

# What turns an introduction into its opposite, or makes it somebody else's.
NEGATED: Final = re.compile(
    r"(?:nao|nunca|ninguem|(?:gosto|quero)[ ]que|(?:odeio|detesto)[ ](?:que|quando)|par(?:e|a|ar|em)[ ]de|n|quem|se|nem|acho[ ]que|nome[ ]da|nome[ ]do|dele|dela|vc|voce|ele|ela|quem[ ][a-z]+)[ ]\Z"
)

# "Ana, digo, Anita": what follows is meant instead of what was said.
CORRECTED: Final = re.compile(
    r"[ ]?[,.…-]*[ ]?(?:digo|quer[ ]dizer|ou[ ]melhor|op+a?s|ops|aff|alias|corrigindo|correcao|errei|perdao|minto|desculpa"
    r"|(?:nao|n)[ ]?,[ ](?:perai|pera|desculpa))(?:[ ](?:e|eh))?[ ]?[,:.!-]*[ ]"
)
# A choice that is asked: "quem fala é a Ana ou o robô?".
CHOICE: Final = re.compile(r"[ ]?,?[ ]ou[ ][^.!\n]{1,40}[?]")
