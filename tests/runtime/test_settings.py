"""The environment is validated once, all at once, and no secret shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections import groups
from runtime import settings_reference
from runtime.settings import Settings, load_settings
from runtime.settings_problems import SettingsInvalid

URLS = {
    "SUPABASE_DB_URL": "postgresql://bot:hunter2@db.example:5432/app",
    "REDIS_URL": "redis://:s3cr%40t@cache.example:6379/0",
}
OTHER_VALUES = {
    "SUPABASE_DB_URL": "postgresql://other@elsewhere/db",
    "REDIS_URL": "unix:///tmp/redis.sock",
    "DB_POOL_MIN": "2",
    "DB_POOL_MAX": "20",
    "DB_STATEMENT_CACHE": "0",
    "DISABLE_CONNECTIONS": "true",
    "DISABLE_WORKERS": "true",
    "PORT": "5001",
    "HOST": "127.0.0.1",
    "API_TOKEN": "token-of-the-api",
    "CREDENTIALS_KEY": "ab" * 32,
    "CREDENTIALS_KEY_PREVIOUS": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
    "STREAM_PREFIX": "other",
    "PARTITIONS": "4",
    "PROCESSES": "3",
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "pretty",
    "SHUTDOWN_GRACE_S": "3",
    "LEASE_S": "20",
    "HEARTBEAT_S": "2",
    "BATCH_EVENTS": "100",
    "BLOCK_MS": "50",
    "LANES": "5",
    "TURNS": "5",
    "TURN_LEASE_S": "12",
    "OPENAI_PRICES": __file__,
    "STREAM_KEEP_HOURS": "48",
}


def load(environ: dict[str, str], *, embedded: bool = False) -> Settings:
    return load_settings(environ, embedded=embedded, env_file=None)


def refused(environ: dict[str, str]) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as caught:
        load(environ)
    return caught.value


def test_the_urls_alone_are_enough() -> None:
    settings = load(URLS)

    assert settings.port == 5000
    assert settings.database_dsn() == URLS["SUPABASE_DB_URL"]
    assert settings.redis_dsn() == URLS["REDIS_URL"]


def test_every_variable_is_read() -> None:
    """A variable that is declared but not read would keep its default."""
    default, other = load({"DISABLE_CONNECTIONS": "false"}, embedded=True), load(OTHER_VALUES)

    assert set(OTHER_VALUES) == {name.upper() for name in Settings.model_fields}
    same = [n for n in Settings.model_fields if getattr(default, n) == getattr(other, n)]
    assert same == []


def test_all_wrong_values_are_told_at_once_with_what_is_allowed() -> None:
    error = refused(
        {"PORT": "x", "LEASE_S": "nan", "DB_POOL_MIN": "50", "API_TOKEN": "short", "LANES": "0"}
    )

    names = {problem.name for problem in error.problems}
    assert names == {
        *("PORT", "LEASE_S", "DB_POOL_MIN", "API_TOKEN", "LANES", "SUPABASE_DB_URL", "REDIS_URL")
    }
    assert all(problem.wrong and problem.allowed for problem in error.problems)
    assert all(problem.name in str(error) for problem in error.problems)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPABASE_DB_URL", "mysql://bot:hunter2@db/app"),
        ("SUPABASE_DB_URL", "postgresql://bot:hunter2@db:port/app"),
        ("SUPABASE_DB_URL", "postgresql://bot:a/hunter2@db/app"),
        ("REDIS_URL", "redis://:hunter2@:0/0"),
        ("REDIS_URL", "hunter2"),
        ("API_TOKEN", "hunter2"),
        ("CREDENTIALS_KEY", "hunter2"),
        ("PORT", "redis://:hunter2@cache/0"),
    ],
)
def test_a_refused_value_never_shows_its_secret(name: str, value: str) -> None:
    error = refused({**URLS, name: value})

    assert [problem.name for problem in error.problems] == [name]
    assert "hunter2" not in str(error) + repr(error)


def test_settings_show_no_secret() -> None:
    shown = repr(load({**URLS, "API_TOKEN": "token-of-the-api"}))

    assert not any(secret in shown for secret in ("hunter2", "s3cr", "token-of-the-api"))


def test_secrets_are_known_as_written_and_decoded() -> None:
    assert load(URLS).secrets() == {"hunter2", "s3cr%40t", "s3cr@t"}


def test_keys_and_tokens_are_secrets_too() -> None:
    names = ("API_TOKEN", "CREDENTIALS_KEY", "CREDENTIALS_KEY_PREVIOUS")

    assert {OTHER_VALUES[name] for name in names} <= load(OTHER_VALUES).secrets()


def test_what_is_encrypted_under_the_previous_key_is_still_read() -> None:
    before = load({**URLS, "CREDENTIALS_KEY": "cd" * 32}).cipher()
    environ = {"CREDENTIALS_KEY": "ab" * 32, "CREDENTIALS_KEY_PREVIOUS": "cd" * 32}
    after = load({**URLS, **environ}).cipher()
    assert before is not None
    assert after is not None

    assert after.decrypt(before.encrypt("hunter2")) == "hunter2"
    assert load(URLS).cipher() is None


def test_a_previous_key_alone_is_refused() -> None:
    error = refused({**URLS, "CREDENTIALS_KEY_PREVIOUS": "ab" * 32})

    assert [problem.name for problem in error.problems] == ["CREDENTIALS_KEY_PREVIOUS"]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"DB_POOL_MIN": "14"}, "DB_POOL_MIN"),
        ({"DB_POOL_MAX": "8"}, "DB_POOL_MAX"),
        ({"DB_POOL_MAX": "10", "LANES": "3"}, "DB_POOL_MAX"),
        ({"DB_POOL_MAX": "7", "LANES": "2", "DISABLE_WORKERS": "true"}, "DB_POOL_MAX"),
        ({"LEASE_S": "2"}, "LEASE_S"),
    ],
)
def test_values_that_contradict_each_other_are_refused(environ: dict[str, str], name: str) -> None:
    assert [problem.name for problem in refused({**URLS, **environ}).problems] == [name]


@pytest.mark.parametrize(
    ("environ", "lanes"),
    [
        ({}, 4),
        ({"DB_POOL_MAX": "40"}, 4),
        ({"DB_POOL_MAX": "10"}, 2),
        ({"DB_POOL_MAX": "9", "DISABLE_WORKERS": "true"}, 3),
        ({"DB_POOL_MAX": "7", "DISABLE_WORKERS": "true"}, 1),
        ({"DB_POOL_MAX": "40", "LANES": "5"}, 5),
    ],
)
def test_there_are_four_lanes_where_the_pool_has_room(environ: dict[str, str], lanes: int) -> None:
    assert load({**URLS, **environ}).engine().lanes == lanes


def test_missing_urls_are_no_error_without_connections_or_with_embedded_servers() -> None:
    assert load({"DISABLE_CONNECTIONS": "true"}).redis_url is None
    assert load({}, embedded=True).supabase_db_url is None


def test_an_empty_value_counts_as_not_set() -> None:
    assert load({**URLS, "PORT": ""}).port == 5000


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"REDIS_URL=redis://from-file\nPORT=6000\nSUPABASE_DB_URL={'x' * 3}\nOTHER=1\n")

    settings = load_settings({**URLS, "PORT": ""}, env_file=file)

    assert settings.redis_dsn() == URLS["REDIS_URL"]
    assert settings.port == 6000


def test_a_child_process_gets_the_same_settings() -> None:
    settings = load(OTHER_VALUES)

    assert load(settings.to_environ()) == settings


def test_the_engine_gets_what_it_needs() -> None:
    engine = load(OTHER_VALUES).engine()

    assert (engine.partitions, engine.stream_prefix) == (4, "other")
    assert (engine.lease_s, engine.heartbeat_s, engine.stop_grace_s) == (20.0, 2.0, 3.0)
    assert (engine.batch_events, engine.block_ms, engine.lanes) == (100, 50, 5)
    assert engine.stream_keep_s == 48 * 3600


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DB_POOL_MAX": "10"},
        {"DB_POOL_MAX": "24", "LANES": "16"},
        {"DB_POOL_MAX": "8", "DISABLE_WORKERS": "true"},
    ],
)
def test_workers_leave_both_groups_the_connections_that_they_hold_at_once(
    environ: dict[str, str],
) -> None:
    settings = load({**URLS, **environ})
    batches = settings.lanes + 1
    heartbeats_and_steps = 2 * len(groups.ALL)
    relay_or_probe = 1
    workers = 0 if settings.disable_workers else settings.worker_share()
    held = batches + heartbeats_and_steps + relay_or_probe + workers

    assert held <= settings.db_pool_max
    assert settings.disable_workers or workers >= 2


def test_the_reference_is_current() -> None:
    assert settings_reference.PATH.read_text(encoding="utf-8") == settings_reference.text()
