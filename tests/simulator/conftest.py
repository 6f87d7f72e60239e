"""Servers for the simulator's seeds, whichever test runs them: a seed leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.in_memory import data_folder
from tests.simulator.arena import Arena
from tests.simulator.campaign import arenas


@pytest.fixture(scope="package")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Arena]]:
    """Servers and worker parents for all seeds."""
    folder = tmp_path_factory.mktemp("simulator")
    with data_folder(folder) as data, arenas(data) as started:
        yield started
