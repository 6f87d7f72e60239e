"""Whose key a company's calls are made with.

| binding | credentials |
|---|---|
| none | the default set |
| `global` | the set that it names, else the default set; its `config_override` on top |
| `custom` | its own secrets and `config_override`, and nothing of the platform's |
| `disabled` | none |
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from projections.statements import statements
from runtime.agent.errors import CannotThink
from runtime.agent.reasons import Reason
from runtime.companies.config import CredentialConfig
from runtime.openai.clock import Clock

_SQL = statements("runtime.openai", "credentials.sql")
_KEPT_S = 30.0
_MAX_KEPT = 1024


class Cipher(Protocol):
    """Opens secrets at rest."""

    def decrypt(self, text: str) -> str:
        """The secret. Raises an error of its own where it cannot be opened."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What calls are made with. A custom binding's set is called `custom:<company_id>`."""

    credential_set_id: str
    api_key: str = field(repr=False)
    config: CredentialConfig


class Undecryptable(CannotThink):
    """The company's secret cannot be opened, or is not what it should be."""


class _Secrets(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    api_key: str | None = Field(None, pattern=r"^[\x21-\x7e]*$")
    """What a header can hold."""


class CredentialStore:
    """Resolves a company's credentials; what was found, or not, is kept for 30 s."""

    def __init__(self, pool: asyncpg.Pool, cipher: Cipher, *, clock: Clock) -> None:
        self._pool = pool
        self._cipher = cipher
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Credentials | CannotThink]] = OrderedDict()

    async def of(self, company_id: str) -> Credentials:
        """The company's credentials.

        Raises:
            CannotThink: `openai_not_configured` or `openai_disabled`.
        """
        kept = self._kept.get(company_id)
        if kept is not None and self._clock.now_s() < kept[0]:
            found = kept[1]
        else:
            found = await self._resolve(company_id)
            self._keep(company_id, found)
        if isinstance(found, CannotThink):
            # Anew each time: an exception that is raised again would gather tracebacks.
            raise type(found)(found.reason, found.detail) from found.__cause__
        return found

    def _keep(self, company_id: str, found: Credentials | CannotThink) -> None:
        self._kept[company_id] = (self._clock.now_s() + _KEPT_S, found)
        self._kept.move_to_end(company_id)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)

    async def _resolve(self, company_id: str) -> Credentials | CannotThink:
        row = await self._pool.fetchrow(_SQL["resolve"], company_id)
        try:
            return self._read(company_id, {} if row is None else dict(row))
        except CannotThink as cannot:
            return cannot

    def _read(self, company_id: str, row: Mapping[str, Any]) -> Credentials:
        if row.get("mode") == "disabled":
            raise CannotThink(
                Reason.OPENAI_DISABLED, _not_configured(company_id, "its binding is disabled")
            )
        custom = row.get("mode") == "custom"
        secrets = row.get("secrets_override_encrypted" if custom else "secrets_encrypted")
        if secrets is None:
            raise CannotThink(Reason.OPENAI_NOT_CONFIGURED, _not_configured(company_id))
        return Credentials(
            credential_set_id=f"custom:{company_id}" if custom else row["set_id"],
            api_key=self._api_key(company_id, secrets),
            config=_config(company_id, row.get("config"), row.get("config_override")),
        )

    def _api_key(self, company_id: str, encrypted: str) -> str:
        try:
            opened = self._cipher.decrypt(encrypted)
        # Each cipher has its own errors; whichever it is, the secret stays shut.
        except Exception as error:  # noqa: BLE001
            raise _undecryptable(company_id, f"{type(error).__name__}: {error}") from None
        try:
            api_key = _Secrets.model_validate_json(opened).api_key
        except ValidationError:
            # The error would show the secret.
            raise _undecryptable(
                company_id, "it is not JSON with an `api_key` of plain characters"
            ) from None
        if not api_key:
            raise CannotThink(
                Reason.OPENAI_NOT_CONFIGURED,
                _not_configured(company_id, "its secret has no `api_key`"),
            )
        return api_key


def _undecryptable(company_id: str, detail: str) -> Undecryptable:
    return Undecryptable(
        Reason.OPENAI_NOT_CONFIGURED,
        _not_configured(company_id, f"its secret cannot be read: {detail}"),
    )


def _not_configured(company_id: str, why: str = "") -> str:
    """The words that operators look for, whatever the cause."""
    return f"OpenAI integration not configured for company {company_id}{why and f': {why}'}"


def _config(company_id: str, base: object, override: object) -> CredentialConfig:
    merged = _object(base)
    for name, value in _object(override).items():
        below = merged.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[name] = {**below, **value} if both else value  # type: ignore[dict-item]
    try:
        return CredentialConfig.model_validate(merged)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise CannotThink(
            Reason.OPENAI_NOT_CONFIGURED,
            _not_configured(company_id, f"its configuration is wrong in {places}"),
        ) from error


def _object(value: object) -> dict[str, Any]:
    """A jsonb value as asyncpg gives it: text, unless a codec is set."""
    decoded = orjson.loads(value) if isinstance(value, str | bytes) else value
    return dict(decoded) if isinstance(decoded, dict) else {}
