from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web

from runtime.companies.config import CredentialConfig
from runtime.openai.clients import OPENAI_URL, Clients, ExplicitOpenAI, tls_context
from runtime.openai.credentials import Credentials

CANARY = "canary-of-the-environment"
VARIABLES = {
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_WEBHOOK_SECRET",
    "OPENAI_BASE_URL",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_API_TYPE",
    "OPENAI_API_VERSION",
    "OPENAI_LOG",
}
OTHERS = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")


def credentials(key: str = "sk-ours", **config: Any) -> Credentials:
    return Credentials("default", key, CredentialConfig.model_validate(config))


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://{CANARY}.invalid/v1")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", f"X-Canary: {CANARY}\nAuthorization: Bearer {CANARY}"
    )
    for name in OTHERS:
        monkeypatch.setenv(name, f"http://{CANARY}.invalid:9")


@pytest.fixture
async def requests() -> AsyncIterator[tuple[str, list[tuple[str, str]]]]:
    """A server's address, and the header lines of what comes there."""
    lines: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        lines.append(("", str(request.url)))
        lines.extend(request.headers.items())
        lines.append(("", await request.text()))
        return web.json_response({"object": "list", "data": []})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", lines
    await runner.cleanup()


@pytest.mark.usefixtures("canaries")
async def test_nothing_of_the_environment_reaches_a_request_or_the_client(
    requests: tuple[str, list[tuple[str, str]]],
) -> None:
    url, lines = requests
    clients = Clients()
    async with clients.lease(credentials(base_url=url)) as client:
        await client.models.list()
        state = {name: str(getattr(client, name, "")) for name in vars(client)}
        state["base_url"] = str(client.base_url)
        state["headers"] = str(client.default_headers)
        state["http"] = str(vars(client._client))
    await clients.aclose()
    assert ("Authorization", "Bearer sk-ours") in lines
    assert not [line for line in lines if CANARY in str(line).lower()]
    assert not {name: value for name, value in state.items() if CANARY in value}
    names = {name.lower() for name, _ in lines}
    assert not names & {"openai-organization", "openai-project", "x-canary"}


@pytest.mark.usefixtures("canaries")
async def test_without_an_address_it_is_openai_s_own() -> None:
    client = ExplicitOpenAI(credentials(), tls_context())
    assert str(client.base_url) == f"{OPENAI_URL}/"
    assert (client.organization, client.project) == (None, None)
    assert (client.admin_api_key, client.webhook_secret) == (None, None)
    assert client.max_retries == 0
    await client.close()


async def test_organization_and_project_of_the_set_are_sent(
    requests: tuple[str, list[tuple[str, str]]],
) -> None:
    url, lines = requests
    clients = Clients()
    given = credentials(base_url=url, organization="org-1", project="proj-1")
    async with clients.lease(given) as client:
        await client.models.list()
    await clients.aclose()
    sent = {name.lower(): value for name, value in lines}
    assert sent["openai-organization"] == "org-1"
    assert sent["openai-project"] == "proj-1"


def test_every_variable_that_the_library_s_client_reads_has_a_canary_here() -> None:
    folder = Path(openai.__file__).parent
    files = [
        *folder.glob("*.py"),
        *(folder / "_utils").glob("*.py"),
        folder / "lib/_client_auth.py",
    ]
    read = {
        name
        for file in files
        for name in re.findall(r"environ[^\n]*?[\"'](OPENAI_\w+)", file.read_text(encoding="utf-8"))
    }
    assert "OPENAI_API_KEY" in read
    assert read <= VARIABLES


async def test_one_client_serves_one_set_and_key() -> None:
    clients = Clients()
    async with clients.lease(credentials("a")) as one, clients.lease(credentials("a")) as same:
        assert one is same
    async with clients.lease(credentials("b")) as other:
        assert other is not one
    async with clients.lease(credentials("a", project="p")) as elsewhere:
        assert elsewhere is not one
    await clients.aclose()


async def test_the_one_unused_longest_is_closed_but_never_while_it_is_leased() -> None:
    clients = Clients(keep=1)
    async with clients.lease(credentials("a")) as first:
        async with clients.lease(credentials("b")) as second:
            assert not first.is_closed()
        async with clients.lease(credentials("c")):
            assert second.is_closed()
        assert not first.is_closed()
    assert first.is_closed()
    await clients.aclose()


async def test_the_library_does_not_log_what_is_asked(
    requests: tuple[str, list[tuple[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # As OPENAI_LOG=debug leaves it.
    caplog.set_level(logging.DEBUG, logger="openai")
    clients = Clients()
    async with clients.lease(credentials(base_url=requests[0])) as client:
        await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "meu CPF"}], timeout=20
        )
    await clients.aclose()
    assert requests[1]
    assert not [record for record in caplog.records if record.name.startswith("openai")]


async def test_at_the_end_all_are_closed() -> None:
    clients = Clients()
    async with clients.lease(credentials("a")) as one:
        pass
    async with clients.lease(credentials("b")) as other:
        await clients.aclose()
        assert one.is_closed()
        assert not other.is_closed()
    assert other.is_closed()
