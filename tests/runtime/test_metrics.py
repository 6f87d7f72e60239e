"""Every hook and snapshot shows in the metrics; the text is what Prometheus accepts."""

from __future__ import annotations

import inspect
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics import parser

from consumers.lineage import Loss
from consumers.observer import BatchCommitted, Observer
from consumers.status import GroupStatus, PartitionStatus
from runtime import metrics_reference
from runtime.engine_observer import EngineObserver
from runtime.exposition import Encoded, encode, merge, only_summed, render
from runtime.logs import get_logger
from runtime.metric_families import DOMAIN_EVENTS, FAMILIES, POSTGRES_INFO, REDIS_INFO
from runtime.metrics import Metrics
from tests.runtime.agent_hooks import call_each_hook

BATCH = BatchCommitted(
    group="projections",
    partitions=(1,),
    read=10,
    applied=7,
    duplicate=2,
    dead=1,
    commit_s=0.02,
    oldest_entry_age_s=0.3,
)
CALLS: dict[str, tuple[object, ...]] = {
    "batch_committed": (BATCH,),
    "dead_letter": ("projections", 1, "1-0", "not_json"),
    "parked": ("projections", "messages", 1, "refused", 2),
    "partition_taken": ("projections", 1, 4),
    "partition_released": ("projections", 1, "lost"),
    "retrying": ("projections", "redis: TimeoutError", 1, 0.5),
    "resynced": ("projections", 1, 12),
    "group_recreated": ("projections", 1, "5-0"),
    "generation_began": ("projections", 1, 2, "stream_gone", "5-0"),
    "lost": ("projections", 1, Loss(3, at_least=False, reason="trimmed_unread", since=None)),
    "drained": ("projections", "messages", 1, 4, "drained"),
    "detached": ("projections", "messages", "KeyError: 'x'"),
    "trimmed": ("projections", 1, 100, "5-0"),
    "replaced_dropped": ("projections", "leads"),
}


def status() -> GroupStatus:
    return GroupStatus(
        "projections",
        "me",
        partitions={
            0: PartitionStatus(
                0, 1, 5, lag_events=3, lag_s=1.5, counts_by_type={"lead.created": 5}
            ),
            1: PartitionStatus(
                1, 1, 0, imbalance=0, counts_by_type={"lead.created": 2, "unknown": 1}
            ),
        },
        detached={"messages": "KeyError"},
        held_back={"billing": 7200.0},
        conservation={(0, "", "read"): 8, (0, "messages", "parked"): 1},
    )


def metrics(*statuses: GroupStatus) -> Metrics:
    return Metrics(lambda: statuses, lambda: {"db": True, "redis": False})


def all_called(found: Metrics) -> Metrics:
    observer = EngineObserver(found, get_logger("test"))
    for hook, arguments in CALLS.items():
        getattr(observer, hook)(*arguments)
    call_each_hook(found.agent)
    found.servers_detected(
        dict.fromkeys(REDIS_INFO.labels, "x"), dict.fromkeys(POSTGRES_INFO.labels, "x")
    )
    return found


def samples(snapshot: Metrics | Encoded) -> dict[tuple[str, tuple[str, ...]], float]:
    families = snapshot.collect() if isinstance(snapshot, Metrics) else merge([snapshot])
    return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}


def test_each_hook_of_the_observer_changes_a_metric() -> None:
    hooks = {n for n, _ in inspect.getmembers(Observer, inspect.isfunction) if n[0] != "_"}
    assert hooks == set(CALLS)

    for hook, arguments in CALLS.items():
        found = Metrics(lambda: (), dict, process=False)
        before = samples(found)
        getattr(EngineObserver(found, get_logger("test")), hook)(*arguments)
        assert samples(found) != before, hook


