"""OpenAI's refusals: statuses, bodies and headers.

Source: https://developers.openai.com/api/docs/guides/error-codes, and
https://developers.openai.com/api/docs/guides/rate-limits for the headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ORGANIZATION = "org-model-server"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """OpenAI's error object."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": error}


class Refused(Exception):
    """The server refuses a request by OpenAI's rules, without any misbehaviour."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def no_key() -> Refusal:
    return Refusal(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )


def unknown_key(key: str) -> Refusal:
    shown = f"{key[:5]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * len(key)
    return Refusal(
        401,
        f"Incorrect API key provided: {shown}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def forbidden() -> Refusal:
    return Refusal(
        403,
        "Country, region, or territory not supported",
        type="request_forbidden",
        code="unsupported_country_region_territory",
    )


def model_not_found(model: str) -> Refusal:
    return Refusal(
        404,
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def unknown_url(method: str, path: str) -> Refusal:
    return Refusal(404, f"Invalid URL ({method} {path})")


def bad_request(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    return Refusal(400, message, param=param, code=code)


def missing_parameter(param: str) -> Refusal:
    return bad_request(
        f"Missing required parameter: '{param}'.", param, "missing_required_parameter"
    )


def rate_limited(model: str, headers: Mapping[str, str]) -> Refusal:
    return Refusal(
        429,
        f"Rate limit reached for {model} in organization {ORGANIZATION} on requests per min "
        "(RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms. Visit "
        "https://platform.openai.com/account/rate-limits to learn more.",
        type="requests",
        code="rate_limit_exceeded",
        headers=headers,
    )


def insufficient_quota() -> Refusal:
    return Refusal(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, read the docs: "
        "https://platform.openai.com/docs/guides/error-codes/api-errors.",
        type="insufficient_quota",
        code="insufficient_quota",
    )


def server_error() -> Refusal:
    return Refusal(
        500,
        "The server had an error while processing your request. Sorry about that!",
        type="server_error",
    )


def unavailable() -> Refusal:
    return Refusal(
        503,
        "Our servers are currently overloaded. Please try again later.",
        type="service_unavailable_error",
        code="server_is_overloaded",
    )
