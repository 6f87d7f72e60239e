"""What REDIS_URL may say, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError

from runtime.redis_client import redis_client
from runtime.redis_urls import RedisMode, RedisUrl, RedisUrlInvalid
from runtime.settings import load_settings
from runtime.settings_problems import SettingsInvalid

DATABASE = {"SUPABASE_DB_URL": "postgresql://bot@db/app"}


@pytest.mark.parametrize(
    ("url", "mode", "hosts", "tls", "db"),
    [
        ("redis://cache", RedisMode.STANDALONE, (("cache", 6379),), False, 0),
        ("rediss://cache:6380/3", RedisMode.STANDALONE, (("cache", 6380),), True, 3),
        ("redis://[::1]:7000", RedisMode.STANDALONE, (("::1", 7000),), False, 0),
        ("unix:///run/redis.sock?db=2", RedisMode.STANDALONE, (), False, 2),
        ("redis+cluster://a:1,b", RedisMode.CLUSTER, (("a", 1), ("b", 6379)), False, 0),
        ("rediss+cluster://a:1", RedisMode.CLUSTER, (("a", 1),), True, 0),
        (
            "redis+sentinel://a,b:27/chat/1",
            RedisMode.SENTINEL,
            (("a", 26379), ("b", 27)),
            False,
            1,
        ),
        ("rediss+sentinel://a/chat", RedisMode.SENTINEL, (("a", 26379),), True, 0),
    ],
)
def test_each_mode_is_read(
    url: str, mode: RedisMode, hosts: tuple[tuple[str, int], ...], tls: bool, db: int
) -> None:
    found = RedisUrl.parse(url)

    assert (found.mode, found.hosts, found.tls, found.db) == (mode, hosts, tls, db)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://cache", Redis),
        ("rediss://cache", Redis),
        ("unix:///run/redis.sock", Redis),
        ("redis+sentinel://a,b/chat", Redis),
        ("redis+cluster://a,b", RedisCluster),
    ],
)
async def test_each_mode_has_its_client(url: str, kind: type) -> None:
    client = redis_client(url, timeout_s=1)

    assert isinstance(client, kind)
    await client.aclose()


@pytest.mark.parametrize("raised", [RuntimeError("the handler is closed"), AttributeError("None")])
async def test_a_connection_that_was_cut_is_called_so(
    raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What uvloop and redis-py raise for it would pass for a defect of ours."""

    async def cut(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(Connection, "send_packed_command", cut)
    client = redis_client("redis://cache", timeout_s=1)
    assert isinstance(client, Redis)
    pool: Any = client.connection_pool
    connection = pool.make_connection()

    with pytest.raises(RedisConnectionError):
        await connection.send_packed_command(b"PING")
    await client.aclose()


@pytest.mark.parametrize(
    "command",
    [
        (b"XREADGROUP", "GROUP", "g", "COUNT", 125, "STREAMS", "domain-events:{0}", ">"),
        ("XADD", "é", "*", b"event", b"\x00\r\n" * 3000, "", -1),
        ("XINFO STREAM", "domain-events:{0}"),
        (b"CLIENT SETNAME", b"a b"),
        ("SET", "a", 1.5),
        ("SET", "a", memoryview(b"b")),
    ],
)
async def test_a_command_is_written_down_as_redis_py_does(command: tuple[Any, ...]) -> None:
    client: Any = redis_client("redis://cache", timeout_s=1)
    pool = client.connection_pool
    ours, theirs = pool.make_connection(), Connection()
    assert b"".join(ours.pack_command(*command)) == b"".join(theirs.pack_command(*command))
    await client.aclose()


async def test_what_redis_py_refuses_to_write_down_is_refused() -> None:
    client: Any = redis_client("redis://cache", timeout_s=1)
    pool = client.connection_pool
    with pytest.raises(DataError):
        pool.make_connection().pack_command("SET", "a", True)
    await client.aclose()


def test_the_password_is_decoded_and_counted_among_the_secrets() -> None:
    url = "redis+sentinel://bot:p%40ss@a,b/chat?sentinel_password=s%2Fecret"

    found = RedisUrl.parse(url)

    assert (found.username, found.password, found.service) == ("bot", "p@ss", "chat")
    assert found.sentinel_options == {"password": "s/ecret"}
    assert not any(secret in repr(found) for secret in ("p@ss", "s/ecret"))
    secrets = load_settings({**DATABASE, "REDIS_URL": url}, env_file=None).secrets()
    assert {"p@ss", "p%40ss", "s/ecret"} <= secrets


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://cache", "another scheme"),
        ("redis+proxy://cache", "not a URL of Redis"),
        ("redis://", "names no host"),
        ("unix://", "names no socket"),
        ("redis://a,b", "several hosts"),
        ("redis://cache:0", "port 0"),
        ("redis://:hunter2/x@cache", "port that is not a number"),
        ("redis+cluster://a,b:x", "port that is not a number"),
        ("redis+cluster://a,", "names no host"),
        ("redis+cluster://a/1", "database 0 alone"),
        ("redis+sentinel://a", "names no service"),
        ("redis+sentinel://a/chat/x", "not a number"),
        ("redis://cache/1/2", "too long a path"),
        ("redis://cache?ssl_ca_certs=/ca.pem", "not one with TLS"),
        ("rediss://cache?ssl_ca_certs=/nowhere/ca.pem", "a file in ssl_ca_certs that is not there"),
        ("rediss://cache?ssl_check_hostname=perhaps", "one of true, false"),
        ("redis://cache?decode_responses=true", "unknown option"),
        ("redis://cache?protocol=3", "unknown option"),
        ("redis://cache?retry_on_timeout=true", "unknown option"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_what_is_wrong(url: str, said: str) -> None:
    with pytest.raises(RedisUrlInvalid, match=said) as caught:
        RedisUrl.parse(url)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingsInvalid, match="REDIS_URL"):
        load_settings({**DATABASE, "REDIS_URL": url}, env_file=None)


def test_tls_options_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")

    found = RedisUrl.parse(
        f"rediss://cache?ssl_ca_certs={tmp_path}/ca.pem&ssl_check_hostname=false"
        "&ssl_cert_reqs=none&health_check_interval=30"
    )

    assert found.options == {
        "ssl_ca_certs": f"{tmp_path}/ca.pem",
        "ssl_check_hostname": False,
        "ssl_cert_reqs": "none",
        "health_check_interval": 30,
    }
