"""Every message is answered by a turn that read it, once and in order, whatever breaks meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.told import Told
from tests.turns.chaos import Plan
from tests.turns.coverage_oracle import check, records
from tests.turns.coverage_run import answer_chats, chats

SHORT = Plan(messages=1500, lasts_s=12, within_s=240)
WHOLE = Plan(messages=14_313, lasts_s=180, within_s=1800)


async def prove(
    database_url: str, redis_url: str, *, corpus: Path, folder: Path, plan: Plan
) -> str:
    """Run and check; what to tell people."""
    broken, took_s = await answer_chats(database_url, redis_url, corpus, folder, plan)
    found = await records(database_url, folder / "model.jsonl", folder / "channel.jsonl")
    findings = check(found, {event["id"] for _, event in chats(corpus, plan)})
    figures = ", ".join(f"{name} {count}" for name, count in sorted(findings.counts.items()))
    faults = ", ".join(f"{name} {count}" for name, count in sorted(broken.items()))
    said = f"coverage: {figures}\n  broken in {took_s:.1f} s: {faults}"
    assert not findings.wrong, {rule: found[:3] for rule, found in findings.wrong.items()}
    # A run in which little was answered, or by rules alone, would prove nothing.
    counts = findings.counts
    assert counts["turns replied"] > counts["conversations"] / 2
    assert counts["parts said by rules"] < counts["parts delivered"] / 10
    assert broken["SIGKILL"] >= 2
    assert broken["postgres cut"] + broken["redis cut"] >= 5
    return said


@pytest.mark.timeout(400)
async def test_fifteen_hundred_messages_are_all_answered_while_processes_die(
    database_url: str, redis_url: str, corpus: Path, tmp_path: Path, told: Told
) -> None:
    told.say(await prove(database_url, redis_url, corpus=corpus, folder=tmp_path, plan=SHORT))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_whole_corpus_is_answered_while_processes_die(
    database_url: str, redis_url: str, corpus: Path, tmp_path: Path, told: Told
) -> None:
    told.say(await prove(database_url, redis_url, corpus=corpus, folder=tmp_path, plan=WHOLE))
