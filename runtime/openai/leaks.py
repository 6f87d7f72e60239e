"""Notices a reply that shows a customer what only the model should see. Pure."""

from __future__ import annotations

import re

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
    if _shares_run(said, words(rules), _RULES_RUN):
        return "the system prompt"
    if _shares_run(said, words(prompt), _PROMPT_RUN):
        return "the centurion's prompt"
    return None


def _shares_run(said: list[str], kept: list[str], length: int) -> bool:
    runs = {tuple(kept[at : at + length]) for at in range(len(kept) - length + 1)}
    return any(tuple(said[at : at + length]) in runs for at in range(len(said) - length + 1))
