"""The server in a process of its own, for tests in which processes around it are killed."""

from __future__ import annotations

from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.forked_process import ForkedProcess, start_module
from tests.model_server.records import Call, call_from_json


class ModelServerProcess:
    """A running `python -m tests.model_server`."""

    def __init__(self, process: ForkedProcess | Process, url: str) -> None:
        self.process = process
        self.url = url

    @property
    def base_url(self) -> str:
        """What the official client takes as its `base_url`."""
        return f"{self.url}/v1"

    async def calls(self) -> list[Call]:
        """Every request so far, from `GET /_record`."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/_record") as answer:
            return [call_from_json(one) for one in (await answer.json())["calls"]]

    async def program(self, given: Mapping[str, Any]) -> None:
        """Program misbehaviours, as `POST /_program` takes them.

        Raises:
            ValueError: the server does not understand it.
        """
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/_program", json=dict(given)) as answer,
        ):
            if answer.status != 200:
                raise ValueError(await answer.text())


@asynccontextmanager
async def running_model_server(*flags: str) -> AsyncIterator[ModelServerProcess]:
    """Start one with these flags; it is stopped at the end."""
    process = await start_module("tests.model_server", *flags)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        if not url.startswith("http://"):
            _, reason = await process.communicate()
            raise AssertionError(f"the server did not start: {reason.decode()}")
        yield ModelServerProcess(process, url)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
