"""The official client, told everything, so that it asks the environment for nothing.

It falls back on variables for what it is not told (`OPENAI_API_KEY`, `_ADMIN_KEY`, `_ORG_ID`,
`_PROJECT_ID`, `_WEBHOOK_SECRET`, `_BASE_URL`), and adds the headers in `OPENAI_CUSTOM_HEADERS` to
whatever it is told. An empty text closes a fall-back; afterwards what is not wanted is taken away.

Source: openai/lib/_client_auth.py, `async__init__`
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpx2
import openai

from runtime.openai.credentials import Credentials

OPENAI_URL = "https://api.openai.com/v1"
_CONNECT_S = 5.0
_UNBOUNDED = 0
"""As aiohttp says it; for None it takes its own 100."""
_HEADERS = {"User-Agent": "agent-runtime"}
_Key = tuple[str, str, str, str | None, str | None]


class ExplicitOpenAI(openai.AsyncOpenAI):
    """The client with the credentials' own address and key, and nobody's variables."""

    def __init__(self, credentials: Credentials, tls: ssl.SSLContext) -> None:
        config = credentials.config
        super().__init__(
            api_key=credentials.api_key,
            admin_api_key="",
            organization=config.organization or "",
            project=config.project or "",
            webhook_secret="",
            base_url=_base_url(credentials),
            # Who calls bounds the whole call, for as long as its own company allows.
            timeout=httpx2.Timeout(None, connect=_CONNECT_S),
            max_retries=0,
            default_headers=_HEADERS,
            http_client=_http_client(tls),
        )
        self.admin_api_key = self.webhook_secret = None
        self.organization, self.project = config.organization, config.project
        self._custom_headers = _HEADERS
        self._ambient_authorizations = frozenset()


def _base_url(credentials: Credentials) -> str:
    return str(credentials.config.base_url or OPENAI_URL)


@cache
def tls_context() -> ssl.SSLContext:
    """Whom to trust, without the environment's word; reading it takes a tenth of a second."""
    return httpx2.create_ssl_context(trust_env=False)


def _http_client(tls: ssl.SSLContext) -> httpx2.AsyncClient:
    # The library's own transport over aiohttp: a call takes two thirds of the processor's time.
    return openai.DefaultAioHttpClient(
        # No proxy, certificate or .netrc of the environment's; no redirect takes the key elsewhere.
        trust_env=False,
        verify=tls,
        follow_redirects=False,
        # The gate counts calls: companies that share a client may allow themselves different numbers.
        limits=httpx2.Limits(max_connections=_UNBOUNDED),
    )


@dataclass(slots=True)
class _Kept:
    client: ExplicitOpenAI
    users: int = 0
    dropped: bool = False


class Clients:
    """One client for each credential set, key and address; the one unused longest goes first."""

    def __init__(self, *, keep: int = 64) -> None:
        self._keep = keep
        self._clients: OrderedDict[_Key, _Kept] = OrderedDict()
        self._tls: ssl.SSLContext | None = None
        # At debug level the library logs what customers wrote, when OPENAI_LOG says so.
        logging.getLogger("openai").setLevel(logging.WARNING)

    @asynccontextmanager
    async def lease(self, credentials: Credentials) -> AsyncIterator[openai.AsyncOpenAI]:
        """The client, which stays open for as long as it is leased."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(tls_context)
        kept = self._kept(credentials, self._tls)
        kept.users += 1
        try:
            await self._drop_surplus()
            yield kept.client
        finally:
            kept.users -= 1
            if kept.dropped and not kept.users:
                await kept.client.close()

    async def aclose(self) -> None:
        """Close all; one that is leased closes when it is given back."""
        everything, self._clients = list(self._clients.values()), OrderedDict()
        await asyncio.gather(*(self._drop(kept) for kept in everything))

    def _kept(self, credentials: Credentials, tls: ssl.SSLContext) -> _Kept:
        config = credentials.config
        key = (
            credentials.credential_set_id,
            credentials.api_key,
            _base_url(credentials),
            config.organization,
            config.project,
        )
        if key not in self._clients:
            self._clients[key] = _Kept(ExplicitOpenAI(credentials, tls))
        self._clients.move_to_end(key)
        return self._clients[key]

    async def _drop_surplus(self) -> None:
        while len(self._clients) > self._keep:
            await self._drop(self._clients.popitem(last=False)[1])

    async def _drop(self, kept: _Kept) -> None:
        kept.dropped = True
        if not kept.users:
            await kept.client.close()
