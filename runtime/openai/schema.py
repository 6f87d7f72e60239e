"""The shape of a model's decision: what is asked for strictly, and what is read back."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runtime.openai.errors import BadOutput

NAME = "turn_decision"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StatedFact(_Part):
    """Something the customer said about themselves, in the current messages."""

    name: str = Field(description="one of the names listed under FACTS")
    value: str = Field(description="the value, in the form given under FACTS")
    quote: str = Field(description="the customer's words that state it, copied exactly")
    confidence: float = Field(ge=0, le=1)


class JudgedCriterion(_Part):
    """Whether a criterion listed under CRITERIA is met."""

    key: str
    met: bool
    evidence: str = Field(description="the customer's words that show it, copied exactly; or empty")


class WantedHandoff(_Part):
    """Whether a human should take over."""

    wanted: bool
    reason: str = Field(description="asked_for_human, legal_or_fraud, cannot_help; or empty")
    brief: str = Field(description="what the human colleague should know; or empty")


class WantedSilence(_Part):
    """Whether nothing should be said, as after a mere thank-you."""

    wanted: bool
    reason: str = Field(description="why; or empty")


class UsedPassage(_Part):
    """A passage of KNOWLEDGE that the reply rests on."""

    passage: int = Field(description="its number")
    quote: str = Field(description="the words that it rests on, copied exactly")


class TurnOutput(_Part):
    """The decision on this turn."""

    reply: str = Field(
        description="the message to the customer; empty only with handoff or silence"
    )
    facts: list[StatedFact]
    criteria: list[JudgedCriterion]
    handoff: WantedHandoff
    silence: WantedSilence
    confidence: float = Field(ge=0, le=1, description="how sure you are that the reply is right")
    citations: list[UsedPassage]


@cache
def json_schema() -> dict[str, Any]:
    """As strict structured output takes it: every property required, none besides. Not to be changed."""
    return TurnOutput.model_json_schema()


def read_output(text: str) -> TurnOutput:
    """The decision in a model's text.

    Raises:
        BadOutput: it is empty, no JSON, or of another shape; the text itself is not told.
    """
    if not text.strip():
        raise BadOutput("the model's answer is empty")
    try:
        output = TurnOutput.model_validate_json(text)
    except ValidationError as error:
        places = sorted(
            {".".join(map(str, problem["loc"])) or "JSON" for problem in error.errors()}
        )
        raise BadOutput(f"not of the agreed shape in: {', '.join(places[:5])}") from error
    if "\\u0000" in output.model_dump_json():
        raise BadOutput("it holds a character that no text may have: U+0000")
    if not (output.reply.strip() or output.handoff.wanted or output.silence.wanted):
        raise BadOutput("the model said nothing, and neither asked for a human nor chose silence")
    return output
