"""A form of answer like the agent's, written anew so that the server's tests stand alone."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class FormFact(BaseModel):
    name: str
    value: str


class FormHandoff(BaseModel):
    reason: Literal["asked_for_human", "legal"]
    brief: str


class DecisionForm(BaseModel):
    reply: str | None
    facts: list[FormFact]
    handoff: FormHandoff | None
    silence: Literal["opted_out", "nothing_to_say"] | None
    confidence: float = Field(ge=0.5, le=1)
