"""The container files name what exists: variables, commands, services, files."""

from __future__ import annotations

import re
from pathlib import Path

from runtime.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("events", "projections", "consumers", "runtime")


def _services(text: str) -> dict[str, str]:
    """Each service's part of a compose file, by name."""
    (block,) = re.findall(r"^services:\n((?:(?: .*)?\n)+)", text, re.MULTILINE)
    parts = re.split(r"^  ([a-z-]+):\n", block, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _compose() -> dict[str, str]:
    return _services((ROOT / "compose.yaml").read_text())


def test_compose_has_the_servers_and_the_runtime() -> None:
    assert set(_compose()) == {"postgres", "valkey", "agent-runtime"}


def test_the_runtime_migrates_before_it_serves_and_gets_the_signals() -> None:
    assert "agent-runtime migrate && exec agent-runtime serve" in _compose()["agent-runtime"]


def test_the_runtime_waits_for_healthy_servers() -> None:
    services = _compose()
    assert services["agent-runtime"].count("condition: service_healthy") == 2
    assert all("healthcheck:" in services[name] for name in ("postgres", "valkey"))


def test_every_variable_of_the_runtime_is_one_of_its_settings() -> None:
    known = {name.upper() for name in Settings.model_fields}
    given = set(re.findall(r"^      ([A-Z_]+): \$", _compose()["agent-runtime"], re.MULTILINE))
    assert {"SUPABASE_DB_URL", "REDIS_URL", "DISABLE_CONNECTIONS", "DISABLE_WORKERS"} <= given
    assert given <= known


def test_the_events_log_in_valkey_is_kept_and_never_evicted() -> None:
    valkey = _compose()["valkey"]
    assert '"--appendonly", "yes"' in valkey
    assert '"--maxmemory-policy", "noeviction"' in valkey


def test_the_compose_file_of_the_runbook_is_the_same_one() -> None:
    file = ROOT / "infra" / "compose" / "docker-compose.yml"
    included = re.findall(r"^  - (\S+)$", file.read_text(), re.MULTILINE)
    assert [(file.parent / path).resolve() for path in included] == [ROOT / "compose.yaml"]


def test_the_image_runs_without_root_and_checks_its_health() -> None:
    final = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert final.startswith("python:3.12-slim")
    assert "\nUSER agent-runtime\n" in final
    assert "\nHEALTHCHECK " in final
    assert "/health" in final
    assert f"EXPOSE {Settings.model_fields['port'].default}\n" in final


def test_the_image_gets_all_that_the_build_needs_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert kept == {*PACKAGES, "pyproject.toml", "uv.lock", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in kept)
