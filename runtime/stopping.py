"""Stop on signals: the first asks, the second leaves at once."""

from __future__ import annotations

import asyncio
import os
import signal

from runtime.logs import get_logger

_log = get_logger(__name__)


def stop_on_signals(signals: tuple[signal.Signals, ...]) -> asyncio.Event:
    """An event that the first signal sets; the second exits at once with 128 + its number.

    Leaving at once loses nothing: an uncommitted batch is rolled back by Postgres, and leases run
    out.
    """
    stop = asyncio.Event()

    def received(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        _log.info("service.stopping", signal=number.name)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, received, number)
    return stop
