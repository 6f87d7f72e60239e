"""The phrases by which people introduce themselves, before and after their name."""

from __future__ import annotations

import re
from typing import Final

_IS: Final = r"(?:e|eh|he)(?![a-z])"
_NAME_IS: Final = rf"(?:[ ]?[:=][ ]?\n?|[ ]{_IS}[ ]?:?[ ]?|[ ]seria[ ])"
_HERE: Final = r"(?:aqui|aki|aqi|aq)(?![a-z])"
_SPEAKS: Final = (
    r"(?:(?:vos|lhes?|te|lhe)[ ])?(?:fala|falando|escreve|escrevendo|digita|digitando|responde|respondendo|"
    r"(?:manda|mandando|envia)(?:[ ](?:a|essa|esta|uma))?[ ](?:mensagem|msg)|"
    r"(?:assina|subscreve)[ ](?:abaixo|embaixo|(?:a|o|este|esta|esse|essa)[ ](?:mensagem|texto|recado|email|carta)))"
)
_SPEAKER: Final = rf"(?:quem[ ])?(?:(?:ta|esta|tava)[ ])?{_SPEAKS}(?:[ ]{_HERE})?"
_GREETING: Final = (
    r"(?:oi+e*|oin|ola+r?|opa+|epa|hey|hello|salve|eae+|iae|fala(?:[ ](?:ai|galera|pessoal|moca|moco))?|e[ ]?ai|alo+|"
    r"bo[mn][ ]di+a+|boa[ ]tarde+|boa[ ]noite+|(?:oi+e*|ola)[ ](?:gente|pessoal|galera)|"
    r"tud?o?[ ](?:bem|bom|certo|joia)|td[ ](?:bem|bom)|blz|beleza|gente|pessoal|galera|entao|sim|ah|claro|isso|desculpa)"
)

# What a form calls the name's field.
_FIELD: Final = (
    r"(?:[ ](?:completo|social|inteiro|civil|e[ ]sobrenome|(?:pra|para|pro|p/?)[ ](?:o[ ]|a[ ])?"
    r"(?:cadastro|contato|reserva|ficha|nota|agenda|pedido|orcamento)))?"
)
_MARKS: Final = r"[ ]?[:,.-]?[ ]?"
# How somebody starts to introduce themselves or to dictate, without a word of the name yet.
_INTRODUCING: Final = (
    r"(?:me[ ]apresent(?:o|ar|ando|e)|apresento-me|apresentar-me|apresentando-me|permit[ae]m?-me[ ]apresentar|me[ ]identific(?:o|ar)|identifico-me|"
    r"identificacao|remetente)"
)

