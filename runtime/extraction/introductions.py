"""The phrases by which people introduce themselves, before and after their name."""

from __future__ import annotations

import re
from typing import Final

_IS: Final = r"(?:e|eh|he)(?![a-z])"
_NAME_IS: Final = rf"(?:[ ]?[:=][ ]?|[ ]{_IS}[ ]?:?[ ]?|[ ]seria[ ])"
_HERE: Final = r"(?:aqui|aki|aqi|aq)(?![a-z])"
_SPEAKS: Final = r"(?:fala|falando|escreve|escrevendo|vos[ ]fala|te[ ]fala|manda[ ]mensagem)"
_SPEAKER: Final = rf"(?:quem[ ])?(?:(?:ta|esta|tava)[ ])?{_SPEAKS}(?:[ ]{_HERE})?"
_GREETING: Final = (
    r"(?:oi+e?|ola+|opa|fala(?:[ ](?:ai|galera|pessoal|moca|moco))?|e[ ]?ai|alo|bom[ ]di+a+|boa[ ]tarde+|boa[ ]noite+|"
    r"tudo[ ]bem|td[ ]bem|blz|gente|pessoal)"
)

# Whoever says these gives their name, whatever word follows.
SURE: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:me|mi)[ ](?:chamo|xamo)(?:[ ]?:[ ]?|[ ]+)|mechamo[ ]+|chamo[ -]me[ ]"
    rf"|(?<!do[ ])(?<!no[ ])meu[ ](?:primeiro[ ])?(?:nome|nomi|nm)(?:[ ](?:completo|todo|inteiro|social|artistico|"
    rf"de[ ](?:batismo|solteira|guerra)))?{_NAME_IS}"
    rf"|meu[ ]apelido[ ]{_IS}[ ]"
    r"|(?<![a-z][ ])nome(?:[ ](?:completo|social))?[ ]?[:=-][ ]?"
    rf"|(?:meu[ ]nome|{_HERE})[ ]nao[ ]{_IS}[ ](?:[oa][ ])?[a-z]+(?:[ ][a-z]+)?[ ]?,[ ]{_IS}[ ](?:sim[ ])?(?:[oa][ ])?"
    r")"
)
# These are also said of trades and relations: what follows must look like a name.
LIKELY: Final = re.compile(
    r"(?<![a-z])(?:"
    r"(?:sou|so)[ ](?:eu(?:[ ]de[ ]novo)?[ ]?,?[ ])?(?:[oa][ ])?"
    rf"|{_HERE}[ ](?:{_IS}|fala|{_SPEAKER}[ ]{_IS})[ ](?:[oa][ ])?"
    rf"|{_SPEAKER}[ ]{_IS}[ ](?:[oa][ ])?"
    r"|(?:me[ ]cham(?:a|am|e|em)|podem?[ ](?:me[ ])?chamar|me[ ]conhecem?|me[ ]conhecido)[ ](?:so[ ])?(?:de|por|como)[ ]"
    r"|meu[ ](?:nome|nm)[ ]|(?<![a-z][ ])nome[ ]"
    r"|(?:se[ ])?lembra[ ]de[ ]mim[ ]?[,?:][ ](?:[oa][ ])?"
    r"|prazer[,!: ]{1,3}(?:[oa][ ])?"
    r"|(?:assinado|ass|att|atenciosamente|atte|cordialmente|abs|abracos?|grat[oa]|obrigad[oa]|obg|bjs|beijos?)[ ]?[,:.!]?"
    r"[ ]?\n+[ ]?(?:-[ ]?)?"
    r"|(?:assinado|assino|ass|att|atenciosamente|atte|cordialmente)[ ]?[,:.][ ]?"
    r")"
)
# "É a Carla": only where a message starts with it, and asks nothing.
OPENING: Final = re.compile(
    rf"(?:^|[\n.!?]|(?<![a-z]){_GREETING}[ ]?[,.!:)]{{0,3}})[ ]*{_IS}[ ](?:eu[ ]?,?[ ])?[oa][ ](?=[a-z])"
)
# "Eu, Ana Lima, declaro", "aqui Ana Paula, do financeiro": a known name, closed by a comma.
ENCLOSED: Final = re.compile(
    rf"(?:^|[\n.!?]|(?<![a-z]){_GREETING}[ ]?[,.!]{{0,3}})[ ]*(?:eu[ ]?,|{_HERE})[ ](?=[a-z])"
)
CLOSED: Final = re.compile(r"[ ]?(?:[,.!;\n]|\Z|[ ]d[ao][ ])")

# Where a name may start that is announced only afterwards.
STARTS: Final = re.compile(
    rf"(?:^|[.!?,;:)\n]|(?<![a-z])(?:{_GREETING}|{_IS})[ ])[ ]*(?:[oa][ ])?(?=[a-z])"
)
_FROM: Final = r"(?:[ ]?,?[ ]d[aeo][ ][a-z]+(?:[ ][a-z]+)?[ ]?,?)?"
AFTERWARDS: Final = re.compile(
    rf"{_FROM}(?:[ ](?:por[ ])?{_HERE}(?![ ]?(?:em|no|na|tem|esta|ta|e|eh|vc|vcs|voce|voces|mora|que|trabalha|fica|nao|disse|"
    r"me|da[ ]pra|do[ ]lado|de[ ]casa|perto|vende|vendem)\b)"
    rf"|[ ]?,[ ]{_HERE}[ ]?(?=[,.!\n]|\Z)"
    rf"|[ ]?,?[ ](?:falando|na[ ]area|quem[ ]{_SPEAKS}|que[ ](?:ta|esta)[ ]falando|que[ ]fala)\b"
    rf"|[ ]?,?[ ]{_IS}[ ](?:o[ ])?meu[ ]nome\b)"
)
# What turns an introduction into its opposite, or makes it somebody else's.
NEGATED: Final = re.compile(
    r"(?:nao|nunca|n|quem|se|nem|acho[ ]que|nome[ ]da|nome[ ]do|dele|dela|vc|voce|ele|ela|quem[ ][a-z]+)[ ]\Z"
)
