"""How the server misbehaves, and who decides which request meets it.

A request that may come in (a known key, a known model, a valid body) takes the first of: the
head of the queue; the oldest rule that matches it; what the test's own callable says.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum

from pydantic import ConfigDict

from tests.model_server.protocol import Endpoint, Seen


class Kind(StrEnum):
    """The misbehaviours, and what the official client makes of each."""

    RATE_LIMITED = "rate_limited"
    """429 `rate_limit_exceeded`, with the headers asked for: RateLimitError."""
    INSUFFICIENT_QUOTA = "insufficient_quota"
    """429 `insufficient_quota`: RateLimitError, and trying again is of no use."""
    UNAUTHORIZED = "unauthorized"
    """401 `invalid_api_key` for a key that is known: AuthenticationError."""
    FORBIDDEN = "forbidden"
    """403: PermissionDeniedError."""
    MODEL_NOT_FOUND = "model_not_found"
    """404 `model_not_found`: NotFoundError."""
    BAD_REQUEST = "bad_request"
    """400, with a code and a message of choice: BadRequestError."""
    SERVER_ERROR = "server_error"
    """500: InternalServerError."""
    UNAVAILABLE = "unavailable"
    """503: InternalServerError with that status."""
    NEVER_ANSWERS = "never_answers"
    """Silent until the client leaves: APITimeoutError, after the client's own time-out."""
    SLOW = "slow"
    """The right answer after `delay_ms`, and `pause_ms` before each event of a stream."""
    CUT_IN_BODY = "cut_in_body"
    """The connection ends in the middle of a right answer: APIConnectionError."""
    CUT_BEFORE_STATUS = "cut_before_status"
    """The connection is reset before the status line: APIConnectionError."""
    MALFORMED_BODY = "malformed_body"
    """200 with half a JSON document of the right length: json.JSONDecodeError."""
    NOT_JSON = "not_json"
    """A well-formed answer whose text is not the JSON asked for: `parse()` raises pydantic's
    ValidationError, `create()` nothing."""
    WRONG_SCHEMA = "wrong_schema"
    """The same with JSON that the schema forbids."""
    REFUSAL = "refusal"
    """A refusal in place of the content; no error."""
    EMPTY = "empty"
    """No content (chat), no output item (responses), no vector, an empty transcript; no error."""
    LENGTH = "length"
    """Half of the right text, `finish_reason` length or status incomplete: chat's `parse()` raises
    LengthFinishReasonError, that of responses pydantic's ValidationError."""
    CONTENT_FILTER = "content_filter"
    """The same, ended by the filter: ContentFilterFinishReasonError, or ValidationError."""
    FAILED = "failed"
    """200 with a response of status failed and an error (`code`, `message`); a stream ends with
    `response.failed`. The client raises nothing. Responses alone have it."""


SPOILS_THE_RIGHT_ANSWER = frozenset(
    {Kind.SLOW, Kind.CUT_IN_BODY, Kind.MALFORMED_BODY, Kind.LENGTH, Kind.CONTENT_FILTER}
)
"""For these the test's own callable is asked; the others need no answer from it."""
_OF_CONTENT = frozenset({Kind.REFUSAL, Kind.LENGTH, Kind.CONTENT_FILTER, Kind.FAILED})
WITHOUT_SENSE = {
    Endpoint.CHAT: frozenset({Kind.FAILED}),
    Endpoint.RESPONSES: frozenset[Kind](),
    Endpoint.EMBEDDINGS: _OF_CONTENT,
    Endpoint.TRANSCRIPTIONS: _OF_CONTENT,
    Endpoint.MODELS: _OF_CONTENT | {Kind.NOT_JSON, Kind.WRONG_SCHEMA, Kind.EMPTY},
}
"""What an endpoint cannot do; asked for, the server answers 500 and says so."""


@dataclass(frozen=True, slots=True)
class Misbehave:
    """One misbehaviour with its details; each detail counts for the kinds that use it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Kind
    retry_after: str | None = None
    """The header as it is sent: seconds ("2") or an HTTP date (`http_date`)."""
    retry_after_ms: str | None = None
    remaining_requests: str | None = None
    reset_requests: str | None = None
    """`x-ratelimit-reset-requests` as a duration: "6m0s", "20ms"."""
    reset_tokens: str | None = None
    should_retry: bool | None = None
    """`x-should-retry`, which the official client obeys."""
    delay_ms: float = 0
    """Before anything is sent; of a slow answer and of any other."""
    pause_ms: float = 0
    message: str | None = None
    """In place of an error's message or of the refusal's text."""
    code: str | None = None
    """In place of an error's code."""

    def headers(self) -> dict[str, str]:
        """The headers asked for, under their wire names."""
        named = {
            "retry-after": self.retry_after,
            "retry-after-ms": self.retry_after_ms,
            "x-ratelimit-remaining-requests": self.remaining_requests,
            "x-ratelimit-reset-requests": self.reset_requests,
            "x-ratelimit-reset-tokens": self.reset_tokens,
            "x-should-retry": None if self.should_retry is None else str(self.should_retry).lower(),
        }
        return {name: value for name, value in named.items() if value is not None}


def http_date(moment: datetime) -> str:
    """An instant as `retry-after` may give it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests meet a misbehaviour: those for which every given condition holds."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    misbehave: Misbehave | Kind
    key: str | None = None
    endpoint: Endpoint | None = None
    model: str | None = None
    schema_name: str | None = None
    contains: str | None = None
    """In the text of any message."""
    matches: Callable[[Seen], bool] | None = None
    """In-process only."""
    times: int | None = None
    """How often; None: always."""
    share: float = 1.0
    """Which part of the matching requests, drawn from the server's seed and their number."""

    def covers(self, seen: Seen, *, seed: int) -> bool:
        """Whether the conditions hold for a request."""
        return (
            self.key in (None, seen.key)
            and self.endpoint in (None, seen.endpoint)
            and self.model in (None, seen.model)
            and self.schema_name in (None, seen.schema_name)
            and (self.contains is None or self.contains in seen.prompt)
            and (self.matches is None or self.matches(seen))
            and random.Random(f"{seed} share {seen.number}").random() < self.share
        )


class Program:
    """What is to go wrong. Empty, nothing does but what the test's callable wants."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._queue: deque[Misbehave | None] = deque()
        self._rules: list[Rule] = []
        self._left: list[int | None] = []

    def next(self, *misbehaviours: Misbehave | Kind | None) -> None:
        """Queue one for each of the next requests, whoever sends them; None lets one pass."""
        self._queue += [None if one is None else _detailed(one) for one in misbehaviours]

    def rule(self, *rules: Rule) -> None:
        """Add rules; the oldest that matches wins."""
        self._rules += rules
        self._left += [rule.times for rule in rules]

    def for_key(self, key: str, misbehave: Misbehave | Kind) -> None:
        """Every request with this key."""
        self.rule(Rule(misbehave, key=key))

    def clear(self) -> None:
        """Behave again."""
        self._queue.clear()
        self._rules.clear()
        self._left.clear()

    def take(self, seen: Seen) -> Misbehave | None:
        """What a request meets; counts it."""
        if self._queue:
            return self._queue.popleft()
        for at, rule in enumerate(self._rules):
            left = self._left[at]
            if left == 0 or not rule.covers(seen, seed=self._seed):
                continue
            if left is not None:
                self._left[at] = left - 1
            return _detailed(rule.misbehave)
        return None

    def __len__(self) -> int:
        return len(self._queue)


def _detailed(one: Misbehave | Kind) -> Misbehave:
    return Misbehave(one) if isinstance(one, Kind) else one
