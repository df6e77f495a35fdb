"""The local world, and a service over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.gate import TMDB
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.world_gate import Answers, DatabaseGate
from mediavault_tui.store.database import Database
from tests.metadata.world_server import TOKEN, WorldServer


@pytest.fixture
def world() -> Iterator[WorldServer]:
    """A TMDb and an OMDb of one's own."""
    with WorldServer() as server:
        yield server


@pytest.fixture
async def edge(database: Database, world: WorldServer) -> AsyncIterator[Edge]:
    """What asks the local TMDb, quick to repeat."""
    async with Edge(
        "TMDb", world.url, DatabaseGate(database), TMDB, headers={"Authorization": f"Bearer {TOKEN}"},
        patience=20, first_pause=0.05, timeout=2,
    ) as client:  # fmt: skip
        yield client


@pytest.fixture
def service(database: Database, edge: Edge) -> Metadata:
    """The service over both."""
    return Metadata(database, Answers(database, edge))
