"""As many processes as there are processors for us, by the system and by the container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime import cores
from runtime.cli.benching import settings_of_a_bench
from runtime.cores import default_processes, usable_cores
from runtime.settings import load_settings

_URLS = {"SUPABASE_DB_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("max 100000\n", 8),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("", 8),
        ("100000 0\n", 8),
    ],
)
def test_a_container_may_have_fewer_than_the_machine(quota: Path, told: str, expected: int) -> None:
    quota.write_text(told)

    assert usable_cores(quota) == expected


def test_who_is_bound_to_some_processors_has_only_these(
    quota: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)

    assert usable_cores(quota) == 2


def test_a_system_without_such_bounds_has_all(quota: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)

    assert usable_cores(quota) == 6


@pytest.mark.parametrize(("there_are", "expected"), [(1, 1), (3, 3), (64, 4)])
def test_serve_has_one_process_a_processor_up_to_four(
    there_are: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: there_are)

    assert default_processes() == expected
    assert load_settings(_URLS, env_file=None).processes == expected
    assert load_settings({**_URLS, "PROCESSES": "7"}, env_file=None).processes == 7


@pytest.mark.parametrize(("environ", "expected"), [({}, 1), ({"PROCESSES": "3"}, 3)])
def test_a_bench_measures_one_process_unless_told_otherwise(
    environ: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROCESSES", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert settings_of_a_bench(None, None).processes == expected
