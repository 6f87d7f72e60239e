"""A cluster for the tests that leave it whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.where_it_runs.redis_servers import Cluster, ask, redis_cluster


@pytest.fixture(scope="session")
def whole_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture
def cluster(whole_cluster: Cluster) -> Cluster:
    """An emptied cluster."""
    for node in whole_cluster.nodes[:3]:
        client = node.client()
        client.flushall()
        ask(client, "CONFIG RESETSTAT")
        client.close()
    return whole_cluster
