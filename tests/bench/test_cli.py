"""What `agent-runtime bench` refuses, and what its options decide."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from runtime.bench.figures import Figure, Target, figure
from runtime.bench.ground import Ground
from runtime.bench.log_events import LogShape
from runtime.bench.rates import Bound, Cost, Rate, rate
from runtime.bench.run import DELAYS, QUICK, RATES
from runtime.bench.scenarios import QUICK as QUICK_ONES
from runtime.bench.scenarios import SCENARIOS
from runtime.cli import app
from runtime.cli.benching import Wish


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scenario", "moon"], "turns, tenants"),
        (["--database-url", "postgresql://localhost/x"], "--redis-url"),
        (["--redis-url", "redis://localhost"], "--database-url"),
        (["--plot", "bench.png"], "bench.png: what is drawn is an SVG"),
    ],
)
def test_wrong_use_is_told_with_what_is_allowed(words: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["bench", *words])
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.fixture
def scales(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Of each run of the scenario `turns`, which takes no time here: the first takes 1 ms, …"""
    seen: list[float] = []

    async def at_once(ground: Ground) -> list[Figure]:
        seen.append(ground.scale)
        delays = [float(len(seen))]
        return [figure("turns", "case", delays, target=Target(p50=1.5), cpu_ms=12.5)]

    monkeypatch.setitem(DELAYS, "turns", at_once)
    return seen


def test_options_shorten_the_runs_repeat_them_and_tell_them_to_machines(
    scales: list[float], empty_database_url: str, redis_url: str
) -> None:
    servers = ["--database-url", empty_database_url, "--redis-url", redis_url]
    options = ["--scenario", "turns", "--quick", "--repeat", "3", "--json", *servers]
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 0, result.output
    lines = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert scales == [QUICK] * 3
    assert [(line["case"], line["p50"], line["met"]) for line in lines] == [
        ("case", 1.0, True),
        ("case", 2.0, False),
        ("case", 3.0, False),
        ("case, median of 3", 2.0, False),
    ]


@pytest.mark.parametrize(("words", "names"), [([], SCENARIOS), (["--quick"], QUICK_ONES)])
def test_where_none_is_named_all_are_run_and_quickly_those_of_the_hot_path(
    words: list[str], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Wish] = []
    monkeypatch.setattr("runtime.cli.benching.measure", asked.append)
    result = CliRunner().invoke(app, ["bench", *words])
    assert result.exit_code == 0, result.output
    assert [tuple(wish.names) for wish in asked] == [names]


def test_what_a_rebuild_reads_is_chosen_and_its_rates_are_told_to_people(
    empty_database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LogShape] = []

    async def at_once(ground: Ground) -> list[Rate]:
        seen.append(ground.log)
        floor = rate("rebuild", "floor", 100, Cost(0.5))
        return [floor, rate("rebuild", "fast", 100, Cost(1.0), floor=floor, bound=Bound(0.4))]

    monkeypatch.setitem(RATES, "rebuild", at_once)
    corpus = tmp_path / "corpus.jsonl"
    corpus.touch()
    servers = ["--database-url", empty_database_url, "--redis-url", redis_url]
    shape = ["--events", "77", "--conversations", "5", "--companies", "3", "--corpus", str(corpus)]
    drawn = tmp_path / "rates.svg"
    options = ["--scenario", "rebuild", "--repeat", "2", "--plot", str(drawn), *shape, *servers]
    result = CliRunner().invoke(app, ["bench", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert seen == [LogShape(77, 5, corpus, 3)] * 2
    assert "floor" in drawn.read_text()
    told = " ".join(result.stdout.split())
    assert "fast 100 100 events/s 0.50 >= 0.4 yes" in told
    assert "fast, median of 2" in told


def test_a_picture_that_cannot_be_drawn_is_told(
    scales: list[float], empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    servers = ["--database-url", empty_database_url, "--redis-url", redis_url]
    nowhere = str(tmp_path / "nothing" / "bench.svg")
    options = ["--scenario", "turns", "--plot", nowhere, *servers]
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 1
    assert "No such file" in result.stderr


def test_a_corpus_that_is_none_is_told_by_its_line(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("what?")
    servers = ["--database-url", empty_database_url, "--redis-url", redis_url]
    options = ["--scenario", "rebuild", "--corpus", str(corpus), *servers]
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 1
    assert "line 1" in result.stderr


def test_a_full_run_is_told_to_people_once(
    scales: list[float], empty_database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = ["--database-url", empty_database_url, "--redis-url", redis_url]
    options = ["--scenario", "turns", *servers]
    typed = ["bench", "--database-url", "postgresql://me:hush@db/x", "--redis-url=redis://:hush@r"]
    monkeypatch.setattr(sys, "argv", ["agent-runtime", *typed])
    result = CliRunner().invoke(app, ["bench", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert scales == [1.0]
    told = " ".join(result.stdout.split())
    assert "p50 < 1.5" in told
    assert "12.5" in told
    assert "PostgreSQL" in told
    assert "median" not in told
    assert "agent-runtime bench --database-url postgresql://me:***@db/x" in told
    assert "hush" not in told


def test_every_scenario_can_be_named() -> None:
    assert (*DELAYS, *RATES) == SCENARIOS
