from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from small_run import config, snapshot

from aeviz.server.replay.epochs import MARGIN, PRIOR_REACH, class_names, pack, view


def unpacked(packed: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])
    arrays = {
        name: np.frombuffer(
            packed, at["dtype"], np.prod(at["shape"], dtype=int), 4 + length + at["offset"]
        ).reshape(at["shape"])
        for name, at in header["arrays"].items()
    }
    return header, arrays


def test_an_epoch_reaches_the_browser_as_it_was_stored() -> None:
    stored = snapshot(2, channels=3)
    header, arrays = unpacked(pack(stored, config()))
    assert header["epoch"] == 2
    assert np.array_equal(arrays["places"], stored.places)
    assert arrays["labels"].tolist() == stored.labels.tolist()
    assert arrays["x_hat"].shape == (8, 8, 8, 3)
    assert (arrays["x_hat"] == 120).all()
    assert (arrays["x"] == 255).all()
    assert arrays["tiles"].shape == (3, 3, 8, 8, 3)
    assert arrays["columns"].tolist() == [-2, 0, 2]
    assert arrays["rows"].tolist() == [2, 0, -2]
    assert "x_in" not in arrays  # the network saw the images themselves


def test_codes_that_are_no_numbers_do_not_stop_an_epoch_from_being_drawn() -> None:
    stored = snapshot(1)
    stored.places[3] = np.nan
    stored.places[4] = np.inf
    header, arrays = unpacked(pack(stored, config()))
    assert np.isfinite(header["view"]).all()
    assert np.isfinite(arrays["places"]).all()


def test_a_vaes_map_shows_its_prior_and_grows_with_codes_that_leave_it() -> None:
    near = np.random.default_rng(0).normal(0, 0.1, (500, 2)).astype(np.float32)
    assert view(near, gaussian=True).reach == PRIOR_REACH
    far = near + np.float32([10, 0])
    seen = view(far, gaussian=True)
    assert (seen.x, seen.y) == (0, 0)
    assert seen.reach > 10


def test_other_maps_are_centred_on_their_codes() -> None:
    corners = np.float32([[4, 1], [6, 1], [4, 2], [6, 2]])
    seen = view(np.repeat(corners, 50, 0), gaussian=False)
    assert (seen.x, seen.y) == (5, 1.5)
    assert seen.reach == pytest.approx(MARGIN)


def test_a_map_of_few_codes_shows_all_of_them_and_of_many_the_most() -> None:
    line = np.float32([[i, 0] for i in range(6)])
    seen = view(line, gaussian=False)
    assert seen.x - seen.reach < 0
    assert seen.x + seen.reach > 5
    far = np.concatenate([np.repeat(line, 200, 0), np.float32([[1000, 0]])])
    assert view(far, gaussian=False).reach < 4


@pytest.mark.parametrize("places", [np.zeros((0, 2)), np.full((5, 2), np.nan), np.ones((5, 2))])
def test_a_map_of_nothing_still_has_a_size(places: np.ndarray) -> None:
    for gaussian in (True, False):
        assert view(places.astype(np.float32), gaussian).reach > 0


def test_classes_without_names_are_numbered() -> None:
    labels = np.array([0, 11], np.int16)
    assert class_names(config(), labels) == tuple(map(str, range(12)))
    assert len(class_names(config(), labels[:1])) == 10
