"""Who thinks about a turn: a model, and the rules where it cannot, or must not."""

from __future__ import annotations

from dataclasses import replace

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, Step, Thinker
from runtime.agent.deterministic import DeterministicThinker, hand_over_by_rules
from runtime.agent.errors import CannotThink
from runtime.agent.own_words import Extract
from runtime.agent.reasons import Reason
from runtime.agent.triggers import handoff_trigger
from runtime.agent.utterances import has_words
from runtime.logs import get_logger

_log = get_logger(__name__)
_BY_CONFIGURATION = frozenset({Reason.OPENAI_NOT_CONFIGURED, Reason.OPENAI_DISABLED})
_TOLD_WHOLE = _BY_CONFIGURATION | {
    Reason.OPENAI_BUDGET_EXHAUSTED,
    Reason.OPENAI_BREAKER_OPEN,
}
"""Reasons whose detail is in our own words; a server's may repeat what it was sent."""


class Deciding:
    """A `Thinker` of two; the rules, which find facts with `extract`, never fail."""

    def __init__(self, model: Thinker, extract: Extract) -> None:
        self._model = model
        self._extract = extract
        self._rules = DeterministicThinker(extract)

    async def decide(self, context: TurnContext) -> Decision:
        """The model's decision; the rules' where they alone have the say, or the model cannot.

        Words that hand over hold whatever a model would make of them, and cost no token; so does a
        burst without words. Steps tell who could not decide, and why.
        """
        if is_for_rules(context):
            return await self._rules.decide(context)
        try:
            decision = await self._model.decide(context)
        except CannotThink as error:
            _tell(context, error)
            decision = await self._rules.decide(context)
            cannot = Step(str(error.reason), error.detail)
            return replace(decision, steps=(cannot, *decision.steps))
        return self._unless_unsure(context, decision)

    def _unless_unsure(self, context: TurnContext, decision: Decision) -> Decision:
        """An answer below the centurion's confidence is not said: a human is called instead."""
        rules, sure = context.centurion.handoff, decision.confidence
        least = rules.below_confidence
        if sure is None or least is None or sure >= least or not rules.enabled or decision.handoff:
            return decision
        called = hand_over_by_rules(context, self._extract, Reason.LOW_CONFIDENCE)
        step = Step(str(Reason.LOW_CONFIDENCE), f"{sure:g} is below {least:g}")
        return replace(
            decision,
            reply=called.reply,
            handoff=called.handoff,
            silence=None,
            citations=(),
            reason=Reason.LOW_CONFIDENCE,
            steps=(*decision.steps, step),
        )


def _tell(context: TurnContext, error: CannotThink) -> None:
    """Nothing else says why no model was asked: only a call that was made leaves an event."""
    reason = str(error.reason)
    log = _log.info if reason in _BY_CONFIGURATION else _log.warning
    log(
        "openai.not_used",
        company_id=context.company.id,
        conversation_id=context.conversation_id,
        turn_id=str(context.turn_id),
        reason=reason,
        detail=error.detail if reason in _TOLD_WHOLE else None,
    )


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
