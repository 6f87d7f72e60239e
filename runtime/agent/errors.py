"""What keeps a turn from being decided.

AgentError
└── CannotThink    a thinker cannot decide this turn; `.reason` is a reason code
"""

from __future__ import annotations


class AgentError(Exception):
    """Base of the agent's own errors."""


class CannotThink(AgentError):
    """A thinker cannot decide this turn: not configured, disabled, down, out of budget, refused."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
