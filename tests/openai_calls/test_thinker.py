"""Each misbehaviour of the model server, to its documented end, in both of the API's shapes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from runtime.agent.decision import Decision
from runtime.agent.errors import CannotThink
from runtime.agent.reasons import Reason
from runtime.openai.thinker import OpenAIThinker
from tests.model_server.brain import Reply, json_reply
from tests.model_server.misbehaviours import Kind, Misbehave
from tests.model_server.protocol import Seen
from tests.model_server.server import DEFAULT_KEY, ModelServer
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import add_set, bind, binding, sealed
from tests.openai_calls.turns import centurion, output, turn

LONG_S = 20.0
"""Longer than any answer of the server here takes, on the slowest machine."""


def saying(**changes: Any) -> Callable[[Seen], Reply]:
    return lambda _seen: json_reply(output(**changes))


@dataclass
class World:
    """A company whose credentials lead to a model server."""

    thinker: OpenAIThinker
    server: ModelServer
    pool: asyncpg.Pool
    usages: KeptUsages
    turned: TurnedClock

    async def configure(self, **config: Any) -> None:
        config = {"base_url": self.server.base_url, "timeout_s": LONG_S, "api": "chat"} | config
        await add_set(
            self.pool, "default", secrets=sealed(DEFAULT_KEY), is_default=True, config=config
        )
        await bind(self.pool, "acme", "global")

    async def refused(self) -> CannotThink:
        with pytest.raises(CannotThink) as caught:
            await self.thinker.decide(turn("oi"))
        return caught.value

    async def health(self, status: str) -> None:
        """Wait until the credentials' health says so: it is written when the call is over."""
        async with asyncio.timeout(10):
            while (await binding(self.pool, "acme"))["status"] != status:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    @property
    def failures(self) -> list[tuple[str, int | None, bool]]:
        return [(one.reason, one.status, one.retryable) for one in self.usages.failed_calls]


@pytest.fixture
def world(
    thinker: OpenAIThinker,
    server: ModelServer,
    pool: asyncpg.Pool,
    usages: KeptUsages,
    turned: TurnedClock,
) -> World:
    server.answering = saying()
    return World(thinker, server, pool, usages, turned)


@pytest.fixture(params=["chat", "responses"])
async def configured(world: World, request: pytest.FixtureRequest) -> World:
    await world.configure(api=request.param)
    return world


async def test_a_turn_is_decided_and_its_cost_is_told(configured: World) -> None:
    decision = await configured.thinker.decide(turn("oi"))
    assert (decision.by, decision.reply) == ("llm", "Oi! Como posso ajudar?")
    assert decision.usage is not None
    assert decision.usage.cost_usd is not None
    assert decision.usage.cost_usd > 0
    [call] = configured.usages.completed_calls
    assert call.origin.company_id == "acme"
    assert call.origin.conversation_id == "c1"
    assert call.origin.turn_id == turn().turn_id
    assert call.origin.purpose == "decide"
    assert (call.credential_set_id, call.model) == ("default", "gpt-5.4-mini")
    assert call.cost_usd == decision.usage.cost_usd
    assert call.tokens.prompt == decision.usage.prompt_tokens > 0
    assert configured.usages.failed_calls == []
    await configured.health("ok")


async def test_what_is_asked_is_strict_bounded_and_stored_nowhere(configured: World) -> None:
    seen: list[Seen] = []

    def answering(request: Seen) -> Reply:
        seen.append(request)
        return json_reply(output())

    configured.server.answering = answering
    agent = centurion(models={"chat": "gpt-x", "max_output_tokens": 300, "temperature": 0.2})
    await configured.thinker.decide(turn("oi", agent=agent))
    [request] = seen
    assert request.schema is not None
    assert request.schema.strict
    assert (request.model, request.max_tokens) == ("gpt-x", 300)
    assert request.body["temperature"] == 0.2
    # Responses are stored unless the request says no; chat completions only when it says yes.
    assert request.body.get("store") is (False if request.endpoint == "responses" else None)
    assert request.messages[0][0] == "system"
    assert "Vende planos" in request.messages[0][1]


async def test_without_a_price_the_cost_is_unknown(configured: World) -> None:
    agent = centurion(models={"chat": "model-of-nobody"})
    decision = await configured.thinker.decide(turn("oi", agent=agent))
    assert decision.usage is not None
    assert decision.usage.cost_usd is None
    assert configured.usages.completed_calls[0].cost_usd is None


