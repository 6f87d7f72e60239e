"""E-mail addresses, written or spoken ("ana ponto lima arroba gmail ponto com ponto br")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, FORMED
from runtime.extraction.folding import Folded
from runtime.extraction.words import word_set

# Longest stretches on either side of the sign that are looked at: they keep the work linear.
_LOCAL_REACH: Final = 160
_DOMAIN_REACH: Final = 320

_SIGN: Final = re.compile(
    r"(?P<tight>(?<=[a-z0-9_+-])@(?=[a-z0-9]))"
    r"|(?P<spoken>(?:(?<=[ ])|(?<=[)\]]))[(\[]?(?:arroba|aroba)[)\]]?(?=[ ])"
    r"|(?<=[a-z0-9])[ ]?[(\[](?:arroba|at|@)[)\]][ ]?(?=[a-z0-9])"
    r"|(?<=[a-z0-9_-])(?:[ ]@[ ]?|@[ ])(?=[a-z0-9]))"
)
_LOCAL: Final = re.compile(r"[a-z0-9_][a-z0-9._%+-]*\Z")
_JOINT: Final = r"(?:ponto|underline|underscore|anderline|underlaine|traco|hifen|ifen)"
_SPOKEN_LOCAL: Final = re.compile(
    rf"(?<![a-z0-9._%+-])[a-z0-9_][a-z0-9._%+-]*(?:[ ]{_JOINT}[ ][a-z0-9][a-z0-9._%+-]*|[ ][0-9]{{1,8}})*[ ]?\Z"
)
# "ana underline lima@gmail.com": only words that say nothing else join here, "traco" and "ponto" may.
_HALF_SPOKEN: Final = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]*[ ](?:underline|underscore|anderline|underlaine)[ ]\Z"
)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?:\.[a-z]{{2,24}})(?![a-z0-9])")
_SPOKEN_DOMAIN: Final = re.compile(
    rf"[ ]?({_LABEL}(?:(?:[ ]ponto[ ]?|[ ]?\.[ ]?){_LABEL}){{1,4}})(?![a-z0-9])"
)
_SPOKEN_DOT: Final = re.compile(r"[ ]ponto[ ]?|[ ]?\.[ ]?")
_SAID: Final = {
    "ponto": ".", "traco": "-", "hifen": "-", "ifen": "-", "underline": "_", "underscore": "_",
    "anderline": "_", "underlaine": "_",
}  # fmt: skip
_TOP_LEVEL: Final = word_set(
    "com br net org gov edu info io app dev me biz co tv online site store tech ai pt us uk"
)
_GENERIC: Final = frozenset({"com", "net", "org"})


def find_emails(folded: Folded) -> Iterator[Candidate]:
    """Every address; one that lacks a domain with a dot is none."""
    reached = 0
    for sign in _SIGN.finditer(folded.plain):
        if sign.start() < reached:
            continue
        found = _written(folded.plain, sign) if sign["tight"] else _spoken(folded.plain, sign)
        if found is not None:
            reached = found.end
            yield found


def _written(plain: str, sign: re.Match[str]) -> Candidate | None:
    before = plain[max(0, sign.start() - _LOCAL_REACH) : sign.start()]
    local = _LOCAL.search(before)
    domain = _DOMAIN.match(plain, sign.end(), sign.end() + _DOMAIN_REACH)
    if local is None or len(local[0]) > 64:
        return None
    if domain is None:
        return _mixed(plain, sign, len(local[0]))
    end = sign.end() + len(_without_next_sentence(domain))
    start = sign.start() - len(local[0])
    spoken = _HALF_SPOKEN.search(plain, max(0, start - _LOCAL_REACH), start)
    if spoken is not None:
        value = f"{_say(spoken[0])}{plain[start:end]}"
        return Candidate("email", value, spoken.start(), end, EXPLICIT)
    return Candidate("email", plain[start:end], start, end, FORMED)


def _without_next_sentence(domain: re.Match[str]) -> str:
    """The domain without what was glued on: "ana@gmail.com.Obrigada"."""
    labels = domain[0].split(".")
    for count in range(2, len(labels)):
        generic = labels[count - 1] in _GENERIC and len(labels[count]) != 2
        if labels[count - 1] == "br" or generic:
            return ".".join(labels[:count])
    return domain[0]


def _mixed(plain: str, sign: re.Match[str], local_length: int) -> Candidate | None:
    """A written sign before a spoken domain: "ana@gmail ponto com"."""
    domain = _spoken_domain(plain, sign.end())
    if domain is None:
        return None
    value, end = domain
    start = sign.start() - local_length
    return Candidate("email", f"{plain[start : sign.start()]}@{value}", start, end, EXPLICIT)


def _spoken(plain: str, sign: re.Match[str]) -> Candidate | None:
    left = max(0, sign.start() - _LOCAL_REACH)
    local = _SPOKEN_LOCAL.search(plain, left, sign.start())
    domain = _spoken_domain(plain, sign.end())
    if local is None or domain is None:
        return None
    value, end = domain
    address = f"{_say(local[0])}@{value}"
    return Candidate("email", address, local.start(), end, EXPLICIT)


def _spoken_domain(plain: str, at: int) -> tuple[str, int] | None:
    domain = _SPOKEN_DOMAIN.match(plain, at, at + _DOMAIN_REACH)
    if domain is None:
        return None
    labels, ends = [], []
    position = domain.start(1)
    for label in _SPOKEN_DOT.split(domain[1]):
        position = plain.index(label, position) + len(label)
        labels.append(label)
        ends.append(position)
    last = max((at for at in range(1, len(labels)) if labels[at] in _TOP_LEVEL), default=0)
    return (".".join(labels[: last + 1]), ends[last]) if last else None


def _say(spoken: str) -> str:
    """A spoken local part as it is written; figures said apart belong to what precedes them."""
    parts = spoken.split()
    return "".join(_SAID.get(part, part) for part in parts)
