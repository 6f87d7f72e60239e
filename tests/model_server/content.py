"""What a chat completion or a response is to say, before it takes the shape of either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.model_server.misbehaviours import Kind, Misbehave
from tests.model_server.protocol import Seen, count_tokens, pieces, prompt_tokens


@dataclass(frozen=True, slots=True)
class Content:
    """The text or the refusal, and how it ended."""

    text: str = ""
    refusal: str | None = None
    cut_by: Literal["length", "content_filter"] | None = None
    failure: tuple[str, str] | None = None
    """Code and message, of a response that failed."""
    input_tokens: int = 0

    @property
    def said(self) -> str:
        """The text or the refusal's text."""
        return self.text if self.refusal is None else self.refusal

    @property
    def output_tokens(self) -> int:
        """How many tokens were said."""
        return count_tokens(self.said)


def content_of(seen: Seen, text: str, misbehave: Misbehave | None) -> Content:
    """The right text as a misbehaviour and the request's own limit leave it."""
    kind, message, code = (
        (misbehave.kind, misbehave.message, misbehave.code) if misbehave else (None, None, None)
    )
    tokens = prompt_tokens(seen)
    if kind is Kind.REFUSAL:
        return Content(refusal=message or "I'm sorry, I can't help with that.", input_tokens=tokens)
    if kind is Kind.EMPTY:
        text = ""
    elif kind is Kind.NOT_JSON:
        text = message or "Sure! Here is what you asked for: {reply"
    elif kind is Kind.WRONG_SCHEMA:
        text = message or '{"unexpected": [1, 2, 3]}'
    elif kind is Kind.FAILED:
        failure = (code or "server_error", message or "The model failed.")
        return Content(failure=failure, input_tokens=tokens)
    cut = pieces(text)
    limit = seen.max_tokens if seen.max_tokens is not None else len(cut)
    if kind in (Kind.LENGTH, Kind.CONTENT_FILTER):
        limit = min(limit, len(cut) // 2)
    cut_by: Literal["length", "content_filter"] | None = None
    if kind is Kind.CONTENT_FILTER:
        cut_by = "content_filter"
    elif kind is Kind.LENGTH or limit < len(cut):
        cut_by = "length"
    return Content("".join(cut[:limit]), cut_by=cut_by, input_tokens=tokens)