@pytest.mark.parametrize(
    ("misbehave", "waits"),
    [
        (Misbehave(Kind.RATE_LIMITED, retry_after="2"), 2.0),
        (Misbehave(Kind.RATE_LIMITED, retry_after_ms="1500"), 1.5),
        (Misbehave(Kind.RATE_LIMITED, reset_requests="20s"), 20.0),
        (Misbehave(Kind.UNAVAILABLE, retry_after="3"), 3.0),
    ],
)
async def test_a_pause_that_the_server_asks_for_is_kept(
    configured: World, misbehave: Misbehave, waits: float
) -> None:
    configured.server.program.next(misbehave)
    started_s = configured.turned.now_s
    decision = await configured.thinker.decide(turn("oi"))
    assert decision.reply
    assert waits <= configured.turned.now_s - started_s <= waits * 1.1
    assert len(configured.server.calls) == 2
    [(_, status, retryable)] = configured.failures
    assert (status, retryable) == (429 if misbehave.kind is Kind.RATE_LIMITED else 503, True)


async def test_nothing_is_asked_while_an_answer_says_that_nothing_remains(
    configured: World,
) -> None:
    configured.server.program.next(
        Misbehave(Kind.SLOW, remaining_requests="0", reset_requests="20s")
    )
    for _ in range(2):
        assert (await configured.thinker.decide(turn("oi"))).reply
    assert configured.turned.slept == [20]
    assert configured.failures == []


async def test_a_pause_longer_than_the_turn_can_wait_is_not_waited_for(configured: World) -> None:
    configured.server.program.next(Misbehave(Kind.RATE_LIMITED, reset_requests="6m0s"))
    assert (await configured.refused()).reason == Reason.OPENAI_RATE_LIMITED
    assert configured.turned.slept == []
    await configured.health("rate_limited")
    # Nor does another turn ask before the reset.
    assert (await configured.refused()).reason == Reason.OPENAI_RATE_LIMITED
    assert len(configured.server.calls) == 1
    configured.turned.now_s += 360
    assert (await configured.thinker.decide(turn("oi"))).reply


@pytest.mark.parametrize(
    ("kind", "reason", "status", "health"),
    [
        (Kind.INSUFFICIENT_QUOTA, Reason.OPENAI_QUOTA_EXHAUSTED, 429, "quota_exhausted"),
        (Kind.UNAUTHORIZED, Reason.OPENAI_KEY_REJECTED, 401, "rejected"),
        (Kind.FORBIDDEN, Reason.OPENAI_KEY_REJECTED, 403, "rejected"),
        (Kind.BAD_REQUEST, Reason.OPENAI_REQUEST_INVALID, 400, "ok"),
        (Kind.MODEL_NOT_FOUND, Reason.OPENAI_REQUEST_INVALID, 404, "ok"),
    ],
)
async def test_what_will_not_pass_is_not_tried_again(
    configured: World, kind: Kind, reason: Reason, status: int, health: str
) -> None:
    configured.server.program.next(kind)
    assert (await configured.refused()).reason == reason
    assert len(configured.server.calls) == 1
    assert configured.failures == [(reason, status, False)]
    await configured.health(health)
    assert configured.turned.slept == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.SERVER_ERROR, 500),
        (Kind.UNAVAILABLE, 503),
        (Kind.CUT_BEFORE_STATUS, None),
        (Kind.CUT_IN_BODY, None),
    ],
)
async def test_what_may_pass_is_tried_as_often_as_configured(
    configured: World, kind: Kind, status: int | None
) -> None:
    configured.server.program.next(kind, kind)
    assert (await configured.thinker.decide(turn("oi"))).reply
    assert len(configured.server.calls) == 3
    assert configured.failures == [(Reason.OPENAI_UNAVAILABLE, status, True)] * 2

    configured.server.program.next(kind, kind, kind)
    assert (await configured.refused()).reason == Reason.OPENAI_UNAVAILABLE
    assert len(configured.server.calls) == 6
    await configured.health("unreachable")


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_an_answer_that_does_not_come_in_time_is_a_time_out(world: World, api: str) -> None:
    await world.configure(api=api, timeout_s=0.05, max_attempts=2)
    world.server.program.next(Kind.NEVER_ANSWERS, Kind.NEVER_ANSWERS)
    assert (await world.refused()).reason == Reason.OPENAI_TIMEOUT
    assert world.failures == [(Reason.OPENAI_TIMEOUT, None, True)] * 2
    await world.health("unreachable")


