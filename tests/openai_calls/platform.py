"""The platform's tables as these tests fill them."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

SEALED = "sealed:"


class SealingCipher:
    """Opens what begins with `sealed:`; anything else is another key's."""

    def decrypt(self, text: str) -> str:
        if not text.startswith(SEALED):
            raise RuntimeError("not sealed by this key")
        return text.removeprefix(SEALED)


def sealed(api_key: str) -> str:
    return SEALED + json.dumps({"api_key": api_key})


async def add_set(
    pool: asyncpg.Pool,
    set_id: str,
    *,
    secrets: str | None,
    is_default: bool = False,
    provider: str = "openai",
    config: dict[str, Any] | None = None,
) -> None:
    await pool.execute(
        "INSERT INTO core.integration_credential_sets"
        " (id, provider, name, is_default, config, secrets_encrypted)"
        " VALUES ($1, $2, $1, $3, $4, $5)",
        set_id,
        provider,
        is_default,
        json.dumps(config or {}),
        secrets,
    )


async def bind(
    pool: asyncpg.Pool,
    company_id: str,
    mode: str,
    *,
    set_id: str | None = None,
    secrets: str | None = None,
    config: dict[str, Any] | None = None,
) -> None:
    await pool.execute(
        "INSERT INTO core.company_integration_bindings"
        " (company_id, provider, mode, credential_set_id, secrets_override_encrypted,"
        " config_override) VALUES ($1, 'openai', $2, $3, $4, $5)",
        company_id,
        mode,
        set_id,
        secrets,
        json.dumps(config or {}),
    )


async def binding(pool: asyncpg.Pool, company_id: str) -> asyncpg.Record:
    [row] = await pool.fetch(
        "SELECT status, last_error, last_validated_at FROM core.company_integration_bindings"
        " WHERE company_id = $1",
        company_id,
    )
    return row