# Whoever says these gives their name, whatever word follows.
SURE: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:me|mi|mim)[ ](?:chamo|xamo|chamu)(?:[ ]?:[ ]?|[ ]+)(?:e[ ])?|mechamo[ ]+|chamo[ -]me[ ]"
    rf"|(?<!do[ ])(?<!no[ ])(?:me?u|mi)[ ](?:primeiro[ ])?(?:nome|nomi|nm|nom|nonme|none)(?:[ ]e[ ]sobrenome)?(?:[ ](?:completo|todo|inteiro|"
    rf"social|artistico|mesmo|certo|aqui|verdadeiro|real|civil|(?:no|do)[ ](?:documento|rg|registro)|"
    rf"de[ ](?:batismo|solteira|casada|guerra|verdade|registro)))?{_NAME_IS}"
    rf"|(?:minha|a)[ ]graca{_NAME_IS}|my[ ]name[ ]is[ ]|mi[ ]nombre[ ]es[ ]"
    rf"|meu[ ]apelido(?:[ ]{_IS}[ ]|[ ]?:[ ]?)"
    rf"|(?<![a-z][ ])nome{_FIELD}[*_]*[ ]?(?::?[ ]?\n|[:=>]|->?)[*_]*[ ]?"
    rf"|(?:meu[ ]nome|{_HERE})[ ]nao[ ]{_IS}[ ](?:[oa][ ])?[a-z]+(?:[ ][a-z]+)?[ ]?,[ ]{_IS}[ ](?:sim[ ])?(?:[oa][ ])?"
    r")"
)
_FORMALLY: Final = (
    r"(?:assinado|assino|ass|att|at\.te|atenciosamente|atte|cordialmente|respeitosamente|grat[oa]|agradecid[oa]|sds|saudacoes|sem[ ]mais|"
    r"cordiais[ ]saudacoes|assinatura|subscrevo-me|despeco-me)"
)
# A greeting's last letters: enough to see that one came before.
_SAYS_HI: Final = r"(?:oi|la|ia|de|te|em|pa)"
# These are also said of trades and relations: what follows must look like a name.
LIKELY: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:sou|so)[ ](?:eu(?:[ ](?:de[ ]novo|aqui|mesm[oa]))?[ ]?,?[ ])?(?:aqui[ ])?(?:[oa](?:[ ]propri[oa])?[ ]|o/a[ ]|[oa]\([oa]\)[ ])?"
    rf"|(?:d?{_HERE})[ ](?:{_IS}|fala|{_SPEAKER}[ ]?(?:{_IS}|:|,))[ ](?:eu[ ]?,?[ ])?(?:[oa][ ])?"
    rf"|(?:est[ae][ ]que[ ](?:vos|lhe)[ ](?:fala|escreve)|(?:quem[ ])?(?:(?:ta|esta|tava)[ ])?{_SPEAKS}(?:[ ]{_HERE})?|quem[ ](?:ta|esta)[ ]{_HERE})"
    rf"(?:[ ](?:{_IS}|sou(?:[ ]eu)?)|[ ]?:|[ ]{_IS}[ ]?:)[ ]?,?[ ]?(?:[oa][ ])?"
    r"|(?:me[ ](?:cham|trat|apelid)(?:a|am|e|em|aram|ando)|podem?[ ](?:me[ ])?(?:chamar|tratar)|me[ ]conhecem?|(?:me|sou|mais)[ ]conhecid[oa]|"
    r"atendo|respondo|fui[ ](?:batizad|registrad)[oa]|me[ ](?:registraram|batizaram)|me[ ]assino|assino)[ ]"
    r"(?:so[ ]|apenas[ ]|mais[ ])?(?:de|por|como|pelo[ ](?:nome|apelido)[ ]de|com[ ]o[ ]nome[ ](?:de[ ])?)[ ]?"
    r"|(?<![a-z][ ])apelido[ ]?:[ ]?"
    rf"|meu[ ](?:nome|nm)[ ]?,?[ ](?:{_IS}[ ])?|(?<!do[ ])(?<!da[ ])(?<!no[ ])(?<!de[ ])(?<!em[ ])(?<!ao[ ])(?<!seu[ ])(?<!teu[ ])(?<!o[ ])(?<!ar[ ])nome(?:[ ]completo)?[ ]"
    rf"|quem[ ](?:assina|subscreve)(?:[ ]?:|[ ]sou[ ]eu[ ]?,?|[ ]{_IS}(?![ ][oa][ ]))[ ]"
    rf"|{_INTRODUCING}{_MARKS}"
    r"|(?:se[ ])?lembra[ ]de[ ]mim[ ]?[,?:][ ](?:[oa][ ])?"
    r"|prazer[,!: ]{1,3}(?:[oa][ ])?"
    rf"|(?:{_FORMALLY}|abs|abracos?|abracao|(?:muito[ ])?obrigad[oa]|(?:desde[ ]ja|antecipadamente)|obg|bjs|bjos?|beijos?|beijinhos|valeu|vlw|"
    r"aguardo|retorno|contato|disposicao|resposta)[ ]?[,:.!]{0,3}[ ]?\n+[ ]?(?:-{1,2}[ ]?)?"
    rf"|{_FORMALLY}[ ]?[,:.][ ]?"
    r")"
)
# These are said of much else: only a known name is believed after them.
_FRESH: Final = rf"(?:^|(?<=[\n.!?,;:] )|(?<=[\n])|(?<={_SAYS_HI}[ ]))"
UNSURE: Final = re.compile(
    rf"(?:{_FRESH}(?:o[ ])?nome(?:[ ](?:aqui|completo))?[ ]{_IS}[ ]"
    rf"|{_FRESH}(?:eu[ ])?chamo[ ](?:{_IS}[ ])?"
    rf"|{_FRESH}(?:e[ ])?o[ ]meu[ ]{_IS}[ ]"
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
# "É a Carla": only where a message starts with it, and asks nothing.
OPENING: Final = re.compile(
    rf"(?:^|[\n.!?]|(?<![a-z]){_GREETING}[ ]?[,.!:)]{{0,3}})[ ]*{_IS}[ ](?:eu[ ]?,?[ ])?[oa][ ](?=[a-z])"
)
# "Eu, Ana Lima, declaro", "aqui Ana Paula, do financeiro": a known name, closed by a comma.
ENCLOSED: Final = re.compile(
    rf"(?:^|[\n.!?]|(?<![a-z]){_GREETING}[ ]?[,.!]{{0,3}})[ ]*(?:eu[ ]?,|eu|{_HERE}|{_IS}(?:[ ]eu[ ]?,?)?)[ ](?=[a-z])"
)
CLOSED: Final = re.compile(r"[ ]?(?:[,.!;\n]|\Z|[ ]d[ao][ ])")

# Where a name may start that is announced only afterwards.
STARTS: Final = re.compile(
    rf"(?:^|[.!?,;:)\n-]|(?<![a-z])(?:{_GREETING}|{_IS})[ ])[ ]*(?:[oa][ ])?(?=[a-z])"
)
_FROM: Final = r"(?:[ ]?,?[ ]d[aeo](?:[ ](?:[a-z]+|[0-9]+)){1,3}[ ]?,?|[ ]?[(][^()\n]{1,30}[)])?"
_PLEASED: Final = r"(?:(?:muito[ ])?prazer|a[ ]?o?[ ]seu[ ]dispor|as[ ]ordens)"
# Whoever says these afterwards gave their name, known or not.
NAMED_BEFORE: Final = re.compile(
    rf"[ ]?[,.;:!-]?[ ]?(?:{_PLEASED}[ ]?[,.;!-][ ]?)?(?:"
    rf"(?:{_IS}[ ]|ess[ea][ ]|est[ea][ ]|assim[ ]){{1,3}}(?:o[ ])?meu[ ](?:nome|apelido)\b"
    rf"|(?:(?:{_IS}[ ])?(?:assim|como|desse[ ]jeito)[ ](?:e[ ])?)?(?:que[ ])?(?:eu[ ])?me[ ](?:chamo|xamo)\b(?![ ](?:[a-z]|:))"
    rf"|(?:{_IS}[ ])?(?:assim|como)[ ](?:que[ ])?(?:todos|todo[ ]mundo|o[ ]pessoal|geral|a[ ]galera)?[ ]?me[ ](?:chamam?|conhecem?)\b"
    rf"|(?:{_IS}[ ])?(?:como|assim)[ ](?:que[ ])?(?:eu[ ])?(?:gosto[ ]de[ ]|prefiro[ ]|quero[ ])(?:que[ ]me[ ]chamem|ser[ ]chamad[oa])\b"
    rf"|o[ ]meu[ ]nome(?=[ ]?(?:[,.!;\n]|\Z))|meu[ ]nome(?=[ ]?(?:[,.!;\n]|\Z))"
    r")"
)
AFTERWARDS: Final = re.compile(
    rf"{_FROM}(?:[ ](?:por[ ])?{_HERE}(?![ ]?(?:em|no|na|tem|esta|ta|e|eh|vc|vcs|voce|voces|mora|que|trabalha|fica|nao|disse|"
    r"me|da[ ]pra|do[ ]lado|de[ ]casa|perto|vende|vendem)\b)"
    rf"|[ ]?,[ ]{_HERE}[ ]?(?=[,.!\n]|\Z)"
    rf"|[ ]?,?[ ](?:falando|na[ ](?:area|linha|escuta)|quem[ ](?:(?:ta|esta)[ ])?{_SPEAKS}|que[ ](?:ta|esta)[ ](?:falando|escrevendo)|que[ ](?:vos[ ])?(?:fala|escreve)|"
    rf"escrevendo|se[ ]apresentando|outra[ ]vez|novamente)\b(?![ ](?:aqui[ ])?(?:e|eh|sou)\b|[ ]?:)"
    rf"|[ ]?,?[ ]{_IS}[ ](?:o[ ])?meu[ ]nome\b)"
)
# The same where nobody was greeted by that name.
PLEASED: Final = re.compile(rf"[ ]?,[ ]{_PLEASED}[ ]?(?=[,.!\n]|\Z)")
# A whole name before what only its bearer can say: "Ana Lima, moro em Santos".
FIRST_PERSON: Final = re.compile(
    r"[ ]?[,.;-]{1,2}[ ]?(?:eu[ ])?(?:moro|sou|resido|trabalho|nasci|nascid[oa]|[0-9]{2}[ ]anos|solteir[oa]|casad[oa]|divorciad[oa]|"
    r"viuv[oa]|brasileir[oa]|cliente[ ](?:de|ha|desde))\b"
)
# A name that closes a message: "…\n\nAna Lima", "… - Ana Lima".
SIGNED: Final = re.compile(r"(?:\n[ ]*\n[ ]*(?:-{1,2}[ ]?)?|[\n.!?][ ]*-{1,2}[ ]?)(?=[a-z])")
# What turns an introduction into its opposite, or makes it somebody else's.
NEGATED: Final = re.compile(
    r"(?:nao|nunca|n|quem|se|nem|acho[ ]que|nome[ ]da|nome[ ]do|dele|dela|vc|voce|ele|ela|quem[ ][a-z]+)[ ]\Z"
)
