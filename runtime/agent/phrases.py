"""What the rules say to people, by locale; which of several wordings is settled by the turn's id.

The wordings stand in `phrases.<locale>.toml`, under the same names. `{comma_name}` is ", Ana" where
the name is known and nothing where it is not. None of them holds a word of the inside.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from uuid import UUID

LOCALES = ("pt-BR", "en")
"""The locales that there are phrases for."""


@cache
def wordings_of(locale: str) -> Mapping[str, tuple[str, ...]]:
    """All phrases of a locale as they are written; those in English for one that is unknown."""
    known = locale if locale in LOCALES else "en"
    text = files("runtime.agent").joinpath(f"phrases.{known}.toml").read_text(encoding="utf-8")
    return {name: tuple(wordings) for name, wordings in tomllib.loads(text).items()}


def variants(name: str, locale: str, /, **values: str) -> tuple[str, ...]:
    """All wordings of a phrase, filled in; an unknown locale is spoken to in English.

    Raises:
        KeyError: there is no such phrase, or a value that it needs is not given.
    """
    return tuple(wording.format_map(values) for wording in wordings_of(locale)[name])


def has(name: str, locale: str) -> bool:
    """Whether there is a phrase of that name."""
    return name in wordings_of(locale)


def say(name: str, locale: str, turn_id: UUID, /, *, unlike: str = "", **values: str) -> str:
    """One wording, the same for the same turn; one that `unlike` holds is avoided where possible.

    Raises:
        KeyError: as `variants`.
    """
    wordings = variants(name, locale, **values)
    digest = hashlib.sha256(turn_id.bytes + name.encode()).digest()
    first = int.from_bytes(digest[:4], "big") % len(wordings)
    turned = wordings[first:] + wordings[:first]
    return next((wording for wording in turned if wording not in unlike), turned[0])


def listed(items: Sequence[str], locale: str) -> str:
    """Items as one reads them: "a, b e c"."""
    if len(items) < 2:
        return "".join(items)
    (last,) = variants("and", locale)
    return f"{', '.join(items[:-1])}{last}{items[-1]}"


def summary(
    locale: str, *, met: Sequence[str], missing: Sequence[str], score: float, threshold: float
) -> str:
    """A scoring in words: how many criteria are met, which, and what is missing."""
    values = {
        "met": str(len(met)),
        "total": str(len(met) + len(missing)),
        "score": _percent(score),
        "threshold": _percent(threshold),
    }
    (text,) = variants("summary", locale, **values)
    for name, items in (("summary_met", met), ("summary_missing", missing)):
        if items:
            (part,) = variants(name, locale, items=listed(items, locale))
            text = f"{text} {part}"
    return text


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
