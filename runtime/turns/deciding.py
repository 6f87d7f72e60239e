"""Who thinks about a turn: a model, and the rules where it cannot, or must not."""

from __future__ import annotations

from dataclasses import replace

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, Step, Thinker
from runtime.agent.errors import CannotThink
from runtime.agent.triggers import handoff_trigger
from runtime.agent.utterances import has_words


class Deciding:
    """A `Thinker` of two. `rules` never fails."""

    def __init__(self, model: Thinker, rules: Thinker) -> None:
        self._model = model
        self._rules = rules

    async def decide(self, context: TurnContext) -> Decision:
        """The model's decision; the rules' where they alone have the say, or the model cannot.

        Words that hand over hold whatever a model would make of them, and cost no token; so does a
        burst without words. Steps tell who could not decide, and why.
        """
        if is_for_rules(context):
            return await self._rules.decide(context)
        try:
            return await self._model.decide(context)
        except CannotThink as error:
            decision = await self._rules.decide(context)
            cannot = Step(str(error.reason), error.detail)
            return replace(decision, steps=(cannot, *decision.steps))


def is_for_rules(context: TurnContext) -> bool:
    """Whether the rules alone decide this turn."""
    handoff = context.centurion.handoff
    if not has_words(context.question):
        return True
    if not handoff.enabled:
        return False
    return (
        context.failures >= handoff.after_failures
        or handoff_trigger(context.question, handoff.words) is not None
    )
