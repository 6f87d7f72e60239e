from __future__ import annotations

import asyncio

import pytest

from runtime.agent.reasons import Reason
from runtime.openai.breaker import BreakerSettings, State
from runtime.openai.clock import Clock
from runtime.openai.errors import CallFault
from runtime.openai.gate import Gate
from tests.openai_calls.fakes import TurnedClock

FAR_S = 1e9
DOWN = CallFault(Reason.OPENAI_UNAVAILABLE, "down", retryable=True, status=500)
REJECTED = CallFault(Reason.OPENAI_KEY_REJECTED, "no", status=401)


def gate_of(clock: Clock, *, slots: int = 1) -> Gate:
    return Gate(slots=slots, breaker=BreakerSettings(failures=1, first_s=10), clock=clock)


async def test_who_is_refused_takes_no_slot_away(turned: TurnedClock) -> None:
    gate = gate_of(turned.clock)
    gate.pacing.told_to_wait(60, turned.now_s)
    for _ in range(3):
        with pytest.raises(CallFault) as caught:
            await gate.admit(turned.now_s + 30)
        assert caught.value.reason == Reason.OPENAI_RATE_LIMITED
    (await gate.admit(turned.now_s + 61)).close()
    assert turned.slept == [60]


async def test_who_is_cancelled_while_keeping_pace_takes_no_slot_away(turned: TurnedClock) -> None:
    asleep = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    gate = gate_of(Clock(now_s=lambda: turned.now_s, sleep=sleep))
    gate.pacing.told_to_wait(60, turned.now_s)
    waiting = asyncio.create_task(gate.admit(FAR_S))
    await asleep.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    turned.now_s += 60
    (await gate.admit(FAR_S)).close()


async def test_no_room_in_time_is_a_time_out(turned: TurnedClock) -> None:
    gate = gate_of(turned.clock)
    permit = await gate.admit(FAR_S)
    with pytest.raises(CallFault) as caught:
        await gate.admit(turned.now_s)
    assert caught.value.reason == Reason.OPENAI_TIMEOUT
    permit.close()
    (await gate.admit(FAR_S)).close()


async def test_a_trial_that_is_answered_with_a_no_closes_the_breaker(turned: TurnedClock) -> None:
    gate = gate_of(turned.clock, slots=3)
    permit = await gate.admit(FAR_S)
    permit.failed(DOWN)
    permit.close()
    turned.now_s += 10
    trial = await gate.admit(FAR_S)
    with pytest.raises(CallFault) as caught:
        await gate.admit(FAR_S)
    assert caught.value.reason == Reason.OPENAI_BREAKER_OPEN
    trial.failed(REJECTED)
    trial.close()
    assert gate.breaker.state(turned.now_s) is State.CLOSED


async def test_a_trial_that_never_went_out_leaves_its_place(turned: TurnedClock) -> None:
    gate = gate_of(turned.clock)
    permit = await gate.admit(FAR_S)
    permit.failed(DOWN)
    permit.close()
    turned.now_s += 10
    (await gate.admit(FAR_S)).close()
    assert gate.breaker.state(turned.now_s) is State.HALF_OPEN
    (await gate.admit(FAR_S)).close()


async def test_one_call_at_a_time_tries_whether_an_account_still_refuses(
    turned: TurnedClock,
) -> None:
    gate = gate_of(turned.clock, slots=3)
    await refused(gate)
    turned.now_s += 15
    trial = await gate.admit(FAR_S)
    with pytest.raises(CallFault) as caught:
        await gate.admit(FAR_S)
    assert caught.value.reason == Reason.OPENAI_KEY_REJECTED
    trial.close()
    # It was not made: the next may.
    trial = await gate.admit(FAR_S)
    trial.answered()
    trial.close()
    for _ in range(3):
        await gate.admit(FAR_S)


async def test_a_trial_that_brings_no_answer_leaves_its_place(turned: TurnedClock) -> None:
    gate = gate_of(turned.clock)
    await refused(gate)
    turned.now_s += 15
    trial = await gate.admit(FAR_S)
    trial.failed(DOWN)
    trial.close()
    turned.now_s += 10
    (await gate.admit(FAR_S)).close()


async def test_who_finds_the_server_failing_leaves_the_trial(turned: TurnedClock) -> None:
    async def sleep(seconds: float) -> None:
        turned.now_s += seconds
        late.failed(DOWN)

    gate = gate_of(Clock(now_s=lambda: turned.now_s, sleep=sleep), slots=3)
    late = await gate.admit(FAR_S)
    await refused(gate)
    turned.now_s += 15
    gate.pacing.told_to_wait(1, turned.now_s)
    with pytest.raises(CallFault) as caught:
        await gate.admit(FAR_S)
    assert caught.value.reason == Reason.OPENAI_BREAKER_OPEN
    turned.now_s += 10
    (await gate.admit(FAR_S)).close()


async def refused(gate: Gate) -> None:
    """The account says no to all calls."""
    permit = await gate.admit(FAR_S)
    permit.failed(REJECTED)
    permit.close()
