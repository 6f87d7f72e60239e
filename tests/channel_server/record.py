"""What the server received, what it answered, and what reached the person at the other end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `delivered`: this request made the message reach the person.

    `key` is its `Idempotency-Key`; header names are in lower case. `answered` is the status, or the
    deed that took its place.
    """

    number: int
    path: str
    headers: dict[str, str]
    body: str
    key: str | None
    answered: int | str
    delivered: bool
    provider_message_id: str | None

    @property
    def data(self) -> dict[str, Any]:
        """The message in the body."""
        data: dict[str, Any] = orjson.loads(self.body)["data"]
        return data


@dataclass(slots=True)
class Record:
    """All requests in order, and in a file of JSON Lines where one is named.

    A line is in the file before its answer goes out, so that no kill of the sender, and no answer
    that it has seen, is ahead of the record.
    """

    file: Path | None = None
    received: list[Received] = field(default_factory=list)

    def add(self, one: Received) -> None:
        """Keep it."""
        self.received.append(one)
        if self.file is not None:
            with self.file.open("ab") as out:
                out.write(orjson.dumps(asdict(one)) + b"\n")

    def deliveries(self) -> list[str | None]:
        """The keys of what reached the person, in order, repeated where it did so repeatedly."""
        return [one.key for one in self.received if one.delivered]


def read_record(file: Path) -> list[Received]:
    """The requests in a file."""
    return [Received(**orjson.loads(line)) for line in file.read_bytes().splitlines()]
