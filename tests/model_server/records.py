"""The server's own record of what was asked and answered, for checks that trust nobody else.

As a file it is JSON Lines: a call as it arrived, and again as it finished; of each number the
last line holds. A call without `finished` was in progress, or the server was killed under it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.model_server.protocol import Seen


@dataclass(slots=True)
class Call:
    """One request and what became of it."""

    number: int
    """From 1, in order of arrival."""
    arrived: int
    """Place in the one order of all arrivals and finishes: two calls overlapped exactly if each
    arrived before the other finished."""
    endpoint: str
    path: str
    key: str
    model: str
    messages: list[tuple[str, str]]
    schema_name: str | None
    stream: bool
    metadata: dict[str, str]
    headers: dict[str, str]
    audio: dict[str, Any] | None = None
    """filename, content_type, bytes, sha256."""
    request_id: str = ""
    """`x-request-id` of the answer."""
    finished: int | None = None
    client_there: bool | None = None
    """Whether the client was still connected when the server was done with it, as far as a server
    can know: true until a cut that the server made itself, false if the server stopped."""
    status: int | None = None
    """None: no status line was sent."""
    misbehaviour: str | None = None
    answer_id: str | None = None
    """`chatcmpl-…` or `resp_…`."""
    answered: str | None = None
    """The content's text, as far as the server meant to send it; of a refusal or an error its
    text."""
    error_code: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    """input_tokens, output_tokens."""

    @property
    def prompt(self) -> str:
        """The texts of all messages, a line break between them."""
        return "\n".join(text for _, text in self.messages)

    def overlaps(self, other: Call) -> bool:
        """Whether both were in progress at some moment."""
        mine = self.finished is None or other.arrived < self.finished
        return mine and (other.finished is None or self.arrived < other.finished)


class Record:
    """All calls, in memory and, if a file is given, on disk. Continues a file that exists."""

    def __init__(self, path: Path | None = None) -> None:
        self.calls: list[Call] = []
        self._path = path
        self._file: IO[str] | None = None
        self._order = 0
        self._grown = asyncio.Event()

    def __enter__(self) -> Self:
        if self._path is not None:
            self._resume(self._path)
            self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def arrive(self, path: str, request_id: str, seen: Callable[[int], Seen]) -> tuple[Call, Seen]:
        """Enter a request; `seen` gets its number."""
        one = seen(len(self.calls) + 1)
        call = Call(
            number=one.number,
            arrived=self._next(),
            endpoint=one.endpoint,
            path=path,
            key=one.key,
            model=one.model,
            messages=list(one.messages),
            schema_name=one.schema_name,
            stream=one.stream,
            metadata=dict(one.metadata),
            headers=dict(one.headers),
            audio=_described(one),
            request_id=request_id,
        )
        self.calls.append(call)
        self._write(call)
        return call, one

    def finish(self, call: Call, *, client_there: bool) -> None:
        """Enter that the server is done with a call."""
        call.finished = self._next()
        call.client_there = client_there
        self._write(call)

    async def wait(self, holds: Callable[[list[Call]], bool]) -> None:
        """Until the calls satisfy a condition."""
        while not holds(self.calls):
            self._grown.clear()
            await self._grown.wait()

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _write(self, call: Call) -> None:
        if self._file is not None:
            self._file.write(json.dumps(asdict(call), ensure_ascii=False) + "\n")
            self._file.flush()
        self._grown.set()

    def _resume(self, path: Path) -> None:
        if not path.exists():
            return
        self.calls = read_record(path)
        self._order = max((max(call.arrived, call.finished or 0) for call in self.calls), default=0)
        text = path.read_bytes()
        if text and not text.endswith(b"\n"):
            # Killed while it wrote: what follows must not hang on to the torn line.
            path.write_bytes(text + b"\n")


def read_record(path: Path) -> list[Call]:
    """The calls of a record's file, in order of arrival; a torn line is as if never written."""
    found: dict[int, Call] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            call = call_from_json(json.loads(line))
        except ValueError:
            continue
        found[call.number] = call
    return [found[number] for number in sorted(found)]


def call_from_json(given: dict[str, Any]) -> Call:
    """A call as the file and `GET /_record` give it."""
    messages = [(role, text) for role, text in given["messages"]]
    return Call(**{**given, "messages": messages})


def _described(seen: Seen) -> dict[str, Any] | None:
    if seen.audio is None:
        return None
    return {
        "filename": seen.audio.filename,
        "content_type": seen.audio.content_type,
        "bytes": len(seen.audio.content),
        "sha256": seen.audio.sha256,
    }
