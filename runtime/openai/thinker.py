"""Decides turns by a model of the company's OpenAI account."""

from __future__ import annotations

from decimal import Decimal

import openai

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision, Step, Usage
from runtime.agent.errors import CannotThink
from runtime.agent.reasons import Reason
from runtime.companies.config import Models
from runtime.openai import schema
from runtime.openai.access import OpenAIAccess
from runtime.openai.accounting import Call, Paid
from runtime.openai.credentials import Credentials
from runtime.openai.errors import BadOutput, CallFault
from runtime.openai.exchanges import Answer, Question, ask_chat, ask_responses
from runtime.openai.prices import TokenCount
from runtime.openai.prompt import Prompt, build
from runtime.openai.usages import Origin
from runtime.openai.vetting import vetted

_PURPOSE = "decide"
_TRIES = 2
"""A second answer is asked for when the first cannot be used."""


class OpenAIThinker:
    """A `Thinker`. Writes nothing but budgets, the bindings' health and reports of its calls."""

    def __init__(self, access: OpenAIAccess, *, deadline_s: float = 60.0) -> None:
        """`deadline_s` bounds all that one decision may take; who made `access` closes it."""
        self._access = access
        self._deadline_s = deadline_s

    async def decide(self, context: TurnContext) -> Decision:
        """The model's decision, of what holds against the conversation.

        Raises:
            CannotThink: with the reason, one of `openai_*`.
            asyncpg.PostgresError, OSError: Postgres did not tell the credentials.
        """
        deadline_s = self._access.clock.now_s() + self._deadline_s
        credentials = await self._access.credentials_of(context.company.id)
        prompt = build(context)
        question = _question(context, credentials, prompt)
        tally = _Tally(question.model)
        fault: BadOutput | None = None
        for _ in range(_TRIES):
            try:
                paid = await self._asked(context, credentials, question, deadline_s)
                tally.add(paid)
                return _decision(context, prompt, paid.answer, tally)
            except BadOutput as error:
                fault = error
                tally.steps.append(Step("bad_output", error.detail))
            except CallFault as error:
                raise CannotThink(error.reason, error.detail) from error
        raise CannotThink(Reason.OPENAI_BAD_OUTPUT, str(fault)) from fault

    async def _asked(
        self,
        context: TurnContext,
        credentials: Credentials,
        question: Question,
        deadline_s: float,
    ) -> Paid[Answer]:
        ask = ask_chat if credentials.config.api == "chat" else ask_responses

        async def send(client: openai.AsyncOpenAI) -> Answer:
            return await ask(client, question)

        origin = Origin(context.company.id, context.conversation_id, context.turn_id, _PURPOSE)
        call = Call(origin, question.model, question.most_tokens, send)
        try:
            return await self._access.call(credentials, call, deadline_s=deadline_s)
        except CallFault as fault:
            if fault.reason is Reason.OPENAI_BAD_OUTPUT:
                raise BadOutput(fault.detail) from fault
            raise


class _Tally:
    """What the calls of one decision took together."""

    def __init__(self, model: str) -> None:
        self.steps: list[Step] = []
        self._model = model
        self._tokens = TokenCount(0, 0)
        self._cost_usd: Decimal | None = Decimal(0)

    def add(self, paid: Paid[Answer]) -> None:
        """Count one more answer."""
        tokens = paid.answer.tokens or TokenCount(0, 0)
        self._model = paid.answer.model
        self._tokens = TokenCount(
            self._tokens.prompt + tokens.prompt, self._tokens.completion + tokens.completion
        )
        if self._cost_usd is not None:
            self._cost_usd = None if paid.cost_usd is None else self._cost_usd + paid.cost_usd
        self.steps.append(
            Step("model_answered", f"{self._model}: {tokens.prompt}+{tokens.completion} tokens")
        )

    @property
    def usage(self) -> Usage:
        """As the decision tells it."""
        return Usage(self._model, self._tokens.prompt, self._tokens.completion, self._cost_usd)


def _decision(context: TurnContext, prompt: Prompt, answer: Answer, tally: _Tally) -> Decision:
    if answer.refusal is not None:
        raise CannotThink(Reason.OPENAI_REFUSED, "the model, or its filter, refused to answer")
    if answer.cut:
        raise BadOutput("the answer was cut at max_output_tokens")
    output = schema.read_output(answer.text)
    return vetted(context, prompt, output, usage=tally.usage, steps=tally.steps)


def _question(context: TurnContext, credentials: Credentials, prompt: Prompt) -> Question:
    own, shared = context.centurion.models, credentials.config.models
    model = own.chat or shared.chat
    if model is None:
        raise CannotThink(
            Reason.OPENAI_NOT_CONFIGURED,
            f"neither centurion {context.centurion.id} nor credential set "
            f"{credentials.credential_set_id} names a chat model",
        )
    return Question(
        model=model,
        system=prompt.system,
        messages=prompt.messages,
        schema_name=schema.NAME,
        schema=schema.json_schema(),
        max_output_tokens=_max_output_tokens(own, shared),
        temperature=shared.temperature if own.temperature is None else own.temperature,
    )


def _max_output_tokens(own: Models, shared: Models) -> int:
    said = "max_output_tokens" in own.model_fields_set
    return own.max_output_tokens if said else shared.max_output_tokens
