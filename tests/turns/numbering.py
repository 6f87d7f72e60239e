"""How the model server thinks in the coverage run: each answer can be told from every other."""

from __future__ import annotations

from tests.model_server.brain import Reply, json_reply
from tests.model_server.protocol import Seen

_NOTHING = {"wanted": False, "reason": "", "brief": ""}


def answer(seen: Seen) -> Reply:
    """Names its call in each of its paragraphs; every fourth answer has three of them."""
    paragraphs = 3 if seen.number % 4 == 0 else 1
    said = [f"#{seen.number}.{place}# {'olá ' * 9}".strip() for place in range(1, paragraphs + 1)]
    return json_reply(
        {
            "reply": "\n\n".join(said),
            "facts": [],
            "criteria": [],
            "handoff": _NOTHING,
            "silence": {"wanted": False, "reason": ""},
            "confidence": 0.9,
            "citations": [],
        }
    )
