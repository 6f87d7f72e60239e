"""What can go wrong with one call.

ModelCallError
├── CallFault    the call failed, or was not made; `.reason` is a reason code
└── BadOutput    the model answered, and the answer cannot be used; it was paid for
"""

from __future__ import annotations

from runtime.agent.reasons import Reason


class ModelCallError(Exception):
    """Base of the errors of calls."""


class CallFault(ModelCallError):
    """A call failed or was not made.

    `retry_after_s` is what the server asked for. `may_have_cost` says that the outcome is not known:
    the request may have reached the model, whose answer was lost.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        retry_after_s: float | None = None,
        may_have_cost: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retryable = retryable
        self.status = status
        self.retry_after_s = retry_after_s
        self.may_have_cost = may_have_cost


class BadOutput(ModelCallError):
    """The answer is empty, cut, not of the agreed shape, or says what a customer must not see."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
