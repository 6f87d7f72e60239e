"""What of a model's decision holds against what was really said. Pure.

What does not hold is left out, and a step says so.
"""

from __future__ import annotations

from runtime.agent.context import Fact, TurnContext
from runtime.agent.decision import Citation, Decision, Finding, HandoffWish, Step, Usage
from runtime.agent.folding import words
from runtime.agent.reasons import Reason
from runtime.openai import quotes
from runtime.openai.errors import BadOutput
from runtime.openai.fence import escaped
from runtime.openai.leaks import leak
from runtime.openai.prompt import RULES, Prompt, fact_names
from runtime.openai.schema import StatedFact, TurnOutput

_HANDOFF_REASONS = {
    "asked_for_human": Reason.ASKED_FOR_HUMAN,
    "legal_or_fraud": Reason.LEGAL_OR_FRAUD,
}


def vetted(
    context: TurnContext, prompt: Prompt, output: TurnOutput, *, usage: Usage, steps: list[Step]
) -> Decision:
    """The decision, of what holds.

    Raises:
        BadOutput: the reply shows what a customer must not see.
    """
    reply = output.reply.strip()
    if (shown := _leak(context, prompt, reply)) is not None:
        raise BadOutput(f"the reply would show {shown}")
    steps = list(steps)
    handoff = _handoff(context, prompt, output, steps)
    silent = output.silence.wanted and not output.handoff.wanted
    if silent:
        steps.append(Step("model_chose_silence", output.silence.reason))
    return Decision(
        by="llm",
        reply=None if silent else reply or None,
        facts=_facts(context, output, steps),
        findings=_findings(context, output, steps),
        handoff=handoff,
        silence=Reason.MODEL_CHOSE_SILENCE if silent else None,
        reason=_reason(reply, handoff, silent=silent),
        confidence=output.confidence,
        citations=_citations(context, output, steps),
        usage=usage,
        steps=tuple(steps),
    )


def _reason(reply: str, handoff: HandoffWish | None, *, silent: bool) -> str:
    if silent:
        return Reason.MODEL_CHOSE_SILENCE
    return handoff.reason if handoff is not None and not reply else Reason.ANSWERED


def _leak(context: TurnContext, prompt: Prompt, text: str) -> str | None:
    return leak(text, rules=RULES, prompt=context.centurion.prompt, fence=prompt.fence)


def _facts(context: TurnContext, output: TurnOutput, steps: list[Step]) -> tuple[Fact, ...]:
    names = fact_names(context.centurion)
    facts = []
    for stated in output.facts:
        if stated.name not in names:
            steps.append(Step("fact_dropped", f"{stated.name}: nobody asks for it"))
        elif (fact := _grounded(context, stated)) is None:
            steps.append(Step("fact_dropped", f"{stated.name}: the customer did not say its quote"))
        elif not _follows(fact):
            steps.append(Step("fact_dropped", f"{stated.name}: its value is not in its quote"))
        else:
            facts.append(fact)
    return tuple(facts)


def _grounded(context: TurnContext, stated: StatedFact) -> Fact | None:
    for inbound in context.burst:
        # What is not in the burst was not said now; what was said before is known already.
        if inbound.text and (quote := quotes.find(stated.quote, inbound.text)) is not None:
            return Fact(
                name=stated.name,
                value=stated.value.strip(),
                evidence=quote,
                event_id=inbound.event_id,
                confidence=stated.confidence,
                by="llm",
            )
    return None


def _follows(fact: Fact) -> bool:
    """Whether the value of a fact whose form is known stands in its quote."""
    value, quote = str(fact.value), fact.evidence
    if not value:
        return False
    if fact.name == "phone":
        digits = _digits(value)
        return len(digits) >= 8 and digits[-8:] in _digits(quote)
    if fact.name == "name":
        return set(words(value)) <= set(words(quote))
    if fact.name == "email" and "@" in quote:
        return value.casefold() in quote.casefold()
    return True


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _findings(context: TurnContext, output: TurnOutput, steps: list[Step]) -> dict[str, Finding]:
    judged = {rule.key for rule in context.centurion.qualification.criteria if rule.type == "llm"}
    said = [line.text for line in context.history if line.role == "contact"]
    said += [inbound.text for inbound in context.burst if inbound.text]
    findings = {}
    for criterion in output.criteria:
        if criterion.key not in judged:
            steps.append(Step("criterion_dropped", f"{criterion.key}: nobody asks for it"))
            continue
        found = (quotes.find(criterion.evidence, text) for text in said)
        evidence = next((quote for quote in found if quote is not None), None)
        if criterion.met and evidence is None:
            steps.append(
                Step("criterion_dropped", f"{criterion.key}: the customer did not say its evidence")
            )
            continue
        findings[criterion.key] = Finding(met=criterion.met, evidence=evidence)
    return findings


def _handoff(
    context: TurnContext, prompt: Prompt, output: TurnOutput, steps: list[Step]
) -> HandoffWish | None:
    wanted = output.handoff
    if not wanted.wanted:
        return None
    if not context.centurion.handoff.enabled:
        steps.append(Step("handoff_dropped", "the centurion does not hand over"))
        if not output.reply.strip():
            raise BadOutput("only a handoff, and the centurion does not hand over")
        return None
    reason = _HANDOFF_REASONS.get(wanted.reason, Reason.MODEL_ASKED_FOR_HUMAN)
    steps.append(Step("handoff_wanted", wanted.reason))
    # Human channels may show it to the customer too.
    brief = "" if _leak(context, prompt, wanted.brief) else wanted.brief.strip()
    return HandoffWish(reason=reason, brief=brief or context.question)


def _citations(context: TurnContext, output: TurnOutput, steps: list[Step]) -> tuple[Citation, ...]:
    citations = []
    for used in output.citations:
        place = used.passage - 1
        passage = context.passages[place] if 0 <= place < len(context.passages) else None
        text = "" if passage is None else escaped(f"{passage.title}\n{passage.text}")
        quote = quotes.find(used.quote, text)
        if passage is None or quote is None:
            steps.append(Step("citation_dropped", f"passage {used.passage} does not say so"))
            continue
        citations.append(Citation(passage.document_id, passage.version, passage.chunk, quote))
    return tuple(citations)
