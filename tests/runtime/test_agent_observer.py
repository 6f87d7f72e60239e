"""What the agent tells becomes log lines under the names of the runbook, and never shows a body."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from runtime.agent_metrics import AgentMetrics
from runtime.outbox.relay import RelayObserver
from runtime.turns.observer import TurnObserver
from tests.runtime.agent_hooks import CALLS, observer

LINES: dict[str, list[tuple[str, str]]] = {
    "opened": [("info", "message_received.audio")],
    "ended": [("info", "turn.closed"), ("debug", "turn.ended")],
    "replied": [],
    "part_settled": [("warning", "outbound.not_sent")],
    "failed": [("warning", "turn.failed")],
    "lost": [("warning", "turn.lost")],
    "ticked": [],
    "tick_failed": [("error", "debounce.tick_failed")],
    "relayed": [("info", "handoff.requested"), ("warning", "outbox.sent_again")],
    "relay_failed": [("warning", "outbox.relay_failed")],
    "outbox_depth": [],
}


def told(hook: str) -> list[dict[str, Any]]:
    with structlog.testing.capture_logs() as lines:
        found = observer(AgentMetrics(CollectorRegistry()), structlog.stdlib.get_logger("test"))
        getattr(found, hook)(*CALLS[hook])
    return [dict(line) for line in lines]


def test_each_hook_is_tried() -> None:
    hooks = {
        name
        for port in (TurnObserver, RelayObserver)
        for name, _ in inspect.getmembers(port, inspect.isfunction)
        if not name.startswith("_")
    }
    assert hooks == set(CALLS) == set(LINES)


@pytest.mark.parametrize("hook", CALLS)
def test_a_hook_logs_its_lines(hook: str) -> None:
    assert [(line["log_level"], line["event"]) for line in told(hook)] == LINES[hook]


@pytest.mark.parametrize("hook", ["opened", "ended", "part_settled", "failed", "lost"])
def test_a_line_names_the_conversation_and_the_turn(hook: str) -> None:
    for line in told(hook):
        assert (line["company_id"], line["conversation_id"]) == ("acme", "c-1")
        assert line["turn_id"]


def test_a_message_s_line_has_its_correlation_id() -> None:
    assert [line["correlation_id"] for line in told("opened")] == ["cor-7"]


def test_no_line_shows_what_was_written() -> None:
    assert not [line for hook in CALLS for line in told(hook) if "segredo" in str(line)]


def test_a_tick_that_goes_through_forgets_the_fault() -> None:
    found = observer(AgentMetrics(CollectorRegistry()))
    found.tick_failed("debounce", "gone")
    assert found.tick_errors == {"debounce": "gone"}
    found.ticked("debounce")
    assert found.tick_errors == {}
    assert "debounce" in found.last_ticks
