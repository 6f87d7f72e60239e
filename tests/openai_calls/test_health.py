from __future__ import annotations

import asyncio
from typing import Any, cast

import asyncpg
import pytest

from runtime.agent.reasons import Reason
from runtime.openai import calling
from runtime.openai.health import Health, HealthBook, health_of
from runtime.openai.thinker import OpenAIThinker
from tests.model_server.brain import json_reply
from tests.model_server.misbehaviours import Kind
from tests.model_server.server import ModelServer
from tests.openai_calls.asking import configure, reason_of
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import bind, binding
from tests.openai_calls.turns import output, turn


async def test_health_is_written_when_it_changes_and_else_every_minute(
    pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await bind(pool, "acme", "global")
    book = HealthBook(pool, clock=turned.clock)
    await book.note("acme", Health.OK)
    first = await binding(pool, "acme")
    assert (first["status"], first["last_error"]) == ("ok", None)

    turned.now_s += 59
    await book.note("acme", Health.OK)
    assert (await binding(pool, "acme"))["last_validated_at"] == first["last_validated_at"]
    await book.note("acme", Health.REJECTED, "HTTP 401")
    changed = await binding(pool, "acme")
    assert (changed["status"], changed["last_error"]) == ("rejected", "HTTP 401")

    turned.now_s += 60
    await book.note("acme", Health.REJECTED, "HTTP 401 again")
    assert (await binding(pool, "acme"))["last_error"] == "HTTP 401 again"


async def test_another_company_s_binding_is_left_alone(
    pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await bind(pool, "acme", "global")
    await bind(pool, "beta", "global")
    await HealthBook(pool, clock=turned.clock).note("acme", Health.REJECTED, "no")
    assert (await binding(pool, "beta"))["status"] == "unknown"


async def test_what_could_not_be_written_is_written_next_time(
    pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await bind(pool, "acme", "global")
    book = HealthBook(pool, clock=turned.clock)
    await pool.execute("ALTER TABLE core.company_integration_bindings RENAME TO away")
    await book.note("acme", Health.OK)
    await pool.execute("ALTER TABLE core.away RENAME TO company_integration_bindings")
    await book.note("acme", Health.OK)
    assert (await binding(pool, "acme"))["status"] == "ok"


class HeldPool:
    """Its first statement waits."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._statements = 0
        self.begun, self.let = asyncio.Event(), asyncio.Event()

    async def execute(self, *given: Any) -> str:
        self._statements += 1
        if self._statements == 1:
            self.begun.set()
            await self.let.wait()
        return str(await self._pool.execute(*given))


async def test_what_was_noted_last_stands_in_the_end(
    pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    await bind(pool, "acme", "global")
    held = HeldPool(pool)
    book = HealthBook(cast("asyncpg.Pool", held), clock=turned.clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(book.note("acme", Health.OK))
        await held.begun.wait()
        last = tasks.create_task(book.note("acme", Health.UNREACHABLE, "no answer"))
        # It would be done by then, if it did not wait for the first.
        await asyncio.wait({last}, timeout=0.2)
        held.let.set()
    row = await binding(pool, "acme")
    assert (row["status"], row["last_error"]) == ("unreachable", "no answer")


async def test_what_holds_one_company_up_holds_no_other_up(
    pool: asyncpg.Pool, turned: TurnedClock
) -> None:
    for company_id in ("acme", "beta"):
        await bind(pool, company_id, "global")
    held = HeldPool(pool)
    book = HealthBook(cast("asyncpg.Pool", held), clock=turned.clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(book.note("acme", Health.OK))
        await held.begun.wait()
        async with asyncio.timeout(10):
            await book.note("beta", Health.REJECTED, "no")
        assert (await binding(pool, "beta"))["status"] == "rejected"
        held.let.set()
    assert (await binding(pool, "acme"))["status"] == "ok"


async def test_an_answer_whose_report_is_late_hides_no_later_failure(
    thinker: OpenAIThinker,
    server: ModelServer,
    pool: asyncpg.Pool,
    usages: KeptUsages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "_TELLS_AFTER_S", 0.2)
    await configure(pool, server)
    await bind(pool, "acme", "global")
    server.answering = lambda _seen: json_reply(output())
    assert (await thinker.decide(turn("oi"))).reply
    server.program.next(Kind.SERVER_ERROR)
    assert await reason_of(thinker) == Reason.OPENAI_UNAVAILABLE
    async with asyncio.timeout(10):
        while not usages.completed_calls:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        while (await binding(pool, "acme"))["status"] != "unreachable":  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("reason", "health"),
    [
        (Reason.OPENAI_KEY_REJECTED, "rejected"),
        (Reason.OPENAI_QUOTA_EXHAUSTED, "quota_exhausted"),
        (Reason.OPENAI_RATE_LIMITED, "rate_limited"),
        (Reason.OPENAI_UNAVAILABLE, "unreachable"),
        (Reason.OPENAI_TIMEOUT, "unreachable"),
        (Reason.OPENAI_REQUEST_INVALID, "ok"),
        (Reason.OPENAI_BAD_OUTPUT, "ok"),
    ],
)
def test_a_fault_tells_the_health_of_the_credentials(reason: Reason, health: str) -> None:
    assert health_of(reason) == health
