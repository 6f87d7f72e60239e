"""Notices a reply that shows a customer what only the model should see. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from runtime.agent.folding import words
from runtime.openai.fence import Fence

_RULES_RUN, _PROMPT_RUN = 10, 40
"""So many words in a row are no chance. A company's own prompt has sentences meant for customers."""
_TRACES = re.compile(r'</?think|"(?:reply|handoff|silence)"\s*:|\bturn_decision\b', re.IGNORECASE)


def leak(reply: str, *, rules: str, prompt: str, fence: Fence) -> str | None:
    """What the reply gives away, or None. `rules` are ours, `prompt` is the company's."""
    if fence.shows_in(reply):
        return "the marks around data"
    if _TRACES.search(reply):
        return "the form of the answer"
    said = words(reply)
    if _shares_run(said, rules, _RULES_RUN):
        return "the system prompt"
    if _shares_run(said, prompt, _PROMPT_RUN):
        return "the centurion's prompt"
    return None


def _shares_run(said: list[str], kept: str, length: int) -> bool:
    runs = (" ".join(said[at : at + length]) for at in range(len(said) - length + 1))
    return any(f" {run} " in _plain(kept) for run in runs)


@lru_cache(maxsize=256)
def _plain(kept: str) -> str:
    """A text's words in one line, a space around each: the same for every reply to its customers."""
    return f" {' '.join(words(kept))} "
