"""Real chats against real processes that are killed and cut off while they answer."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import asyncpg
import orjson
from redis.asyncio import Redis

from events.publisher import Publisher
from tests.companies.files import CIPHER, applied
from tests.forked_process import start_module
from tests.model_server.process import running_model_server
from tests.runtime.service_process import Gate
from tests.turns.chaos import PROCESSES, Chaos, Plan, Slot, wait_true
from tests.turns.forked_serve import parent

_LONGEST_GAP_S = 120.0
_COMPANY = """
credential_sets:
  - id: main
    name: Main
    default: true
    config: {{base_url: "{model}", api: chat, max_concurrency: 64, models: {{chat: test-model}}}}
    secrets: {{api_key: sk-test}}
companies:
  - id: ubuntu
    name: Ubuntu
    locale: en
    settings: {{turns_at_once: 64}}
    centurions:
      - id: cora
        name: Cora
        debounce_ms: 100
        max_wait_ms: 2000
        handoff: {{enabled: false}}
        channels:
          "*": {{kind: webhook, url: "{channel}", timeout_s: 1, max_part_chars: 60}}
"""
_BACKLOG = "SELECT (SELECT count(*) FROM agent.bursts), (SELECT count(*) FROM agent.inbox)"
_MOST_WAITING, _MOST_UNREAD = 40, 100
_STEP_S = 0.05
# The log holds all messages and all that turns did, and nothing waits.
_ANSWERED = """
    SELECT (SELECT count(*) FROM runtime.event_log WHERE type = 'message_received.text') = $1
       AND (SELECT count(*) FROM agent.inbox WHERE closed_at IS NOT NULL) = $1
       AND NOT EXISTS (SELECT FROM agent.bursts)
       AND NOT EXISTS (SELECT FROM agent.turns WHERE state <> 'done')
       AND NOT EXISTS (SELECT FROM runtime.outbox)
"""
_CHANNEL_FAULTS: tuple[dict[str, Any], ...] = (
    {"deed": "fail_after"},
    {"deed": "cut_after"},
    {"deed": "fail_before"},
    {"deed": "late"},
    {"deed": "cut_before"},
    {"deed": "refuse", "status": 429, "headers": {"retry-after": "1"}},
    {"deed": "cut_in_status"},
    {"deed": "cut_in_body"},
)


def chats(corpus: Path, plan: Plan) -> list[tuple[float, dict[str, Any]]]:
    """(seconds from the start, event), the corpus's own gaps shortened to the plan's time."""
    with gzip.open(corpus / "irc-events.jsonl.gz") as lines:
        events = [orjson.loads(line) for _, line in zip(range(plan.messages), lines, strict=False)]
    at, last, times = 0.0, None, []
    for event in events:
        now = datetime.fromisoformat(event["occurred_at"]).timestamp()
        at += min(_LONGEST_GAP_S, max(0.0, now - (last or now)))
        last = now
        times.append(at)
    return [(when / (at or 1) * plan.lasts_s, e) for when, e in zip(times, events, strict=True)]


async def publish(
    database_url: str, redis_url: str, chat: list[tuple[float, dict[str, Any]]]
) -> None:
    """Write each message at its time, stamped with the real one.

    Time stands still while much is unanswered: on a slow machine all would be one burst else.
    """
    redis, conn = Redis.from_url(redis_url), await asyncpg.connect(database_url)
    publisher, clock_s, at = Publisher(redis), 0.0, 0
    try:
        while at < len(chat):
            waiting, taken = await conn.fetchrow(_BACKLOG) or (0, 0)
            if waiting < _MOST_WAITING and at - taken < _MOST_UNREAD:
                clock_s += _STEP_S
                due = [event for when, event in chat[at:] if when <= clock_s]
                now = {"occurred_at": datetime.now(UTC).isoformat()}
                await publisher.publish_raw([orjson.dumps(event | now) for event in due])
                at += len(due)
            await asyncio.sleep(_STEP_S)
    finally:
        await conn.close()
        await redis.aclose()


@asynccontextmanager
async def running_channel(record: Path, faults: list[dict[str, Any]]) -> AsyncIterator[str]:
    """A channel in a process of its own that misbehaves as told; its URL."""
    process = await start_module("tests.channel_server", "--record", str(record))
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as http:
            steering = url.replace("/hook", "/_program")
            async with http.post(steering, json={"steps": faults}) as answer:
                assert answer.status == 200, await answer.text()
        yield url
    finally:
        process.kill()
        await process.wait()


def channel_faults(plan: Plan) -> list[dict[str, Any]]:
    """Each of the channel's faults in turn, some good answers before each."""
    steps: list[dict[str, Any]] = []
    for number in range(plan.messages // plan.channel_fault_every):
        steps.append({"deed": "accept", "times": plan.channel_fault_every - 1})
        steps.append(_CHANNEL_FAULTS[number % len(_CHANNEL_FAULTS)])
    return steps


@asynccontextmanager
async def running(
    database_url: str, redis_url: str, folder: Path, plan: Plan
) -> AsyncIterator[Chaos]:
    """A model, a channel, a company that knows both, and processes that serve it.

    The model's and the channel's records are `model.jsonl` and `channel.jsonl` in the folder.
    """
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(
            running_model_server(
                *("--record", str(folder / "model.jsonl"), "--delay-ms", "20-400"),
                *("--brain", "tests.turns.numbering:answer"),
            )
        )
        channel = await stack.enter_async_context(
            running_channel(folder / "channel.jsonl", channel_faults(plan))
        )
        async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
            company = _COMPANY.format(model=model.base_url, channel=channel)
            await applied(pool, folder, company, CIPHER)
        parents = await stack.enter_async_context(parent())
        slots = [
            Slot(Gate(database_url), Gate(redis_url), folder / f"serve-{number}.log")
            for number in range(PROCESSES)
        ]
        for gate in (gate for slot in slots for gate in (slot.postgres, slot.redis)):
            await gate.open()
            stack.push_async_callback(gate.shut)
        chaos = Chaos(parents, database_url, slots, plan)
        for slot in slots:
            await chaos.start(slot)
        yield chaos


async def answer_chats(
    database_url: str, redis_url: str, corpus: Path, folder: Path, plan: Plan
) -> tuple[Counter[str], float]:
    """Everything from the first message to the last answer; what was broken, and how long it took."""
    chat = chats(corpus, plan)
    async with running(database_url, redis_url, folder, plan) as chaos:
        began = monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(chaos.run(), name="chaos")
            await publish(database_url, redis_url, chat)
            await wait_true(database_url, _ANSWERED, len(chat), within_s=plan.within_s)
            chaos.stop()
        return chaos.done, monotonic() - began
