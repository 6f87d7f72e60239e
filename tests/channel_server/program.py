"""What the server does with the next requests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

Deed = Literal[
    "accept",
    "late",
    "refuse",
    "fail_before",
    "fail_after",
    "cut_before",
    "cut_after",
    "cut_in_status",
    "cut_in_body",
    "late_in_body",
]
DEEDS: tuple[str, ...] = get_args(Deed)
ACCEPTING = frozenset(DEEDS) - {"refuse", "fail_before", "cut_before"}
"""The deeds after which the message is delivered, whatever the sender is told."""


@dataclass(frozen=True, slots=True)
class Step:
    """One deed, `times` times; with `conversation` only for requests of that conversation.

    `late` accepts at once and answers only when released, `late_in_body` half-way. `status` is that of `refuse` (422),
    `fail_before` and `fail_after` (500); `headers` and `body` go with the answer, `body` instead of
    the usual JSON.
    """

    deed: Deed = "accept"
    times: int = 1
    conversation: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None

    def answer_status(self) -> int:
        """The status of its answer."""
        if self.deed == "refuse":
            return self.status or 422
        return self.status or (500 if self.deed.startswith("fail") else 200)


@dataclass(slots=True)
class Program:
    """The steps to come, in order; without any, everything is accepted."""

    steps: list[Step] = field(default_factory=list)

    def next(self, conversation: str | None) -> Step:
        """Use one turn of the first step that is for this conversation."""
        for index, step in enumerate(self.steps):
            if step.conversation in (None, conversation):
                left = [replace(step, times=step.times - 1)] if step.times > 1 else []
                self.steps[index : index + 1] = left
                return step
        return Step()

    def add(self, steps: list[Step]) -> None:
        """Behind those that are left."""
        self.steps += steps


def parsed(told: list[dict[str, Any]]) -> list[Step]:
    """Steps from JSON.

    Raises:
        ValueError: an unknown deed or key, or a number of times below 1.
    """
    try:
        steps = [Step(**one) for one in told]
    except TypeError as error:
        raise ValueError(str(error)) from error
    for step in steps:
        if step.deed not in DEEDS or step.times < 1:
            raise ValueError(f"{step.deed} {step.times}: one of {', '.join(DEEDS)}, at least once")
    return steps