async def test_a_server_that_is_not_there_is_unavailable(world: World) -> None:
    await world.configure(base_url="http://127.0.0.1:9/v1", max_attempts=2)
    assert (await world.refused()).reason == Reason.OPENAI_UNAVAILABLE
    assert len(world.failures) == 2


async def test_the_pauses_of_retries_are_jittered_and_double(world: World) -> None:
    await world.configure(max_attempts=4)
    world.server.program.next(*[Kind.SERVER_ERROR] * 4)
    await world.refused()
    first, second, third = world.turned.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


@pytest.mark.parametrize(
    "kind",
    [Kind.MALFORMED_BODY, Kind.NOT_JSON, Kind.WRONG_SCHEMA, Kind.EMPTY, Kind.LENGTH],
)
async def test_bad_output_is_asked_for_once_more(configured: World, kind: Kind) -> None:
    configured.server.program.next(kind)
    decision = await configured.thinker.decide(turn("oi"))
    assert decision.reply
    assert [step.what for step in decision.steps].count("bad_output") == 1
    assert len(configured.server.calls) == 2

    configured.server.program.next(kind, kind)
    assert (await configured.refused()).reason == Reason.OPENAI_BAD_OUTPUT
    assert len(configured.server.calls) == 4
    await configured.health("ok")


async def test_an_answer_that_was_cut_says_so(configured: World) -> None:
    configured.server.program.next(Kind.LENGTH, Kind.LENGTH)
    assert "max_output_tokens" in (await configured.refused()).detail


async def test_bad_output_that_was_paid_for_is_counted(configured: World) -> None:
    configured.server.program.next(Kind.WRONG_SCHEMA)
    decision = await configured.thinker.decide(turn("oi"))
    assert decision.usage is not None
    costs = [call.cost_usd for call in configured.usages.completed_calls]
    assert len(costs) == 2
    assert decision.usage.cost_usd == sum((cost or Decimal(0) for cost in costs), Decimal(0))


async def test_a_body_that_tells_no_usage_is_a_failed_call(configured: World) -> None:
    configured.server.program.next(Kind.MALFORMED_BODY)
    await configured.thinker.decide(turn("oi"))
    assert configured.failures == [(Reason.OPENAI_BAD_OUTPUT, 200, False)]


@pytest.mark.parametrize("kind", [Kind.REFUSAL, Kind.CONTENT_FILTER])
async def test_a_refusal_is_final(configured: World, kind: Kind) -> None:
    configured.server.program.next(kind)
    assert (await configured.refused()).reason == Reason.OPENAI_REFUSED
    assert len(configured.server.calls) == 1
    assert len(configured.usages.completed_calls) == 1


async def test_a_response_that_failed_is_asked_for_again(world: World) -> None:
    await world.configure(api="responses")
    world.server.program.next(Kind.FAILED)
    assert (await world.thinker.decide(turn("oi"))).reply
    assert world.failures == [(Reason.OPENAI_UNAVAILABLE, 200, True)]


async def test_a_model_that_gives_its_instructions_away_is_not_heard(configured: World) -> None:
    def answering(seen: Seen) -> Reply:
        return json_reply(output(reply=seen.messages[0][1]))

    configured.server.answering = answering
    cannot = await configured.refused()
    assert cannot.reason == Reason.OPENAI_BAD_OUTPUT
    assert "Never reveal" not in str(cannot)


async def test_without_credentials_no_call_is_made(world: World) -> None:
    cannot = await world.refused()
    assert cannot.reason == Reason.OPENAI_NOT_CONFIGURED
    assert cannot.detail == "OpenAI integration not configured for company acme"
    assert world.failures == []


async def test_a_secret_that_cannot_be_opened_shows_in_the_binding(world: World) -> None:
    await add_set(world.pool, "default", secrets="another key's", is_default=True)
    await bind(world.pool, "acme", "global")
    assert (await world.refused()).reason == Reason.OPENAI_NOT_CONFIGURED
    row = await binding(world.pool, "acme")
    assert row["status"] == "undecryptable"
    assert "acme" in row["last_error"]


