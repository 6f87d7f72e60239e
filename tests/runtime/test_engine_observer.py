"""What the engine does is told in the log under fixed names: the runbook and alerts rest on them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from runtime.engine_observer import EngineObserver
from runtime.logs import get_logger
from runtime.metrics import Metrics
from tests.runtime.test_metrics import CALLS

EVENTS = {
    "batch_committed": ("debug", "consumers.batch_committed"),
    "dead_letter": ("warning", "consumers.dead_letter"),
    "parked": ("warning", "consumers.parked"),
    "partition_taken": ("info", "consumers.partition_taken"),
    "partition_released": ("warning", "consumers.partition_released"),
    "retrying": ("warning", "consumers.retrying"),
    "resynced": ("info", "consumers.resynced"),
    "group_recreated": ("warning", "consumers.group_recreated"),
    "generation_began": ("warning", "consumers.generation_began"),
    "lost": ("error", "domain_events.lost"),
    "drained": ("info", "consumers.parked_retried"),
    "detached": ("error", "consumers.projection_detached"),
    "trimmed": ("info", "consumers.trimmed"),
    "replaced_dropped": ("info", "consumers.replaced_dropped"),
}


@pytest.mark.parametrize("hook", CALLS)
def test_each_hook_writes_one_line_that_names_its_group(hook: str) -> None:
    observer = EngineObserver(Metrics(lambda: (), dict, process=False), get_logger("test"))
    with capture_logs() as lines:
        getattr(observer, hook)(*CALLS[hook])
    assert [(line["log_level"], line["event"]) for line in lines] == [EVENTS[hook]]
    assert lines[0]["group"] == "projections"
