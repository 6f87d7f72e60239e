"""Keeps secrets out of every text that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
_USERINFO = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s@]+(?=@)", re.IGNORECASE)


class Redactor:
    """Replaces known secrets, and passwords inside URLs, wherever they stand in a value."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def text(self, value: str) -> str:
        """The text without secrets."""
        clean = _USERINFO.sub(rf"\g<head>{MASK}", value)
        for secret in self._secrets:
            clean = clean.replace(secret, MASK)
        return clean

    def value(self, value: Any) -> Any:
        """The value without secrets: texts, exceptions and what is inside containers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))
