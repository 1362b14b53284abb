from collections.abc import Iterator

import pytest
from photo_server_tools import tiny
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aeviz.server.photos.routes import PhotoServer


@pytest.fixture
def darkroom() -> Iterator[PhotoServer]:
    """A server's endpoints with tiny models."""
    darkroom = PhotoServer(load=tiny)
    yield darkroom
    darkroom.close()


@pytest.fixture
def client(darkroom: PhotoServer) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=darkroom.routes())) as client:
        yield client
