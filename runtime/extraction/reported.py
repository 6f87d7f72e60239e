"""Words that the writer repeats as another's: nobody introduces themselves by them."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.folding import Folded

# How many characters back a report is looked for, and how far a quotation may reach.
_REACH: Final = 60
_QUOTE_REACH: Final = 240
# A quotation so close to both ends of the text is all of it.
_EDGE: Final = 3
_QUOTES: Final = {'"': '"', "“": "”", "”": "”", "„": "”", "«": "»", "'": "'"}
_SAYING: Final = (
    r"(?:falou|falava|falaram|fala|falando|disse|disseram|diz|dizia|dizendo|respondeu|responderam|repetiu|gritou|afirmou|"
    r"escreveu|escreveram|mandou|mandaram|atendeu|atenderam|ligou|ligaram|se[ ]apresentou|se[ ]identificou)"
)
_BETWEEN: Final = r"(?:[ ](?:assim|que|pra[ ]mim|me|isso|la|aqui|so|tipo|falando|dizendo|(?:um|uma)[ ](?:audio|mensagem|msg)))*"
_SAID_BY_ANOTHER: Final = re.compile(
    rf"(?<![a-z])(?:(?:falou|disse|disseram|falaram|respondeu|responderam|dizendo|diz|dizia){_BETWEEN}[ ]?[,:]?"
    rf"|{_SAYING}{_BETWEEN}[ ]?:|(?:ligou|ligaram|atendeu|mensagem|msg|audio|gravacao|voz|recado)[ ](?:dizendo|falando|diz|que[ ]diz(?:ia)?){_BETWEEN}[ ]?[,:]?)[ ]*[\"']?"
    r"(?:(?:oi|ola|alo|bom[ ]dia|boa[ ]tarde|boa[ ]noite|tudo[ ]bem)[ ]?[,.!?]?[ ]*){0,2}(?:eu[ ])?\Z"
)
_SO_SAID_ANOTHER: Final = re.compile(
    r"(?:[ ][a-z]+){0,3}[ ]?[,\"'”»-]+[ ]?(?:disse|falou|diz|respondeu|dizia|gritou)[ ](?:el[ea]|[oa])(?![a-z])"
)
_SAID_BY_ME: Final = re.compile(
    r"(?<![a-z])(?:eu|ja|como|te|lhe|vc|voce|quem|nao)[ ](?:(?:ja|te|lhe|so|aqui)[ ])*(?:disse|falou|diz|falando|fala"
    r"|dizendo|mandou|escreveu)[^.!?\n]{0,20}\Z"
    r"|(?<![a-z])(?:falei|escrevi|assino|assinei|digo|digitei|mandei|respondi)[^.!?\n]{0,20}\Z"
)


def reported(folded: Folded, start: int, end: int) -> bool:
    """Whether a stretch stands within quotation marks, or right behind "ela disse"."""
    plain = folded.plain
    before = plain[max(0, start - _REACH) : start]
    if _SAID_BY_ME.search(before.rstrip("\"'“”„« :,")):
        return False
    return (
        _quoted(plain, start, end)
        or _SAID_BY_ANOTHER.search(before) is not None
        or _SO_SAID_ANOTHER.match(plain, end) is not None
    )


def _quoted(plain: str, start: int, end: int) -> bool:
    """Whether a stretch is part of what is quoted, where not the whole text is."""
    line = plain.rfind("\n", max(0, start - _QUOTE_REACH), start) + 1 or max(
        0, start - _QUOTE_REACH
    )
    for at in range(start - 1, max(line, start - _REACH) - 1, -1):
        closing = _QUOTES.get(plain[at])
        if closing is None or (plain[at] == "'" and at > line and plain[at - 1] not in " :,"):
            continue
        closed = plain.find(closing, end, end + _QUOTE_REACH)
        opened = plain[at] != closing or plain.count(plain[at], line, at + 1) % 2 == 1
        whole = at < _EDGE and len(plain) - closed <= _EDGE
        return opened and closed >= 0 and not whole
    return False
