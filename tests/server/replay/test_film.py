from __future__ import annotations

import io
import itertools

import av
import numpy as np
import pytest
from PIL import Image
from small_run import EPOCHS, config, snapshot

from aeviz.errors import UserError
from aeviz.server.replay import film as films
from aeviz.server.replay.epochs import View
from aeviz.server.replay.film import (
    EDGE,
    GAP,
    HEADER,
    PANEL,
    between,
    film,
    times,
)
from aeviz.server.replay.film_files import HOLD_SECONDS, LENGTHS, Kind

SNAPSHOTS = [snapshot(epoch) for epoch in range(EPOCHS)]


def frames_of(content: bytes, kind: str) -> tuple[list[np.ndarray], float]:
    """The decoded film: RGB frames, and the total duration in seconds."""
    if kind == "mp4":
        with av.open(io.BytesIO(content)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            return frames, container.duration / av.time_base
    image = Image.open(io.BytesIO(content))
    frames, lasts = [], 0.0
    for i in range(image.n_frames):
        image.seek(i)
        frames.append(np.asarray(image.convert("RGB")))
        lasts += image.info["duration"] / 1000
    return frames, lasts


def manifold_of(frame: np.ndarray) -> float:
    """The brightness of the middle of the manifold."""
    left = EDGE + PANEL + GAP
    middle = PANEL // 2
    part = frame[
        HEADER + middle - 40 : HEADER + middle + 40, left + middle - 40 : left + middle + 40
    ]
    return float(part.mean())


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "LENGTHS", {"gif": (9, 15, 6), "mp4": (12, 30, 24)})


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_film_decodes_to_the_whole_training(kind: Kind, theme: films.Theme) -> None:
    frames, seconds = frames_of(film(kind, SNAPSHOTS, config(), "A film", theme), kind)
    rate = LENGTHS[kind][1]
    moments = len(times(EPOCHS, kind))
    assert moments >= EPOCHS
    assert seconds == pytest.approx((moments - 1) / rate + HOLD_SECONDS, abs=0.15)
    height, width, _ = frames[0].shape
    assert height == frames[-1].shape[0]
    assert width % 2 == height % 2 == 0
    # from the untrained network's black tiles to the last epoch's, which are of brightness 180
    assert manifold_of(frames[0]) == pytest.approx(0, abs=8)
    assert manifold_of(frames[-1]) == pytest.approx(180, abs=8)
    brightness = [manifold_of(frame) for frame in frames]
    assert all(b >= a - 4 for a, b in itertools.pairwise(brightness))
    ground = frames[0][2, 2].mean()
    assert ground > 200 if theme == "light" else ground < 50


def test_points_glide_from_one_epoch_to_the_next() -> None:
    drawn = films._Drawing(SNAPSHOTS[:2], config(), "", "dark")

    def middle(time: float) -> float:
        """The horizontal centre of the coloured pixels on the map."""
        seen = np.asarray(drawn.frame(time, blend=True))[
            HEADER : HEADER + PANEL, EDGE : EDGE + PANEL
        ]
        colourful = np.ptp(seen.astype(int), axis=2) > 60
        return float(np.nonzero(colourful)[1].mean())

    start, half, end = middle(0), middle(0.5), middle(1)
    # one unit to the right, on a map that shows three to each side
    assert end - start == pytest.approx(PANEL / 6, rel=0.15)
    assert half - start == pytest.approx((end - start) / 2, rel=0.2)


def test_one_epoch_makes_no_film() -> None:
    with pytest.raises(UserError, match="two epochs"):
        film("gif", SNAPSHOTS[:1], config(), "", "dark")


def test_a_colour_film_without_manifolds_is_narrower() -> None:
    plain = [
        films.Snapshot(s.epoch, s.x, s.x_in, s.x_hat, s.latents, s.labels, s.places)
        for s in (snapshot(0, 3), snapshot(1, 3))
    ]
    (first, *_), _ = frames_of(film("gif", plain, config(), ""), "gif")
    (other, *_), _ = frames_of(film("gif", SNAPSHOTS, config(), ""), "gif")
    assert first.shape[1] < other.shape[1]


def test_a_long_training_is_not_a_long_film() -> None:
    for kind in ("gif", "mp4"):
        assert len(times(101, kind)) <= 2 * LENGTHS[kind][0]


def test_zooming_goes_by_equal_factors() -> None:
    seen = between(View(0, 0, 1), View(2, 4, 16), 0.5)
    assert (seen.x, seen.y, seen.reach) == (1, 2, 4)