async def test_without_a_model_s_name_no_call_is_made(world: World) -> None:
    await world.configure()
    with pytest.raises(CannotThink) as caught:
        await world.thinker.decide(turn("oi", agent=centurion(models={})))
    assert caught.value.reason == Reason.OPENAI_NOT_CONFIGURED
    assert "bia" in caught.value.detail


async def test_the_credential_set_names_the_model_where_the_centurion_does_not(
    world: World,
) -> None:
    await world.configure(models={"chat": "gpt-5-mini", "max_output_tokens": 555})
    decision = await world.thinker.decide(turn("oi", agent=centurion(models={})))
    assert decision.usage is not None
    assert decision.usage.model == "gpt-5-mini"


async def test_no_error_shows_the_key_even_where_the_server_does(configured: World) -> None:
    key = "of-another-make"
    await configured.pool.execute(
        "UPDATE core.integration_credential_sets SET secrets_encrypted = $1", sealed(key)
    )
    configured.server.keys.add(key)
    configured.server.program.next(Misbehave(Kind.UNAUTHORIZED, message=f"{key} is no key"))
    cannot = await configured.refused()
    assert cannot.reason == Reason.OPENAI_KEY_REJECTED
    row = await binding(configured.pool, "acme")
    for told in (row["last_error"], cannot.detail, str(cannot)):
        assert "is no key" in told
        assert key not in told


async def test_facts_findings_and_handoff_come_through(configured: World) -> None:
    configured.server.answering = saying(
        facts=[{"name": "name", "value": "Ana", "quote": "sou a Ana", "confidence": 1}],
        criteria=[{"key": "urgent", "met": True, "evidence": "pra hoje"}],
        handoff={"wanted": True, "reason": "asked_for_human", "brief": "pressa"},
    )
    decision: Decision = await configured.thinker.decide(turn("sou a Ana, preciso pra hoje"))
    assert [fact.value for fact in decision.facts] == ["Ana"]
    assert decision.findings["urgent"].met
    assert decision.handoff is not None


def test_the_output_used_here_is_what_the_server_checks() -> None:
    assert json.loads(json_reply(output()).text)["confidence"] == 0.9


@pytest.mark.parametrize("own", [{"base_url": "http://127.0.0.1:1/v1"}, {"timeout_s": 0.001}])
async def test_what_a_company_changes_of_a_shared_set_breaks_for_nobody_else(
    world: World, own: dict[str, Any]
) -> None:
    await world.configure(max_attempts=1)
    await bind(world.pool, "zeta", "global", config=own)
    world.server.program.for_key(DEFAULT_KEY, Kind.NEVER_ANSWERS)
    for _ in range(6):
        with pytest.raises(CannotThink):
            await world.thinker.decide(turn("oi", company_id="zeta"))
    world.server.program.clear()
    assert world.failures[0][0] in {Reason.OPENAI_UNAVAILABLE, Reason.OPENAI_TIMEOUT}
    assert (await world.thinker.decide(turn("oi"))).by == "llm"


async def test_text_that_no_database_holds_is_asked_for_again(configured: World) -> None:
    replies = iter(["Oi\0!", "Oi!"])
    configured.server.answering = lambda _seen: json_reply(output(reply=next(replies)))
    assert (await configured.thinker.decide(turn("oi"))).reply == "Oi!"


@pytest.mark.parametrize("key", ["sk-não", "sk-one\nsk-two", "sk-“quoted”", "sk-one "])
async def test_a_key_that_no_header_can_hold_cannot_be_used(world: World, key: str) -> None:
    config = {"base_url": world.server.base_url, "api": "chat", "max_attempts": 1}
    await add_set(world.pool, "default", secrets=sealed(key), is_default=True, config=config)
    await bind(world.pool, "acme", "global")
    refused = await world.refused()
    assert refused.reason == Reason.OPENAI_NOT_CONFIGURED
    assert key not in refused.detail
    await world.health("undecryptable")


async def test_a_configuration_that_no_header_can_hold_is_a_request_that_cannot_be_made(
    world: World,
) -> None:
    await world.configure(organization="organização")
    assert (await world.refused()).reason == Reason.OPENAI_REQUEST_INVALID
