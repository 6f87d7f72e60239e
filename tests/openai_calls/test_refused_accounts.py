"""An account that refuses every call is left alone for a while."""

from __future__ import annotations

import asyncpg
import pytest

from runtime.agent.reasons import Reason
from runtime.openai.access import OpenAIAccess
from runtime.openai.thinker import OpenAIThinker
from tests.model_server.brain import json_reply
from tests.model_server.misbehaviours import Kind
from tests.model_server.server import ModelServer
from tests.openai_calls.asking import cannot_of, configure, reason_of
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import sealed
from tests.openai_calls.turns import output, turn


@pytest.mark.parametrize("kind", [Kind.UNAUTHORIZED, Kind.INSUFFICIENT_QUOTA])
async def test_an_account_that_refuses_all_is_asked_again_only_now_and_then(
    access: OpenAIAccess,
    thinker: OpenAIThinker,
    server: ModelServer,
    pool: asyncpg.Pool,
    turned: TurnedClock,
    usages: KeptUsages,
    kind: Kind,
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    server.program.next(kind, kind)
    first = await cannot_of(thinker)
    again = await cannot_of(thinker, "beta")
    assert again.reason == first.reason
    assert again.detail == f"{first.detail} (asked before; the next trial is in 15 s)"
    assert len(server.calls) == len(usages.failed_calls) == 1
    assert access.breaker_states() == {"default": "closed"}

    turned.now_s += 15
    assert (await cannot_of(thinker)).detail == first.detail
    assert len(server.calls) == 2
    turned.now_s += 29
    assert (await cannot_of(thinker)).detail.endswith("(asked before; the next trial is in 1 s)")
    turned.now_s += 1
    for _ in range(2):
        assert (await thinker.decide(turn("oi"))).reply
    assert len(server.calls) == 4


async def test_a_new_key_is_tried_as_soon_as_it_is_read(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    server.program.next(Kind.UNAUTHORIZED, Kind.UNAUTHORIZED)
    for seconds in (15, 16):
        assert await reason_of(thinker) == Reason.OPENAI_KEY_REJECTED
        turned.now_s += seconds
    server.keys.add("sk-new")
    await pool.execute(
        "UPDATE core.integration_credential_sets SET secrets_encrypted = $1", sealed("sk-new")
    )
    assert (await thinker.decide(turn("oi"))).reply


@pytest.mark.parametrize("kind", [Kind.FORBIDDEN, Kind.BAD_REQUEST, Kind.MODEL_NOT_FOUND])
async def test_what_only_this_call_was_refused_for_keeps_none_back(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, kind: Kind
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    server.program.next(kind)
    await reason_of(thinker)
    assert (await thinker.decide(turn("oi"))).reply
