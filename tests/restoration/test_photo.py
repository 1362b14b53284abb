"""Whole photographs through a restorer, tile by tile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pairwise import pairwise
from torch import Tensor

from aeviz.degradations import DEGRADATIONS
from aeviz.degradations.pixels import luminance
from aeviz.errors import UserError
from aeviz.images.photo import Photo
from aeviz.models import library
from aeviz.models.checkpoint import load_restorer
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS
from aeviz.restoration import guess
from aeviz.restoration import photo as engine
from aeviz.restoration.inference import predict
from aeviz.restoration.photo import Stopped, Tile, restore_photo, restore_tiles, vividness_of
from aeviz.restoration.tasks import TASKS

ONE_SIZE = [task for task in TASKS.values() if task.scale == 1 and not task.mask]


def identity(task: str = "denoise") -> Restorer:
    """A new restorer of a task, which changes nothing."""
    small = {"network.channels": [4, 8], "network.residual": 1, "bottleneck.latent_dim": 8}
    return Restorer(RESTORERS[TASKS[task].model].replace(**small)).eval()


def random_model() -> Restorer:
    """A restorer that changes every pixel, depending on those up to 28 pixels away."""
    model, chance = identity(), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=chance) * 0.05)
    return model


class Spy(Restorer):
    """Returns a flat image and records its calls."""

    def __init__(self, task: str, *answer: float) -> None:
        super().__init__(identity(task).config)
        self.answer = torch.tensor(answer).view(1, -1, 1, 1)
        self.asked: list[tuple[Tensor, Tensor | None]] = []

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        self.asked.append((x, known))
        return self.answer.expand(x.shape)


def picture(height: int, width: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    chance = np.random.default_rng(height * width)
    return chance.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype, endpoint=True)


def as_tensor(pixels: np.ndarray) -> Tensor:
    x = torch.from_numpy(pixels.astype(np.float32) / np.iinfo(pixels.dtype).max)
    return x.permute(2, 0, 1)[None]


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SIDE", 512)
    monkeypatch.setattr(engine, "OVERLAP", 96)


# ---- what comes out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "size", "channels", "dtype"),
    pairwise(
        [task for task in ONE_SIZE if task.name != "colour"],
        [(16, 16), (1, 1), (1, 700), (13, 2), (530, 41)],
        [1, 3],
        [np.uint8, np.uint16],
    ),
    ids=lambda value: getattr(value, "name", None),
)
def test_what_changes_nothing_gives_the_photo_back(
    task: engine.Task, size: tuple[int, int], channels: int, dtype: type
) -> None:
    photo = Photo(picture(*size, channels, dtype), picture(*size, 1, dtype)[:, :, 0], ("a note",))
    result = restore_photo(identity(), task, photo, precision="fp32")
    assert result.pixels.dtype == dtype
    assert np.array_equal(result.pixels, photo.pixels)
    assert np.array_equal(result.alpha, photo.alpha)
    assert result.notes == ("a note",)


@pytest.mark.usefixtures("small_tiles")
def test_tiles_give_what_one_piece_gives() -> None:
    model, photo = random_model(), Photo(picture(1000, 1208))
    with torch.no_grad():
        x = as_tensor(photo.pixels)
        whole = predict(model, x, torch.zeros_like(x[:, :1]), "fp32")[0].permute(1, 2, 0).numpy()
    result = restore_photo(model, TASKS["jpeg"], photo, precision="fp32")
    assert np.abs(whole - photo.pixels / 255).mean() > 0.01
    assert np.abs(result.pixels / 255 - whole).max() < 0.51 / 255


def test_the_result_is_clipped_and_not_wrapped_round() -> None:
    photo = Photo(picture(20, 20))
    bright = restore_photo(Spy("jpeg", 1.5, 1.0, -0.5), TASKS["jpeg"], photo)
    assert (bright.pixels == (255, 255, 0)).all()


def test_a_grey_photo_is_the_mean_of_the_three_channels() -> None:
    spy = Spy("denoise", 0.2, 0.4, 0.9)
    result = restore_photo(spy, TASKS["denoise"], Photo(picture(20, 30, 1)))
    assert result.pixels.shape == (20, 30, 1)
    assert (result.pixels == round(0.5 * 255)).all()


# ---- the tasks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("sigma", "told"), [(None, 20.0), (25.0, 25.0)])
def test_a_noise_level_is_told_or_found(sigma: float | None, told: float) -> None:
    spy = Spy("denoise", 0.5)
    noise = np.random.default_rng(0).normal(0, 20, (96, 96, 3))
    photo = Photo((127 + noise).round().astype(np.uint8))
    restore_photo(spy, TASKS["denoise"], photo, sigma=sigma)
    (_, known), _ = spy.asked  # once for each view
    assert known is not None
    assert known.mean().item() * 255 == pytest.approx(told, rel=0.1)


def test_where_hardly_any_noise_is_found_none_is_told() -> None:
    spy = Spy("denoise", 0.5)
    noise = np.random.default_rng(0).normal(0, 3, (96, 96, 3))
    restore_photo(spy, TASKS["denoise"], Photo((127 + noise).round().astype(np.uint8)))
    (_, known), _ = spy.asked  # once for each view
    assert known is not None
    assert not known.any()


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_filling_touches_the_holes_alone(dtype: type) -> None:
    photo, mask = Photo(picture(600, 900, 3, dtype)), np.zeros((600, 900), bool)
    mask[410:470, 430:520] = True
    spy = Spy("inpaint", 0.25, 0.5, 0.75)
    result = restore_photo(spy, TASKS["inpaint"], photo, mask=mask)
    assert np.array_equal(result.pixels[~mask], photo.pixels[~mask])
    colour = np.rint(np.array([0.25, 0.5, 0.75]) * np.iinfo(dtype).max)
    assert (result.pixels[mask] == colour).all()
    for x, known in spy.asked:
        assert known is not None
        assert set(known.unique().tolist()) == {0, 1}
        assert not (x * known).any()


@pytest.mark.usefixtures("small_tiles")
def test_where_there_is_no_hole_the_network_is_not_asked() -> None:
    spy, mask = Spy("inpaint", 0.5, 0.5, 0.5), np.zeros((400, 2000), bool)
    mask[0, 0] = True
    restore_photo(spy, TASKS["inpaint"], Photo(picture(400, 2000)), mask=mask)
    assert len(spy.asked) == DEGRADATIONS["holes"].views  # of one window of several


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (None, "Nothing is marked"),
        (np.zeros((20, 30), bool), "Nothing is marked"),
        (np.ones((30, 20), bool), "The mask is 20x30 pixels and the photo 30x20"),
    ],
)
def test_filling_needs_a_mask_that_fits(mask: np.ndarray | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        restore_photo(identity(), TASKS["inpaint"], Photo(picture(20, 30)), mask=mask)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("name", ["x2", "x4"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(301, 343), (3, 1)])
def test_enlarging_starts_from_the_bicubic_one(
    name: str, channels: int, size: tuple[int, int]
) -> None:
    alpha = picture(*size, 1)[:, :, 0].clip(1)
    photo = Photo(picture(*size, channels), alpha)
    result = restore_photo(identity(), TASKS[name], photo, precision="fp32")
    for ours, own in ((result.pixels, photo.pixels), (result.alpha[:, :, None], photo.alpha)):
        own = own if own.ndim == 3 else own[:, :, None]
        scale = TASKS[name].scale
        large = F.interpolate(as_tensor(own), scale_factor=scale, mode="bicubic", antialias=True)
        large = large[0].clamp(0, 1).permute(1, 2, 0).numpy()
        assert ours.shape == large.shape
        inner = np.s_[: -2 * scale, : -2 * scale] if min(size) > 8 else np.s_[:0]
        assert np.abs(ours / 255 - large)[inner].max(initial=0) < 0.51 / 255


def test_colour_keeps_the_luminance_and_takes_the_networks_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guess, "sure", lambda *args: 1.0)
    photo = Photo(np.full((20, 30, 3), (90, 120, 150), np.uint8))
    y = luminance(as_tensor(photo.pixels)).mean().item()
    spy = Spy("colour", 0.5, 0.4, 0.3)
    result = restore_photo(spy, TASKS["colour"], photo)
    assert torch.allclose(spy.asked[0][0], torch.tensor(y), atol=1e-5)
    x_hat = as_tensor(result.pixels)
    assert torch.allclose(luminance(x_hat), torch.tensor(y), atol=0.51 / 255)
    own = spy.answer - luminance(spy.answer)
    assert torch.allclose(x_hat - luminance(x_hat), own.expand_as(x_hat), atol=1 / 255)
    vivid = as_tensor(restore_photo(spy, TASKS["colour"], photo, vividness=2.0).pixels)
    assert torch.allclose(vivid - luminance(vivid), 2 * own.expand_as(x_hat), atol=1 / 255)
    pale = restore_photo(spy, TASKS["colour"], photo, vividness=0.0).pixels
    assert (pale == round(y * 255)).all()


def test_a_grey_photo_gets_three_channels_where_it_is_coloured() -> None:
    result = restore_photo(Spy("colour", 0.5, 0.4, 0.3), TASKS["colour"], Photo(picture(9, 9, 1)))
    assert result.pixels.shape == (9, 9, 3)


@pytest.mark.parametrize(
    ("card", "factor"),
    [({}, 1.0), ({"vividness": 1.4}, 1.4), ({"vividness": "red"}, 1.0), ({"vividness": 99}, 3.0)],
)
def test_the_card_says_how_vivid(card: dict[str, object], factor: float) -> None:
    assert vividness_of(card) == factor


# ---- limits, progress, memory ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("denoise", (7100, 7100), "50.4 megapixels; Denoise takes at most 50"),
        ("x2", (3600, 3600), "13.0 megapixels; Enlarge ×2 takes at most 12.5"),
        ("x4", (1800, 1800), "3.2 megapixels; Enlarge ×4 takes at most 3.125"),
    ],
)
def test_a_photo_too_large_is_refused_with_what_would_fit(
    name: str, size: tuple[int, int], words: str
) -> None:
    pixels = np.broadcast_to(np.uint8(0), (*size, 1))
    with pytest.raises(UserError, match=words):
        restore_photo(identity(), TASKS[name], Photo(pixels))


@pytest.mark.parametrize("sigma", [-1.0, 0.0, 101.0, float("nan")])
def test_a_noise_level_beyond_reason_is_refused(sigma: float) -> None:
    with pytest.raises(UserError, match="above 0 and at most 100"):
        restore_photo(identity(), TASKS["denoise"], Photo(picture(9, 9)), sigma=sigma)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiles_come_row_by_row_and_make_up_the_result(dtype: type) -> None:
    tiles: list[Tile] = []
    photo = Photo(picture(900, 1300, 3, dtype))
    result = restore_photo(random_model(), TASKS["jpeg"], photo, on_tile=tiles.append)
    assert [tile.done for tile in tiles] == list(range(1, len(tiles) + 1))
    assert {tile.total for tile in tiles} == {len(tiles)}
    assert [tile.box[1::-1] for tile in tiles] == sorted(tile.box[1::-1] for tile in tiles)
    covered = np.zeros((900, 1300), int)
    for tile in tiles:
        left, top, right, bottom = tile.box
        covered[top:bottom, left:right] += 1
        assert tile.pixels.dtype == np.uint8
        shown = result.pixels[top:bottom, left:right].astype(float) / np.iinfo(dtype).max
        assert np.abs(tile.pixels / 255 - shown).max() < 0.51 / 255
    assert (covered == 1).all()


@pytest.mark.usefixtures("small_tiles")
def test_stop_is_asked_before_each_tile_and_leaves_nothing() -> None:
    tiles: list[Tile] = []
    answers: Iterator[bool] = iter([False, False, True])
    with pytest.raises(Stopped):
        restore_photo(
            identity(), TASKS["jpeg"], Photo(picture(900, 1300)),
            on_tile=tiles.append, should_stop=lambda: next(answers),
        )  # fmt: skip
    assert len(tiles) == 2


GROWTH = """
import numpy as np
from tests.restoration.test_photo import identity
from aeviz.images.photo import Photo
from aeviz.restoration.photo import restore_photo
from aeviz.restoration.tasks import TASKS
import torch
torch.set_num_threads(1)

