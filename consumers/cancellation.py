"""Cancellation that arrives even where a library swallows it."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """End an endless loop whose task was cancelled.

    In Python 3.11 `asyncio.wait_for`, under each of redis-py's commands, swallows a cancellation
    that meets the end of what it waits for. `asyncio.timeout` takes its own interrupts back, so
    that only real ones count here.

    Source: https://github.com/python/cpython/issues/86296
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
