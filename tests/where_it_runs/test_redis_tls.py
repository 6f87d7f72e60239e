"""Events through TLS, and what is said of a certificate that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from runtime.redis_client import redis_client
from tests.where_it_runs.certificates import Certificates, make_certificates
from tests.where_it_runs.cluster_servers import Cluster, redis_cluster
from tests.where_it_runs.redis_servers import redis_server
from tests.where_it_runs.running import (
    corpus_lines,
    publish,
    serving,
    settings_for,
    wait_logged,
)
from tests.where_it_runs.sentinel_servers import Watched, watched_redis


async def test_events_come_through_tls_and_a_wrong_certificate_is_named(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    certificates = make_certificates(tmp_path)
    lines = corpus_lines(corpus)[:2000]
    with redis_server(tmp_path, certificates=certificates) as redis:
        url = f"rediss://localhost:{redis.port}/0?ssl_ca_certs={certificates.ca_cert}"
        async with serving(settings_for(database_url, url)):
            await publish(url, lines)
            await wait_logged(database_url, len(lines))
        assert "127.0.0.1" in await refused(url.replace("localhost", "127.0.0.1"))
        assert "verify failed" in await refused(url.split("?", maxsplit=1)[0])


@pytest.mark.parametrize("servers_of", [redis_cluster, watched_redis])
async def test_a_cluster_and_sentinel_are_reached_by_tls(
    database_url: str,
    corpus: Path,
    tmp_path: Path,
    servers_of: Callable[[Path, Certificates], AbstractContextManager[Cluster | Watched]],
) -> None:
    certificates = make_certificates(tmp_path, valid_for="IP:127.0.0.1")
    lines = corpus_lines(corpus)[:500]
    with servers_of(tmp_path, certificates) as servers:
        async with serving(settings_for(database_url, servers.url)):
            await publish(servers.url, lines)
            await wait_logged(database_url, len(lines))


async def refused(url: str) -> str:
    client = redis_client(url, timeout_s=5)
    try:
        with pytest.raises(RedisConnectionError) as caught:
            await client.ping()
    finally:
        await client.aclose()
    return str(caught.value)
