from collections.abc import Iterator

import pytest
from darkroom_tools import tiny
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aeviz.server.photos.routes import Darkroom


@pytest.fixture
def darkroom() -> Iterator[Darkroom]:
    """A server's endpoints with tiny models."""
    darkroom = Darkroom(load=tiny)
    yield darkroom
    darkroom.close()


@pytest.fixture
def client(darkroom: Darkroom) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=darkroom.routes())) as client:
        yield client
