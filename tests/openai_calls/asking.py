"""Asks a thinker, by a credential set that all companies share."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from runtime.agent.errors import CannotThink
from runtime.openai.thinker import OpenAIThinker
from tests.model_server.server import DEFAULT_KEY, ModelServer
from tests.openai_calls.platform import add_set, sealed
from tests.openai_calls.turns import turn


async def configure(pool: asyncpg.Pool, server: ModelServer, **config: Any) -> None:
    config = {"base_url": server.base_url, "timeout_s": 20, "max_attempts": 1} | config
    await add_set(pool, "default", secrets=sealed(DEFAULT_KEY), is_default=True, config=config)


async def reason_of(thinker: OpenAIThinker, company_id: str = "acme") -> str:
    return (await cannot_of(thinker, company_id)).reason


async def cannot_of(thinker: OpenAIThinker, company_id: str = "acme") -> CannotThink:
    with pytest.raises(CannotThink) as caught:
        await thinker.decide(turn("oi", company_id=company_id))
    return caught.value
