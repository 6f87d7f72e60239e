"""How a turn is decided without a model: by rules alone, the same turn always in the same way.

In this order, and the first that fits decides: nothing written → silence; no more messages wanted →
silence; a trigger or too many failures → a human; mere laughter → silence; what the customer is
talking to; a thank-you or a
goodbye → a short closing; a greeting → a greeting; a passage of the company's knowledge → the part
that answers; the next required fact that is not known → the question for it; nothing left to ask →
a human, or the honest word that it is not known. Facts found in the burst are told in any case.
"""

from __future__ import annotations

from runtime.agent.asking import asked_last, next_to_ask
from runtime.agent.burst_facts import burst_facts
from runtime.agent.composing import REPLY_CHARS, Voice, joined
from runtime.agent.consent import consent_of
from runtime.agent.context import TurnContext
from runtime.agent.decision import Citation, Decision, HandoffWish, Step
from runtime.agent.excerpts import excerpt, spoken
from runtime.agent.fact_names import known_facts
from runtime.agent.own_words import Extract
from runtime.agent.reasons import Reason
from runtime.agent.triggers import Trigger, handoff_trigger
from runtime.agent.utterances import (
    Courtesy,
    asks,
    asks_what_i_am,
    begins_with_greeting,
    courtesy,
    ends_with_thanks,
    has_words,
    is_greeting,
    is_noise,
    refuses,
)
from runtime.companies.config import Criterion


