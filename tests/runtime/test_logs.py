"""Log lines: JSON for machines, pretty for people, no secret in either."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from runtime.logs import configure, get_logger
from runtime.settings import Settings, load_settings

URLS = {
    "SUPABASE_DB_URL": "postgresql://bot:hunter2@db.example:5432/app",
    "REDIS_URL": "redis://:s3cr%40t@cache.example:6379/0",
    "API_TOKEN": "token-of-the-api",
}


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def settings(**more: str) -> Settings:
    return load_settings({**URLS, **more}, env_file=None)


def fail(text: str) -> None:
    raise RuntimeError(text)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_the_bound_context() -> None:
    out = io.StringIO()
    configure(settings(), stream=out)

    ids = {"request_id": "r1", "correlation_id": "c1", "company_id": "acme"}
    with structlog.contextvars.bound_contextvars(**ids, conversation_id="42"):
        get_logger("x").info("handoff.requested", count=3)

    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        **ids,
        "conversation_id": "42",
        "event": "handoff.requested",
        "level": "info",
        "logger": "x",
        "count": 3,
    }


def test_no_secret_passes_whatever_it_stands_in() -> None:
    out = io.StringIO()
    configure(settings(), stream=out)
    log = get_logger("x")

    log.info(
        "a", url=URLS["REDIS_URL"], nested={"list": ["hunter2"], "error": ValueError("s3cr@t")}
    )
    log.info("b hunter2", token="Bearer token-of-the-api")
    log.info("c", other="postgresql://somebody:unknown-password@h/db")
    try:
        fail(URLS["SUPABASE_DB_URL"])
    except RuntimeError:
        log.exception("d")
    logging.getLogger("library").warning("cannot reach %s", URLS["SUPABASE_DB_URL"])

    found = lines(out)
    assert [line["event"].split()[0] for line in found] == ["a", "b", "c", "d", "cannot"]
    assert "RuntimeError" in found[3]["exception"]
    secrets = ("hunter2", "s3cr", "token-of-the-api", "unknown-password")
    assert not any(secret in out.getvalue() for secret in secrets)


def test_the_level_is_the_settings() -> None:
    out = io.StringIO()
    configure(settings(LOG_LEVEL="warning"), stream=out)

    get_logger("x").info("hidden")
    get_logger("x").warning("shown")

    assert [line["event"] for line in lines(out)] == ["shown"]


def test_pretty_lines_are_for_people() -> None:
    out = io.StringIO()
    configure(settings(LOG_FORMAT="pretty"), stream=out)

    get_logger("x").info("serve.stopped", port=5000)

    assert "serve.stopped" in out.getvalue()
    assert "port=5000" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_auto_is_json_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    configure(settings(LOG_FORMAT="auto"), stream=out)

    get_logger("x").info("serve.stopped")

    assert lines(out)[0]["event"] == "serve.stopped"


def test_a_library_exception_keeps_its_trace_in_one_line() -> None:
    out = io.StringIO()
    configure(settings(), stream=out)

    try:
        fail("broken")
    except RuntimeError:
        logging.getLogger("library").exception("failed")

    (line,) = lines(out)
    assert "RuntimeError: broken" in line["exception"]
