"""What an HTTP answer, or its absence, says about a send.

| what happened | fate | tried again |
|---|---|---|
| 2xx, even if the rest of the answer is late, cut or no JSON | `SENT` | no |
| no connection stood: refused, no such host, TLS failed, time-out while connecting | `FAILED` | yes |
| 408, 425, 429; 503 with `retry-after` | `FAILED`: it says that it did not take it | yes |
| 409 where the channel takes an idempotency key | `UNKNOWN`: the first try may still be running | yes |
| other 3xx and 4xx | `FAILED` | no |
| other 5xx; time-out, cut or nonsense once a connection stood | `UNKNOWN` | only where the channel takes an idempotency key |

Source: RFC 9110 sections 10.2.3 and 15; draft-ietf-httpapi-idempotency-key-header section 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from runtime.channels.port import Fate, Sent
from runtime.http_dates import seconds_until

_TIMEOUT, _CONFLICT, _TOO_EARLY, _TOO_MANY, _UNAVAILABLE = 408, 409, 425, 429, 503


def answered(
    status: int, headers: Mapping[str, str], *, takes_idempotency_key: bool, now: datetime
) -> Sent:
    """The outcome by status alone; `headers` are looked up in lower case. `now` is aware."""
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return Sent(Fate.SENT, detail=detail)
    wait_s = _retry_after_s(headers.get("retry-after"), now)
    if status in (_TIMEOUT, _TOO_EARLY, _TOO_MANY) or (
        status == _UNAVAILABLE and wait_s is not None
    ):
        return Sent(Fate.FAILED, detail=detail, retryable=True, retry_after_s=wait_s)
    if status >= 500 or (status == _CONFLICT and takes_idempotency_key):
        return Sent(
            Fate.UNKNOWN, detail=detail, retryable=takes_idempotency_key, retry_after_s=wait_s
        )
    return Sent(Fate.FAILED, detail=detail)


def unanswered(detail: str, *, connected: bool, takes_idempotency_key: bool) -> Sent:
    """The outcome without an answer; once a connection stood, something may have gone out."""
    if not connected:
        return Sent(Fate.FAILED, detail=detail, retryable=True)
    return Sent(Fate.UNKNOWN, detail=detail, retryable=takes_idempotency_key)


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds from now, never below zero; None where there is none that can be read."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    return seconds_until(text, now=now)