class DeterministicThinker:
    """Decides by rules, where no model can; never raises `CannotThink`."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract

    async def decide(self, context: TurnContext) -> Decision:
        """The decision that the rules come to."""
        return decide_by_rules(context, self._extract)


def decide_by_rules(context: TurnContext, extract: Extract) -> Decision:
    """The decision of a turn; `extract(text, *, today)` finds the facts in a text."""
    if not has_words(context.question):
        return Decision("rules", silence=Reason.NOTHING_TO_ANSWER, reason=Reason.NOTHING_TO_ANSWER)
    return _Turn(context, extract).decide()


def hand_over_by_rules(context: TurnContext, extract: Extract, reason: Reason) -> Decision:
    """A handoff for a reason that the rules did not find themselves, told to the customer."""
    return _Turn(context, extract).to_human(reason, f"handoff_{reason}")


class _Turn:
    """One turn on its way to a decision."""

    def __init__(self, context: TurnContext, extract: Extract) -> None:
        self.context = context
        self.asked: Criterion | None = asked_last(context)
        self.new = burst_facts(context, extract, self.asked)
        self.known = known_facts([*context.facts.values(), *self.new])
        self.voice = Voice(context, self.known)
        self.next: Criterion | None = next_to_ask(context, self.known)
        self.told_by_customer = any(fact.evidence in context.question for fact in self.new)
        self.steps = [Step("fact", f"{fact.name}: {fact.evidence}") for fact in self.new]

    def decide(self) -> Decision:
        return (
            self._leave_alone()
            or self._hand_over()
            or self._pass_over()
            or self._be_polite()
            or self._quote_knowledge()
            or self._ask()
            or self._give_up()
        )

    # What ends the automatic service.

    def _leave_alone(self) -> Decision | None:
        consent = consent_of(self.context.burst)
        if consent is None or consent.wants != "out":
            return None
        self.steps.append(Step("opted_out", consent.quote))
        trigger = handoff_trigger(self.context.question, self.context.centurion.handoff.words)
        wish = None
        if trigger is not None and self.context.centurion.handoff.enabled:
            wish = HandoffWish(trigger.reason, self.voice.brief(trigger.reason, trigger))
        return self._decision(None, Reason.OPTED_OUT, handoff=wish)

    def _hand_over(self) -> Decision | None:
        handoff = self.context.centurion.handoff
        trigger = handoff_trigger(self.context.question, handoff.words)
        if trigger is not None:
            self.steps.append(Step("trigger", f"{trigger.reason}: {trigger.quote}"))
        if handoff.enabled:
            if trigger is not None:
                return self.to_human(trigger.reason, f"handoff_{trigger.reason}", trigger)
            if self.context.failures >= handoff.after_failures:
                return self.to_human(Reason.REPEATED_FAILURE, "handoff_repeated_failure")
        elif trigger is not None and trigger.reason is Reason.ASKED_FOR_HUMAN:
            reply = joined(self.voice.say("no_human"), self._question())
            return self._decision(reply, Reason.DID_NOT_KNOW)
        return None

    def to_human(self, reason: Reason, phrase: str, trigger: Trigger | None = None) -> Decision:
        """Hand over, and say so."""
        wish = HandoffWish(reason, self.voice.brief(reason, trigger))
        return self._decision(self.voice.handing_over(phrase), reason, handoff=wish)

    def _pass_over(self) -> Decision | None:
        """Laughter is answered only where an answer was waited for."""
        if self.asked or not is_noise(self.context.question):
            return None
        return self._decision(None, Reason.NOTHING_TO_ANSWER)

    # Courtesies.

    def _be_polite(self) -> Decision | None:
        said = self.context.question
        if asks_what_i_am(said):
            offers = self.context.centurion.handoff.enabled
            reply = self.voice.say("is_a_robot" if offers else "is_a_robot_alone")
        elif polite := self._courtesy():
            reply = self.voice.say(polite)
        elif is_greeting(said):
            hello = self.voice.say("greeting" if self.voice.is_first else "greeting_again")
            reply = joined(hello, self._question() or self.voice.say("how_can_i_help"))
        elif (consent := consent_of(self.context.burst)) and consent.wants == "in":
            self.steps.append(Step("opted_in", consent.quote))
            back = self.voice.say("welcome_back")
            reply = joined(back, self._question() or self.voice.say("how_can_i_help"))
        else:
            return None
        return self._decision(reply, Reason.GREETED)

    def _courtesy(self) -> Courtesy | None:
        said = self.context.question
        polite = courtesy(said)
        if polite == "agreed" and self.asked and self.next:
            # "ok" to our question is no answer yet, and no goodbye.
            return None
        if polite is None and not self.told_by_customer and ends_with_thanks(said):
            return "thanked"
        return polite

    # Answers and questions.

    def _quote_knowledge(self) -> Decision | None:
        said = self.context.question
        only_answers = bool(self.told_by_customer or (self.asked and refuses(said)))
        if (only_answers and not asks(said)) or courtesy(said) or is_noise(said):
            return None
        for passage in self.context.passages:
            quote = excerpt(said, passage.text)
            if not has_words(quote) or self.voice.said_lately(spoken(quote)):
                continue
            answer = joined(self._opening(), self.voice.quoting(passage.title, spoken(quote)))
            if len(answer) < REPLY_CHARS and (question := self._question()):
                answer = f"{answer}\n\n{question}"
            self.steps.append(Step("passage", f"{passage.title} ({passage.score:.2f})"))
            citation = Citation(passage.document_id, passage.version, passage.chunk, quote)
            return self._decision(answer, Reason.ANSWERED_FROM_KNOWLEDGE, citations=(citation,))
        return None

    def _ask(self) -> Decision | None:
        question = self._question()
        if question is None:
            return None
        unknown = None
        if asks(self.context.question) and not (self.asked and refuses(self.context.question)):
            team = self.context.centurion.handoff.enabled
            unknown = self.voice.say("did_not_know_team" if team else "did_not_know")
        reply = joined(self._opening(), unknown, question)
        return self._decision(reply, Reason.ASKED_FOR_FACT)

    def _give_up(self) -> Decision:
        unanswered = asks(self.context.question)
        if self.context.centurion.handoff.enabled:
            reason = Reason.NOTHING_LEFT_TO_ASK
            return self.to_human(
                reason, "handoff_unanswered" if unanswered else f"handoff_{reason}"
            )
        if self.told_by_customer and not unanswered:
            return self._decision(self.voice.say("agreed"), Reason.GREETED)
        return self._decision(self.voice.say("did_not_know_alone"), Reason.DID_NOT_KNOW)

    def _question(self) -> str | None:
        if self.next is None:
            return None
        self.steps.append(Step("ask", self.next.key))
        return self.voice.question(self.next)

    def _opening(self) -> str | None:
        """What is said before the matter itself: to a greeting, to a name, to an answer."""
        if any(fact.name == "name" for fact in self.new) and self.voice.knows_name:
            return self.voice.say("pleased")
        if self.voice.is_first and begins_with_greeting(self.context.question):
            return self.voice.say("hello")
        if self.told_by_customer:
            return self.voice.say("noted")
        refused = self.asked and refuses(self.context.question)
        return self.voice.say("no_problem") if refused else None

    def _decision(
        self,
        reply: str | None,
        reason: Reason,
        *,
        handoff: HandoffWish | None = None,
        citations: tuple[Citation, ...] = (),
    ) -> Decision:
        return Decision(
            "rules",
            reply=reply,
            facts=self.new,
            handoff=handoff,
            silence=None if reply else reason,
            reason=reason,
            citations=citations,
            steps=tuple(self.steps),
        )
