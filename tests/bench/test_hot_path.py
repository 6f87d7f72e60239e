"""The hot path's scenarios in a tiny form: real processes, figures of the right shape, no speed."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runtime.bench import consume, growth, idle, latency
from runtime.bench.figures import Target, figure
from runtime.bench.log_events import LogShape
from runtime.bench.measured_floor import parts, tuples
from runtime.bench.plot import save_plot
from runtime.bench.progress import Progress
from runtime.bench.rates import Cost, Rate, rate
from runtime.bench.run import Report, run
from runtime.bench.service import ServiceFailed
from runtime.demo.script import bodies, conversations
from tests.bench.test_scenarios import settings

HEAD, END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


async def report(name: str, urls: tuple[str, str], folder: Path, shape: LogShape) -> Report:
    progress = Progress(Console(stderr=True))
    return await run(settings(*urls), [name], folder=folder, progress=progress, log=shape)


@pytest.fixture
def urls(empty_database_url: str, redis_url: str) -> tuple[str, str]:
    return empty_database_url, redis_url


@pytest.mark.soak
@pytest.mark.parametrize("processes", [(1,), (1, 2)])
async def test_all_ways_to_consume_are_measured_beside_the_floor(
    processes: tuple[int, ...],
    urls: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consume, "PROCESSES", processes)
    monkeypatch.setattr(consume, "PLAIN_PART", 20)
    corpus = tmp_path / "corpus.jsonl.gz"
    corpus.write_bytes(gzip.compress(b"\n".join(bodies(conversations()[:3]))))
    shape = LogShape(600, conversations=50, corpus=corpus, companies=7)
    lines = {line.case: line for line in (await report("consume", urls, tmp_path, shape)).rates}
    counts = ["1 process", "2 processes"][: len(processes)]
    ours = [f"{way}, {n}" for way in ("projections", "serve") for n in counts]
    floors = [f"floor: {what}" for what in ("XREADGROUP", "COPY", "both")]
    beside = [f"projections, {n} / FastStream" for n in counts]
    rivals = ["plain, 1 process", "FastStream, 1 process"]
    assert list(lines) == [*floors, *rivals, *beside, *ours]
    floor = lines["floor: both"]
    assert floor.events == 600
    assert floor.value < min(lines[case].value for case in floors[:2])
    for case in [*rivals, *ours]:
        line = lines[case]
        assert line.cost is not None
        assert line.value > 0
        assert line.ratio == pytest.approx(line.value / floor.value)
        assert line.cost.memory_mib
    assert all(lines[case].is_met is not None for case in [*ours, *beside])


async def test_a_way_that_loses_events_is_not_measured(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing that the group knows: it is acknowledged, and never stands in the log.
    monkeypatch.setattr(consume, "PROCESSES", (1,))
    whole: Callable[..., Any] = consume.Way
    monkeypatch.setattr(consume, "Way", lambda *a, **k: whole(*a, **{**k, "field": "other"}))
    with pytest.raises(ServiceFailed, match="0 of 50 events are in the log"):
        await report("consume", urls, tmp_path, LogShape(50))


async def test_a_rival_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "find_spec", lambda name: None)
    nothing: Any = None
    (line,) = await consume.rival(nothing, rate("consume", "floor", 1, Cost(1.0)), {})
    assert "not installed" in line.case
    assert (line.value, line.is_met, line.as_json()["met"]) == (0.0, None, None)


async def test_the_publisher_is_measured_beside_pipelined_commands(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    found = (await report("publish", urls, tmp_path, LogShape(200))).rates
    assert [line.case for line in found] == [
        "XADD, pipelined",
        "Publisher",
        "XADD, pipelined without asyncio",
        "Publisher / XADD, pipelined",
    ]
    assert all(line.value > 0 for line in found)
    assert found[-1].is_met is not None


@pytest.mark.soak
async def test_delays_are_of_every_event_that_can_be_read(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "SECONDS", 1.0)
    monkeypatch.setattr(latency, "WARM_UP_S", 0.5)
    monkeypatch.setattr(latency, "RATES", ((100, Target(p50=5)), (400, Target())))
    found = (await report("latency", urls, tmp_path, LogShape())).figures
    looks = [line for line in found if "between two looks" in line.case]
    taken = [line for line in found if "until Redis took it" in line.case]
    delays = [line for line in found if ":" not in line.case]
    assert [line.count for line in taken] == [150, 600]
    assert [line.case for line in delays] == ["100 events/s", "400 events/s"]
    assert [line.count for line in delays] == [100, 400]
    assert all(line.unanswered == 0 and line.p50 and line.p50 > 0 for line in delays)
    assert all(line.count > 100 for line in looks)
    assert delays[0].is_met is not None


async def test_an_idle_service_is_looked_at(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "SECONDS", 0.5)
    monkeypatch.setattr(idle, "SETTLED_S", 0.1)
    found = {
        line.case.partition(",")[0]: line
        for line in (await report("idle", urls, tmp_path, LogShape())).rates
    }
    assert list(found) == ["processor", "memory", "wake-ups", "reads and writes"]
    assert found["memory"].value > 10
    assert found["memory"].is_met is not None
    assert found["wake-ups"].is_met is None


@pytest.mark.soak
async def test_memory_under_load_is_told_at_its_most(urls: tuple[str, str], tmp_path: Path) -> None:
    found = (await report("memory", urls, tmp_path, LogShape(300))).rates
    assert found[0].case == "at the most"
    assert found[0].value > 10


@pytest.mark.soak
async def test_a_large_log_is_measured_beside_a_smaller_one(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "SMALLEST", 20)
    monkeypatch.setattr(growth, "SAMPLES", 2)
    told = StringIO()
    shown = Progress(Console(file=told, force_terminal=True, width=120))
    shape = LogShape(1000)
    found = (
        await run(settings(*urls), ["growth"], folder=tmp_path, progress=shown, log=shape)
    ).rates
    assert "1120/1120" in told.getvalue(), "the bar, and so its time left, is of the whole scenario"
    few, many = "at 20 events in 2 conversations", "at 1,000 events in 100 conversations"
    assert [line.case for line in found] == [
        *(few, few, many, many),
        *(f"{few}, median of 2", f"{many}, median of 2"),
        *("rate, large / smaller", "memory, large / smaller"),
    ]
    assert all(line.events <= 20 for line in found[:4])
    assert all(line.value > 0 for line in found)
    assert found[-2].value == pytest.approx(found[5].value / found[4].value)
    assert all(line.is_met is not None for line in found[6:])


@given(
    st.lists(st.lists(st.one_of(st.none(), st.binary(max_size=9)), max_size=4)), st.integers(1, 9)
)
def test_parts_of_a_binary_copy_are_its_rows_in_order(
    rows: list[list[bytes | None]], together: int
) -> None:
    written = [
        struct.pack(">h", len(row))
        + b"".join(
            struct.pack(">i", -1 if value is None else len(value)) + (value or b"") for value in row
        )
        for row in rows
    ]
    data = HEAD + b"".join(written) + END
    found = list(parts(data, together))
    assert b"".join(part[len(HEAD) : -len(END)] for part in found) == b"".join(written)
    assert all(part.startswith(HEAD) and part.endswith(END) for part in found)
    sizes = [len(list(tuples(part))) for part in found]
    assert sum(sizes) == len(rows)
    assert all(size == together for size in sizes[:-1])


def test_a_picture_shows_rates_and_delays(tmp_path: Path) -> None:
    path = tmp_path / "bench.svg"
    lines: list[Rate] = [
        rate("consume", "floor", 100, Cost(0.5)),
        rate("consume", "we", 9, Cost(1)),
    ]
    save_plot(path, [figure("latency", "calm", [3.0])], lines, told="a machine")
    drawn = path.read_text(encoding="utf-8").replace("&#160;", " ")
    assert drawn.startswith("<svg")
    assert "cdnjs" not in drawn
    for shown in ("floor", "200", "calm: p99", "a machine"):
        assert shown in drawn
