"""A cluster of Valkeys for the tests that leave it whole; those of failover run on Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.embedded.binaries import valkey_server
from tests.where_it_runs.cluster_servers import Cluster, redis_cluster
from tests.where_it_runs.redis_servers import ask


@pytest.fixture(scope="session")
def whole_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with redis_cluster(folder, binary=valkey_server()) as started:
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