def peak():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) << 10

def grown(pixels, **more):
    open("/proc/self/clear_refs", "w").write("5")
    before = peak()
    restore_photo(identity(), TASKS["inpaint"], Photo(pixels), **more)
    return peak() - before

for height in (1024, 1024, 6144):
    mask = np.zeros((height, 2048), bool)
    mask[::300] = True
    growth = grown(np.full((height, 2048, 3), 7, np.uint8), mask=mask)
print(growth / mask.size)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_memory_grows_by_little_more_than_the_result() -> None:
    """12.6 megapixels: 3 bytes each are the result, the rest what some tiles need, 2.4 to 5 as the
    heap happens to lie; the picture as floats would be 12 more."""
    tests = Path(__file__).parents[1]
    answer = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, cwd=tests,
        env={"PYTHONPATH": f"{tests.parent}:{tests / 'helpers'}", "PATH": "/usr/bin"},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout) < 11


# ---- the restorers that come with aeviz --------------------------------------------------------

BUNDLED = sorted(library.checkpoints_dir().glob("restore-*.safetensors"))


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_no_seam_is_as_high_as_a_grey_level(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of half the image against one window, at 16 bits so that nothing is rounded."""
    model, task = load_restorer(path).model, TASKS[path.stem.removeprefix("restore-")]
    y, x = np.mgrid[:480, :480] / 480
    scene = np.stack([np.sin(9 * x * y), np.cos(30 * x * x), np.sin(40 * y)], 2) * 0.4 + 0.5
    scene += np.random.default_rng(1).normal(0, 0.1, scene.shape)
    photo = Photo((scene[:: task.scale, :: task.scale].clip(0, 1) * 65535).astype(np.uint16))
    mask = None
    if task.mask:
        mask = (np.mgrid[:480, :480] % 80 < 16).any(0)
    pixels = []
    for side in (480, 384):
        monkeypatch.setattr(engine, "SIDE", side)
        result = restore_photo(model, task, photo, mask=mask, precision="fp32")
        pixels.append(result.pixels.astype(float) / 65535)
    assert np.abs(pixels[0] - pixels[1]).max() < 1 / 255


def test_restoring_yields_tile_by_tile_and_returns_the_whole() -> None:
    model, task = random_model(), TASKS["denoise"]
    photo = Photo(picture(900, 700), None, ())
    tiles = restore_tiles(model, task, photo)
    put = np.zeros_like(photo.pixels)
    while True:
        try:
            tile = next(tiles)
        except StopIteration as end:
            whole = end.value
            break
        put[tile.box.top : tile.box.bottom, tile.box.left : tile.box.right] = tile.pixels
    assert tile.done == tile.total > 1
    assert np.array_equal(put, whole.pixels)
    assert not torch.is_inference_mode_enabled()