def test_a_batch_is_counted_by_outcome_and_observed_in_seconds() -> None:
    found = samples(all_called(metrics()))

    for outcome, count in (("applied", 7), ("duplicate", 2), ("dead", 1)):
        assert found["agent_runtime_entries_total", ("projections", outcome)] == count
    assert found["agent_runtime_batch_events_sum", ("projections",)] == 10
    assert found["agent_runtime_commit_seconds_sum", ("projections",)] == 0.02
    assert found["agent_runtime_publish_to_visible_seconds_sum", ("projections",)] == 0.3
    assert found["agent_runtime_dead_letters_total", ("projections", "not_json")] == 1
    assert found["agent_runtime_parked_events_total", ("projections", "messages")] == 2
    assert found["agent_runtime_resynced_entries_total", ("projections",)] == 12


def test_domain_events_are_the_committed_counts_of_the_log_s_group_alone() -> None:
    other = GroupStatus("agent", "me", partitions=status().partitions)

    found = samples(metrics(status(), other))

    assert found["domain_events_total", ("lead.created", "0")] == 5
    assert found["domain_events_total", ("lead.created", "1")] == 2
    assert found["domain_events_total", ("unknown", "1")] == 1
    assert sum(v for (name, _), v in found.items() if name == "domain_events_total") == 8


def test_an_unknown_lag_has_no_sample() -> None:
    found = samples(metrics(status()))

    assert found["agent_runtime_consumer_lag_events", ("projections", "0")] == 3
    assert found["agent_runtime_consumer_lag_seconds", ("projections", "0")] == 1.5
    assert ("agent_runtime_consumer_lag_events", ("projections", "1")) not in found
    assert ("agent_runtime_consumer_lag_seconds", ("projections", "1")) not in found


def test_every_declared_metric_is_exported_under_its_name() -> None:
    """A declaration that nothing feeds would be a promise in the reference and no more."""
    exported = {f.name: f for f in all_called(metrics(status())).collect()}

    for family in FAMILIES:
        found = exported[family.name]
        assert (found.type, found.documentation) == (family.kind, family.help)
        assert found.samples, family.name
        assert set(family.labels) <= set(found.samples[0].labels)


def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    body, _ = render(all_called(metrics(status())).collect(), "")

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=body, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_openmetrics_is_given_to_who_asks() -> None:
    body, content_type = render(
        all_called(metrics(status())).collect(), "application/openmetrics-text; version=1.0.0"
    )

    assert content_type.startswith("application/openmetrics-text")
    parsed = parser.text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]
    names = {family.name for family in parsed}
    assert {family.name for family in FAMILIES} <= names


def test_plain_text_is_given_to_everybody_else() -> None:
    body, content_type = render(metrics(status()).collect(), "*/*")

    assert content_type.startswith("text/plain")
    assert b'domain_events_total{partition="0",type="lead.created"} 5.0' in body
    assert b"_created" not in body


def test_processes_sum_counters_and_take_the_largest_of_what_is_exact() -> None:
    one, two = (encode(all_called(metrics(status())).collect()) for _ in range(2))

    found = samples(encode(merge([one, two], largest=frozenset({DOMAIN_EVENTS.name}))))

    assert found["agent_runtime_entries_total", ("projections", "applied")] == 14
    assert found["agent_runtime_batch_events_bucket", ("projections", "10.0")] == 2
    assert found["domain_events_total", ("lead.created", "0")] == 5
    assert found["agent_runtime_consumer_lag_events", ("projections", "0")] == 3


def test_sums_outlive_their_process_and_gauges_do_not() -> None:
    kept = only_summed(
        encode(all_called(metrics(status())).collect()), largest=frozenset({DOMAIN_EVENTS.name})
    )

    names = {family["name"] for family in kept}
    assert {"agent_runtime_entries", "agent_runtime_batch_events"} <= names
    assert not names & {"domain_events", "agent_runtime_consumer_lag_events"}


def test_the_reference_is_current() -> None:
    assert metrics_reference.PATH.read_text(encoding="utf-8") == metrics_reference.text()
