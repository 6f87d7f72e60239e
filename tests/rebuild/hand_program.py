"""A process that has workers of a rebuild, loses one or gives it up, and says what it was told.

Run as `python -m tests.rebuild.hand_program forked|started SCENARIO`: forks need a process that has neither
a loop nor a thread. The workers' Postgres takes their connections and is silent, so that they stay at work.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.reading import Scope
from runtime.rebuilding.hands import Hand, forked
from runtime.rebuilding.orders import Order
from runtime.settings import load_settings

LINE = Order(
    schema="replay_scratch",
    token=str(UUID(int=1)),
    group="projections",
    names=["leads"],
    scope=Scope.ALL,
    fail_fast=False,
    partitions=[0],
    settings=RebuildSettings(),
).line()


async def _at_work(hand: Hand, silent: socket.socket) -> asyncio.Task[bytes]:
    """What it is going to answer, once it works."""
    answering = asyncio.create_task(hand.answer(LINE))
    conn, _ = await asyncio.get_running_loop().sock_accept(silent)
    conn.detach()  # It stays open.
    return answering


async def killed(hands: list[Hand], silent: socket.socket) -> list[Any]:
    answering = await _at_work(hands[0], silent)
    os.kill(hands[0]._pid, signal.SIGKILL)
    return [(await answering).decode(), *hands[0].ended()]


async def killed_before(hands: list[Hand], silent: socket.socket) -> list[Any]:
    os.kill(hands[0]._pid, signal.SIGKILL)
    ended = hands[0].ended()
    return [(await hands[0].answer(LINE)).decode(), *ended]


async def raising(hands: list[Hand], silent: socket.socket) -> list[Any]:
    return [(await hands[0].answer(b"no order\n")).decode(), *hands[0].ended()]


async def given_up(hands: list[Hand], silent: socket.socket) -> list[Any]:
    """By who waits for the answer; whether it lives, and whether anything of it is open."""
    hand = hands.pop(0)
    answering = await _at_work(hand, silent)
    answering.cancel()
    with suppress(asyncio.CancelledError):
        await answering
    lived = _lives(hand._pid)
    hand.dismiss()
    return [lived, _lives(hand._pid), [fd for fd in hand.ends if _is_open(fd)]]


async def left(hands: list[Hand], silent: socket.socket) -> list[Any]:
    """By its parent, which ends alone: only when no other has the end of its pipe open, it sees that."""
    answering = await _at_work(hands[0], silent)
    answering.cancel()
    with suppress(asyncio.CancelledError):
        await answering
    orders, _ = hands[0].ends
    # In place of the pipe, whose end is nobody's now.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, orders)
    os.close(nothing)
    return list(hands[0].ended())


def _lives(pid: int) -> bool:
    """Also one that has ended and was not waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


SCENARIOS: dict[str, Callable[[list[Hand], socket.socket], Awaitable[list[Any]]]] = {
    told.__name__: told for told in (killed, killed_before, raising, given_up, left)
}


def main(way: str, scenario: str) -> None:
    """Two workers by that way; the others are dismissed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        settings = load_settings(
            {
                "SUPABASE_DB_URL": f"postgresql://nobody@127.0.0.1:{port}/nothing",
                "REDIS_URL": f"redis://127.0.0.1:{port}",
            },
            env_file=None,
        )
        with forked(2 if way == "forked" else 0, settings) as hands:
            if way == "started":
                hands += [Hand.started(settings), Hand.started(settings)]
            told = asyncio.run(_said(scenario, hands, silent))
    sys.stdout.write(json.dumps(told))


async def _said(scenario: str, hands: list[Hand], silent: socket.socket) -> list[Any]:
    return await SCENARIOS[scenario](hands, silent)


if __name__ == "__main__":
    main(*sys.argv[1:])
