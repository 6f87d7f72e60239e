from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime.openai.pacing import Pacing
from runtime.openai.rate_headers import duration_s, reset_s, retry_after_s

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("1s", 1.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("6m0x", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_duration_is_read_as_the_server_writes_it(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "Fri, 27 Nov 2026 15:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 27 Nov 2026 14:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 27 Nov 99999999999999999999 15:00:30 GMT"}, None),
        ({"retry-after": "tomorrow", "x-ratelimit-reset-requests": "3s"}, None),
        ({}, None),
    ],
)
def test_the_wait_comes_from_the_most_exact_header(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "900",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            1.0,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "9999",
                "x-ratelimit-reset-requests": "6ms",
                "x-ratelimit-remaining-tokens": "900",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            360.0,
        ),
        ({}, None),
    ],
)
def test_after_a_429_the_reset_of_what_is_used_up_is_waited_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert reset_s(headers) == seconds


def test_nothing_is_sent_while_nothing_remains_until_the_reset() -> None:
    pacing = Pacing()
    pacing.heard(
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, now_s=100.0
    )
    assert pacing.wait_s(100.0) == 360.0
    assert pacing.wait_s(459.0) == 1.0
    assert pacing.wait_s(460.0) == 0.0


def test_an_answer_that_tells_of_an_allowance_ends_the_wait() -> None:
    pacing = Pacing()
    pacing.heard(
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60s"}, now_s=0.0
    )
    pacing.heard({"x-ratelimit-remaining-requests": "5"}, now_s=1.0)
    assert pacing.wait_s(1.0) == 0.0


def test_a_pause_that_was_asked_for_is_never_shortened_by_a_later_one() -> None:
    pacing = Pacing()
    pacing.told_to_wait(30.0, now_s=0.0)
    pacing.told_to_wait(1.0, now_s=5.0)
    assert pacing.wait_s(5.0) == 25.0
