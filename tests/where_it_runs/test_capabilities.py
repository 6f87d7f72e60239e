"""What the servers are is told in the log and the metrics; unfit ones are refused at the start."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from redis import Redis
from structlog.testing import capture_logs

from runtime.capabilities import RedisCapabilities, risks
from runtime.postgres_connection import connect
from runtime.service import Service, StartRefused
from runtime.settings import Settings
from tests.examples import body
from tests.where_it_runs.cluster_servers import Cluster
from tests.where_it_runs.processes import program
from tests.where_it_runs.redis_servers import ask, redis_server
from tests.where_it_runs.rewriting_proxy import Lie, lying_about
from tests.where_it_runs.running import publish, serving, settings_for, wait_logged

FORBIDDEN = ("-config", "-command")


async def labels_of(service: Service, name: str) -> dict[str, str]:
    """The labels of an information metric, once it is there."""
    async with asyncio.timeout(30):
        while True:
            for family in service.families():
                if family.name == name and family.samples:
                    return family.samples[0].labels
            await asyncio.sleep(0.02)


async def refusal(settings: Settings) -> str:
    with pytest.raises(StartRefused) as caught:
        async with asyncio.timeout(30):
            await Service(settings, process_metrics=False).run(asyncio.Event())
    return str(caught.value)


async def test_servers_are_told_in_the_log_and_the_metrics(
    database_url: str, redis_url: str
) -> None:
    with capture_logs() as lines:
        async with serving(settings_for(database_url, redis_url)) as service:
            redis = await labels_of(service, "agent_runtime_redis_info")
            postgres = await labels_of(service, "agent_runtime_postgres_info")
    logged = {line.pop("event"): line for line in lines}
    quiet = {"log_level": "info"}
    assert logged["redis.detected"] == redis | quiet
    assert logged["postgres.detected"] == postgres | quiet
    assert logged["redis.may_lose"]["risks"] == [
        "appendonly is no: a restart loses what was not consumed"
    ]
    assert redis["server"] == "valkey"
    assert redis["commands"] == "WAITAOF"
    assert (redis["appendonly"], redis["maxmemory_policy"]) == ("no", "noeviction")
    assert (postgres["route"], postgres["tls"]) == ("direct", "no")
    assert postgres["version"].startswith("18.")
    # Installed with the platform's tables.
    assert postgres["pgvector"][0].isdigit()


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "policy", "words"),
    [
        ("yes", "everysec", "noeviction", []),
        ("unknown", "unknown", "unknown", []),
        ("yes", "no", "noeviction", ["appendfsync"]),
        ("no", "everysec", "allkeys-lru", ["appendonly", "allkeys-lru"]),
        ("no/yes", "everysec", "noeviction/volatile-ttl", ["appendonly", "volatile-ttl"]),
    ],
)
def test_settings_that_make_loss_likely_are_named(
    appendonly: str, appendfsync: str, policy: str, words: list[str]
) -> None:
    found = risks(
        RedisCapabilities(
            server="redis",
            version="7.0.15",
            mode="standalone",
            tls="no",
            appendonly=appendonly,
            appendfsync=appendfsync,
            maxmemory_policy=policy,
            commands="",
        )
    )

    assert len(found) == len(words)
    assert all(word in risk for word, risk in zip(words, found, strict=True))


async def test_a_redis_is_told_as_such_even_when_it_hides_its_configuration(
    database_url: str, tmp_path: Path
) -> None:
    with redis_server(tmp_path, "--rename-command", "CONFIG", "") as redis:
        url = f"redis://127.0.0.1:{redis.port}"
        async with serving(settings_for(database_url, url)) as service:
            found = await labels_of(service, "agent_runtime_redis_info")
    assert (found["server"], found["mode"], found["tls"]) == ("redis", "standalone", "no")
    assert f"v={found['version']} " in installed_redis()
    assert (found["appendonly"], found["maxmemory_policy"]) == ("unknown", "unknown")


async def test_a_redis_that_may_not_be_asked_is_used_all_the_same(
    database_url: str, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as redis:
        admin = redis.client()
        ask(admin, "ACL", "SETUSER", "bot", "on", ">secret", "~*", "+@all", *FORBIDDEN)
        admin.close()
        url = f"redis://bot:secret@127.0.0.1:{redis.port}"
        async with serving(settings_for(database_url, url)) as service:
            found = await labels_of(service, "agent_runtime_redis_info")
            await publish(url, [orjson.dumps(body("lead.created"))])
            await wait_logged(database_url, 1)
    assert {found["appendonly"], found["maxmemory_policy"]} == {"unknown"}
    assert found["commands"] == ""


def installed_redis() -> str:
    binary = program("redis-server", package="redis-server")
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True)
    return said.stdout


async def test_a_redis_that_is_too_old_is_refused(database_url: str, redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    version = client.info("server")["valkey_version"]
    client.close()
    socket, old = Path(urlsplit(redis_url).path), f"6{version[1:]}"
    lie = Lie(f"valkey_version:{version}".encode(), f"valkey_version:{old}".encode())
    async with lying_about(socket, lie) as port:
        said = await refusal(settings_for(database_url, f"redis://127.0.0.1:{port}"))
    assert said == f"Valkey {old} is too old: at least 7.0 is needed"


async def test_a_postgres_that_is_too_old_is_refused(database_url: str, redis_url: str) -> None:
    conn = await connect(database_url)
    version: str = await conn.fetchval("SHOW server_version")
    await conn.close()
    parts, old = urlsplit(database_url), f"14{version[2:]}"
    socket = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
    async with lying_about(socket, Lie(version.encode(), old.encode())) as port:
        url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
        said = await refusal(settings_for(url, redis_url))
    assert said == f"Postgres {old} is too old: at least 15 is needed"


async def test_a_cluster_s_node_under_a_plain_url_is_refused(
    database_url: str, cluster: Cluster
) -> None:
    url = f"redis://127.0.0.1:{cluster.nodes[0].port}"
    said = await refusal(settings_for(database_url, url))
    assert "redis+cluster://" in said
