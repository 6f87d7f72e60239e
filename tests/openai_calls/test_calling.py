"""What holds between calls: cancellation, concurrency, the breaker, budgets, the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import openai
import pytest

from runtime.agent.decision import Decision
from runtime.agent.errors import CannotThink
from runtime.agent.reasons import Reason
from runtime.openai.access import AccessSettings, OpenAIAccess
from runtime.openai.accounting import Call
from runtime.openai.breaker import BreakerSettings
from runtime.openai.exchanges import Answer
from runtime.openai.prices import TokenCount
from runtime.openai.thinker import OpenAIThinker
from runtime.openai.usages import Origin
from tests.model_server.brain import Reply, json_reply
from tests.model_server.misbehaviours import Kind
from tests.model_server.protocol import Seen
from tests.model_server.server import ModelServer
from tests.openai_calls.asking import configure, reason_of
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import SealingCipher, bind, sealed
from tests.openai_calls.turns import output, turn


@pytest.fixture
async def access(
    pool: asyncpg.Pool, usages: KeptUsages, turned: TurnedClock
) -> AsyncIterator[OpenAIAccess]:
    settings = AccessSettings(closing_s=20, breaker=BreakerSettings(failures=2, first_s=60))
    made = OpenAIAccess(pool, SealingCipher(), usages, settings=settings, clock=turned.clock)
    yield made
    await made.aclose()


@pytest.fixture
def opened(server: ModelServer) -> asyncio.Event:
    """The server answers only once this is set."""
    event = asyncio.Event()

    def answering(_seen: Seen) -> Reply:
        return Reply(json_reply(output()).text, after=event)

    server.answering = answering
    return event


async def test_a_call_whose_caller_has_gone_is_still_counted(
    access: OpenAIAccess,
    thinker: OpenAIThinker,
    server: ModelServer,
    pool: asyncpg.Pool,
    usages: KeptUsages,
    opened: asyncio.Event,
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    deciding = asyncio.create_task(thinker.decide(turn("oi")))
    await server.wait_arrived(1)
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding
    assert usages.completed_calls == []
    opened.set()
    await access.aclose()
    [call] = usages.completed_calls
    assert call.cost_usd is not None
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") == call.cost_usd
    assert server.calls[0].client_there


async def test_the_end_waits_bounded_and_counts_what_it_cuts_off(
    pool: asyncpg.Pool,
    server: ModelServer,
    usages: KeptUsages,
    turned: TurnedClock,
    opened: asyncio.Event,
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    access = OpenAIAccess(
        pool,
        SealingCipher(),
        usages,
        settings=AccessSettings(closing_s=0.01),
        clock=turned.clock,
    )
    thinker = OpenAIThinker(access)
    deciding = asyncio.create_task(thinker.decide(turn("oi")))
    await server.wait_arrived(1)
    assert not opened.is_set()
    await access.aclose()
    with pytest.raises(asyncio.CancelledError):
        await deciding
    [failed] = usages.failed_calls
    assert failed.reason == Reason.OPENAI_UNAVAILABLE
    # It may have been answered: what was held for it counts as spent.
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") > 0
    assert await pool.fetchval("SELECT count(*) FROM agent.budget_reservations") == 0


async def test_no_more_calls_at_once_than_the_credential_set_allows(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, opened: asyncio.Event
) -> None:
    await configure(pool, server, max_concurrency=2)
    deciding = [asyncio.create_task(thinker.decide(turn(f"oi {n}"))) for n in range(5)]
    await server.wait_arrived(2)
    opened.set()
    decisions: list[Decision] = await asyncio.gather(*deciding)
    assert len(decisions) == 5
    marks = [(call.arrived, 1) for call in server.calls]
    marks += [(call.finished or 0, -1) for call in server.calls]
    running = most = 0
    for _, step in sorted(marks):
        running += step
        most = max(most, running)
    assert most == 2


async def test_who_allows_himself_fewer_calls_of_a_shared_set_slows_nobody_else(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, opened: asyncio.Event
) -> None:
    await configure(pool, server)
    await bind(pool, "zeta", "global", config={"max_concurrency": 1})
    companies = ["zeta", "acme", "acme"]
    deciding = []
    for number, company_id in enumerate(companies, 1):
        context = turn("oi", company_id=company_id)
        deciding.append(asyncio.create_task(thinker.decide(context)))
        async with asyncio.timeout(20):
            await server.wait_arrived(number)
    opened.set()
    await asyncio.gather(*deciding)


async def test_a_cancelled_wait_for_a_slot_gives_nothing_away(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, opened: asyncio.Event
) -> None:
    await configure(pool, server, max_concurrency=1)
    first = asyncio.create_task(thinker.decide(turn("oi")))
    await server.wait_arrived(1)
    waiting = asyncio.create_task(thinker.decide(turn("e eu?")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    opened.set()
    await first
    await thinker.decide(turn("de novo"))
    assert len(server.calls) == 2


async def test_a_server_that_fails_repeatedly_is_left_alone_and_tried_again(
    access: OpenAIAccess,
    thinker: OpenAIThinker,
    server: ModelServer,
    pool: asyncpg.Pool,
    turned: TurnedClock,
    usages: KeptUsages,
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    server.program.next(Kind.SERVER_ERROR, Kind.SERVER_ERROR, Kind.SERVER_ERROR)
    for _ in range(2):
        assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    assert access.breaker_states() == {"default": "open"}
    assert await reason_of(thinker, "beta") == Reason.OPENAI_BREAKER_OPEN
    assert len(server.calls) == len(usages.failed_calls) == 2

    turned.now_s += 60
    assert access.breaker_states() == {"default": "half_open"}
    assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    turned.now_s += 119
    assert await reason_of(thinker) == Reason.OPENAI_BREAKER_OPEN
    turned.now_s += 1
    assert (await thinker.decide(turn("oi"))).reply
    assert access.breaker_states() == {"default": "closed"}


async def test_answers_that_say_no_do_not_open_the_breaker(
    access: OpenAIAccess, thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server)
    server.program.next(*[Kind.FORBIDDEN, Kind.MODEL_NOT_FOUND, Kind.BAD_REQUEST] * 2)
    for _ in range(6):
        await reason_of(thinker)
    assert len(server.calls) == 6
    assert access.breaker_states() == {"default": "closed"}


async def test_a_budget_is_kept_before_the_call(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, usages: KeptUsages
) -> None:
    await configure(pool, server, daily_budget_usd=0.0001)
    assert await reason_of(thinker) == Reason.OPENAI_BUDGET_EXHAUSTED
    assert server.calls == []
    assert usages.failed_calls == []


async def test_what_a_call_cost_is_settled_and_what_failed_is_given_back(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, usages: KeptUsages
) -> None:
    await configure(pool, server, monthly_budget_usd=1)
    server.answering = lambda _seen: json_reply(output())
    server.program.next(Kind.SERVER_ERROR)
    await reason_of(thinker)
    await thinker.decide(turn("oi"))
    [row] = await pool.fetch("SELECT day_usd, month_usd FROM agent.budget_accounts")
    cost_usd = usages.completed_calls[0].cost_usd
    assert cost_usd is not None
    assert row["month_usd"] == row["day_usd"] == cost_usd > Decimal(0)
    assert await pool.fetchval("SELECT count(*) FROM agent.budget_reservations") == 0


def answering(**told: Any) -> Call[Answer]:
    """A call of a priced model, and what its server tells of the answer."""

    async def send(_client: openai.AsyncOpenAI) -> Answer:
        return Answer(**{"text": "{}", "headers": {}, **told})

    origin = Origin("acme", "c1", turn().turn_id, "decide")
    return Call(origin, "gpt-5.4-mini", TokenCount(1_000_000, 0), send)


async def test_an_answer_does_not_wait_for_its_report_and_the_end_does(
    pool: asyncpg.Pool, server: ModelServer, usages: KeptUsages, turned: TurnedClock
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    settings = AccessSettings(closing_s=20)
    access = OpenAIAccess(pool, SealingCipher(), usages, settings=settings, clock=turned.clock)
    credentials = await access.credentials_of("acme")
    usages.may_write.clear()
    call = answering(model="gpt-5.4-mini", tokens=TokenCount(100_000, 0))
    paid = await access.call(credentials, call, deadline_s=1e9)
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") == paid.cost_usd
    assert usages.completed_calls == []
    ending = asyncio.create_task(access.aclose())
    await asyncio.sleep(0)
    assert not ending.done()
    usages.may_write.set()
    await ending
    assert [one.cost_usd for one in usages.completed_calls] == [paid.cost_usd]


async def test_an_answer_without_its_usage_counts_as_what_was_held_for_it(
    access: OpenAIAccess, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    credentials = await access.credentials_of("acme")
    call = answering(model="gpt-5.4-mini", tokens=None)
    paid = await access.call(credentials, call, deadline_s=1e9)
    assert paid.cost_usd is None
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") == Decimal("0.75")


async def test_a_model_that_answers_for_another_costs_what_was_asked_for_costs(
    access: OpenAIAccess, server: ModelServer, pool: asyncpg.Pool, usages: KeptUsages
) -> None:
    await configure(pool, server)
    credentials = await access.credentials_of("acme")
    call = answering(model="served-by-nobody", tokens=TokenCount(100_000, 0))
    paid = await access.call(credentials, call, deadline_s=1e9)
    assert paid.cost_usd == usages.completed_calls[0].cost_usd == Decimal("0.075")


async def test_an_answer_that_was_lost_counts_as_what_was_held_for_it(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    server.program.next(Kind.CUT_IN_BODY)
    assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") > 0


async def test_a_request_that_never_went_out_costs_nothing(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server, daily_budget_usd=1, base_url="http://127.0.0.1:9/v1")
    assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    assert await pool.fetchval("SELECT day_usd FROM agent.budget_accounts") == 0


async def test_a_budget_cannot_be_kept_for_a_model_without_a_price(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server, daily_budget_usd=1, models={"chat": "of-nobody"})
    agent = turn("oi").centurion.model_copy(update={"models": turn().centurion.models.__class__()})
    with pytest.raises(CannotThink) as caught:
        await thinker.decide(turn("oi", agent=agent))
    assert caught.value.reason == Reason.OPENAI_BUDGET_EXHAUSTED
    assert "of-nobody" in caught.value.detail
    assert server.calls == []


async def test_without_the_budget_s_tables_no_call_is_made(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server, daily_budget_usd=1)
    await pool.execute("ALTER TABLE agent.budget_accounts RENAME TO away")
    assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    assert server.calls == []


async def test_a_new_key_begins_with_a_clean_sheet(
    thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    server.keys.add("sk-new")
    server.program.next(Kind.SERVER_ERROR, Kind.SERVER_ERROR)
    for _ in range(2):
        await reason_of(thinker)
    await pool.execute(
        "UPDATE core.integration_credential_sets SET secrets_encrypted = $1", sealed("sk-new")
    )
    turned.now_s += 29
    assert await reason_of(thinker) == Reason.OPENAI_BREAKER_OPEN
    # The credentials are looked up anew, long before the old key's breaker lets a trial through.
    turned.now_s += 2
    assert (await thinker.decide(turn("oi"))).reply
    assert server.calls[-1].key == "sk-new"


async def test_a_custom_company_s_failures_are_not_another_s(
    access: OpenAIAccess, thinker: OpenAIThinker, server: ModelServer, pool: asyncpg.Pool
) -> None:
    await configure(pool, server)
    server.answering = lambda _seen: json_reply(output())
    await pool.execute(
        "INSERT INTO core.company_integration_bindings"
        " (company_id, provider, mode, secrets_override_encrypted, config_override)"
        " SELECT 'own', 'openai', 'custom', $1, config FROM core.integration_credential_sets",
        sealed("sk-other"),
    )
    server.keys.add("sk-other")
    server.program.next(Kind.SERVER_ERROR, Kind.SERVER_ERROR)
    for _ in range(2):
        await reason_of(thinker, "own")
    assert (await thinker.decide(turn("oi"))).reply
    assert access.breaker_states() == {"custom:own": "open", "default": "closed"}
