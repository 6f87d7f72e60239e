"""Who thinks about a turn: the first thinker that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, Step, Thinker
from runtime.agent.errors import CannotThink


class FirstThatCan:
    """A `Thinker` made of thinkers, asked in order. The last one should never fail."""

    def __init__(self, thinkers: Sequence[Thinker]) -> None:
        self._thinkers = tuple(thinkers)

    async def decide(self, context: TurnContext) -> Decision:
        """The first decision, with the steps of those who could not before its own.

        Raises:
            CannotThink: the last thinker's, when none of them could.
        """
        steps: list[Step] = []
        fault = CannotThink("gave_up", "there is no thinker")
        for thinker in self._thinkers:
            try:
                decision = await thinker.decide(context)
            except CannotThink as error:
                fault = error
                steps.append(Step(error.reason, error.detail))
            else:
                return replace(decision, steps=(*steps, *decision.steps))
        raise fault
