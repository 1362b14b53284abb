"""POST /aeviz/handwriting/MODEL, without a browser."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_models import Library, loaded
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aeviz.images import encode_png, encode_sprite
from aeviz.server.live.handwriting import MAX_BYTES
from aeviz.server.live.routes import routes

sys.path.insert(0, str(Path(__file__).parents[2] / "handwriting"))

from small_models import digits
from written import paper, photo, write

PATH = "/aeviz/handwriting/digits"


@pytest.fixture
def client() -> Iterator[TestClient]:
    model = loaded()
    assert model.gallery is not None
    images = (255 * digits()[0][:20]).byte()
    written = replace(model, gallery=replace(model.gallery, sprite=encode_sprite(images)))
    library = Library(digits=written, black=loaded())
    app = Starlette(routes=routes(load=library.load, version=library.version))
    with TestClient(app) as client:
        yield client


def two_digits() -> bytes:
    sheet = paper(400, 700)
    write(sheet, 7, 100, 100, 200)
    write(sheet, 4, 420, 100, 190)
    return encode_png(photo(sheet))


def pixels(said: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(said["image"]), np.uint8).reshape(8, 8)


def test_the_likeliest_digit_comes_back_with_all_that_were_found(client: TestClient) -> None:
    said = client.post(PATH, content=two_digits()).json()
    assert pixels(said).max() == 255
    assert len(said["found"]) == 2
    assert said["frame"] == said["found"][0]
    assert all(0 <= side <= 1 for box in said["found"] for side in box)


def test_a_frame_says_which(client: TestClient) -> None:
    first = client.post(PATH, content=two_digits()).json()
    other = ",".join(str(side) for side in first["found"][1])
    second = client.post(f"{PATH}?frame={other}", content=two_digits()).json()
    assert second["frame"] == first["found"][1]
    assert not np.array_equal(pixels(first), pixels(second))
    empty = client.post(f"{PATH}?frame=0,0,0.1,0.1", content=two_digits()).json()
    assert empty["image"] is None


def test_a_blank_sheet_has_none(client: TestClient) -> None:
    said = client.post(PATH, content=encode_png(photo(paper()))).json()
    assert said == {"image": None, "frame": None, "found": []}


@pytest.mark.parametrize(
    "frame",
    ["", "1,2,3", "0,0,1,nan", "0,0,1,1.1", "-0.1,0,1,1", "0.5,0,0.5,1", "0,1,1,0", "a" * 9],
)
def test_a_frame_that_is_none_is_a_sentence(client: TestClient, frame: str) -> None:
    answer = client.post(f"{PATH}?frame={frame}", content=two_digits())
    assert answer.status_code == 400
    assert "rame" in answer.json()["error"]


def test_what_cannot_be_read_is_a_sentence(client: TestClient) -> None:
    too_many = encode_png(np.zeros((2001, 2000, 1), np.uint8))
    for content, sentence in (
        (b"", "empty"),
        (b"no picture", "not an image"),
        (b"\0" * (MAX_BYTES + 1), "larger than 4 MiB"),
        (too_many, "pixels"),
    ):
        answer = client.post(PATH, content=content)
        assert answer.status_code == 400
        assert sentence in answer.json()["error"]


def test_a_model_of_other_images_and_none_at_all_say_so(client: TestClient) -> None:
    answer = client.post("/aeviz/handwriting/black", content=two_digits())
    assert answer.status_code == 400
    assert "not trained on handwriting" in answer.json()["error"]
    assert client.post("/aeviz/handwriting/gone", content=two_digits()).status_code == 400


def test_other_pages_are_not_served(client: TestClient) -> None:
    answer = client.post(PATH, content=two_digits(), headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403


def test_the_gallery_says_whether_the_model_knows_handwriting(client: TestClient) -> None:
    assert b'"handwriting": true' in client.get("/aeviz/gallery/digits").content
    assert b'"handwriting": false' in client.get("/aeviz/gallery/black").content
