"""Cuts a document into passages that stand for themselves. Pure."""

from __future__ import annotations

import re

MOST_CHARS = 800
"""A passage's length at most, in characters; one word alone may be longer."""

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCES = re.compile(r"(?<=[.!?…:;])\s+|\n")
_WORDS = re.compile(r"\s+")


def chunks(body: str, most: int = MOST_CHARS) -> list[str]:
    """The passages of a text, in its order: whole paragraphs while they fit, else sentences.

    Never cuts within a word; every word of the text is in exactly one passage.
    """
    pieces: list[tuple[str, str]] = []
    for paragraph in _PARAGRAPHS.split(body.strip()):
        pieces.extend(_pieces(paragraph.strip(), most))
    return _packed(pieces, most)


def _pieces(paragraph: str, most: int) -> list[tuple[str, str]]:
    """What must stay whole, each with what joins it to the piece before."""
    if len(paragraph) <= most:
        return [("\n\n", paragraph)] if paragraph else []
    pieces: list[tuple[str, str]] = []
    for sentence in map(str.strip, _SENTENCES.split(paragraph)):
        whole = [sentence] if len(sentence) <= most else _WORDS.split(sentence)
        pieces.extend((" ", piece) for piece in whole if piece)
    # A long paragraph begins a passage of its own.
    return [("", pieces[0][1]), *pieces[1:]]


def _packed(pieces: list[tuple[str, str]], most: int) -> list[str]:
    passages: list[str] = []
    for joint, piece in pieces:
        if passages and joint and len(passages[-1]) + len(joint) + len(piece) <= most:
            passages[-1] += joint + piece
        else:
            passages.append(piece)
    return passages
