"""A rebuild's workers one by one: what their parent is told when one ends, and that none outlives it."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import pytest

from tests.forked_process import start_module

WAYS = pytest.mark.parametrize("way", ["forked", "started"])


async def told(way: str, scenario: str) -> list[Any]:
    process = await start_module("tests.rebuild.hand_program", way, scenario)
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: list[Any] = json.loads(out)
    return found


@WAYS
@pytest.mark.parametrize("scenario", ["killed", "killed_before"])
async def test_one_that_is_killed_gives_no_answer_and_its_signal(way: str, scenario: str) -> None:
    assert await told(way, scenario) == ["", -signal.SIGKILL, ""]


@WAYS
async def test_one_that_raises_gives_no_answer_and_says_why(way: str) -> None:
    answer, code, last = await told(way, "raising")
    assert (answer, code) == ("", 1)
    assert "JSONDecodeError" in last


@WAYS
async def test_who_gives_up_waiting_ends_it_by_dismissing_it(way: str) -> None:
    assert await told(way, "given_up") == [True, False, []]


@WAYS
async def test_one_at_work_ends_when_its_parent_has_let_go(way: str) -> None:
    """Though another worker was made after it."""
    assert await told(way, "left") == [1, ""]
