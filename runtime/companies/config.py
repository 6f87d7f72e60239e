"""The shape of a company's configuration, in `companies apply` files and in `core`'s jsonb columns.

The same models read both, so that what was accepted from a file can always be read back. Durations
carry their unit in their name; times of day are the company's own.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""An id in the platform's tables."""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"is not a time zone of the IANA database: {name}") from error
    return name


class Config(BaseModel):
    """Refuses what it does not know, so that a misspelt key is told at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class QuietHours(Config):
    """When nothing is sent, in the company's time; over midnight when `end` is before `start`."""

    start: time
    end: time


class CompanySettings(Config):
    """`core.companies.settings`."""

    answer_within_s: int = Field(3600, ge=1, le=1_000_000_000)
    """Inbound older than this, by `occurred_at`, is closed `too_old` and never answered."""
    default_centurion_id: Key | None = None
    """Who answers where a message names nobody; with one enabled centurion it is that one."""
    quiet_hours: QuietHours | None = None
    holidays: tuple[date, ...] = ()
    turns_at_once: int = Field(8, ge=1, le=256)
    """How many turns of the company may run at once, over all processes."""


class Models(Config):
    """`core.centurions.models`: model names by purpose; absent ones are the credential set's."""

    chat: str | None = None
    embeddings: str | None = None
    transcription: str | None = None
    vision: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    max_output_tokens: int = Field(800, ge=16, le=32768)


class Criterion(Config):
    """One rule of a qualification. `field` for `field_present`, `prompt` for `llm`."""

    key: Key
    type: Literal["field_present", "llm"]
    weight: float = Field(1.0, ge=0)
    required: bool = False
    label: str = Field(min_length=1, max_length=200)
    """What is asked for, in the customer's language: "seu e-mail"."""
    field: Key | None = None
    """The fact's name."""
    prompt: str | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if self.type == "field_present" and self.field is None:
            raise ValueError("a criterion of type field_present needs `field`")
        if self.type == "llm" and not self.prompt:
            raise ValueError("a criterion of type llm needs `prompt`")
        return self


class Qualification(Config):
    """`core.centurions.qualification`: score = met weight / total weight."""

    threshold: float = Field(0.7, ge=0, le=1)
    criteria: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        keys = [criterion.key for criterion in self.criteria]
        if repeated := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"criteria with the same key: {', '.join(repeated)}")
        return self


class Handoff(Config):
    """`core.centurions.handoff`: when and how a conversation goes to a human."""

    enabled: bool = True
    to: str | None = Field(None, max_length=100)
    """The queue or team, told in `handoff.requested`."""
    words: tuple[str, ...] = ()
    """Further words that hand over, beside those for a human, the law and fraud."""
    below_confidence: float | None = Field(None, ge=0, le=1)
    after_failures: int = Field(3, ge=1, le=20)
    """Turns in a row without an answer before a human is asked."""
    message: str | None = Field(None, max_length=1000)
    """What the customer is told; a default in the company's locale without it."""


class Channel(Config):
    """One channel of a centurion: how what it says goes out.

    `secret` (Standard Webhooks, `whsec_…`) is only ever read from a file that is applied; in `core`
    it stands encrypted as `secret_encrypted`.
    """

    kind: Literal["webhook", "log"]
    url: AnyHttpUrl | None = None
    secret_encrypted: str | None = None
    takes_idempotency_key: bool = True
    """False: a send whose outcome is unknown is never repeated."""
    timeout_s: float = Field(10.0, gt=0, le=120)
    max_part_chars: int = Field(1000, ge=50, le=65536)
    """Longer answers are sent in parts."""
    typing_pause_ms: int = Field(0, ge=0, le=10_000)
    """The pause before each part but the first."""
    window_hours: float | None = Field(None, gt=0)
    """Free text only within so many hours of the customer's last message (WhatsApp: 24)."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "webhook" and self.url is None:
            raise ValueError("a webhook needs `url`")
        return self


class Centurion(Config):
    """A row of `core.centurions`: one agent of a company."""

    id: Key
    name: str = Field(min_length=1, max_length=200)
    prompt: str = Field("", max_length=65536)
    models: Models = Models()
    debounce_ms: int = Field(3000, ge=0, le=600_000)
    max_wait_ms: int = Field(30_000, ge=0, le=3_600_000)
    qualification: Qualification = Qualification()
    handoff: Handoff = Handoff()
    followup: tuple[dict[str, object], ...] = ()
    """Rules of follow-ups, kept as they are written."""
    channels: dict[str, Channel] = Field(default_factory=dict)
    """By the channel's name in events; `*` serves those that are not named."""
    enabled: bool = True

    def channel(self, name: str) -> Channel | None:
        """How to send on a channel; None where the centurion does not speak there."""
        return self.channels.get(name) or self.channels.get("*")


class Company(Config):
    """A row of `core.companies`."""

    id: Key
    name: str = Field(min_length=1, max_length=200)
    status: Literal["active", "suspended"] = "active"
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "America/Sao_Paulo"
    locale: Literal["pt-BR", "en"] = "pt-BR"
    settings: CompanySettings = CompanySettings()


class CredentialConfig(Config):
    """`core.integration_credential_sets.config` of provider `openai`; no secret is in it."""

    base_url: AnyHttpUrl | None = None
    """Without it OpenAI's own address."""
    organization: str | None = None
    project: str | None = None
    api: Literal["chat", "responses"] = "responses"
    """`chat` for servers that only speak Chat Completions."""
    models: Models = Models()
    timeout_s: float = Field(30.0, gt=0, le=600)
    max_attempts: int = Field(3, ge=1, le=10)
    max_concurrency: int = Field(8, ge=1, le=256)
    daily_budget_usd: float | None = Field(None, ge=0)
    monthly_budget_usd: float | None = Field(None, ge=0)
