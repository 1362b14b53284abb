"""Training of restorers, and their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from small_restorer import TINY, tiny

from aeviz.cli.main import main
from aeviz.datasets import photos
from aeviz.errors import UserError
from aeviz.models import checkpoint, library
from aeviz.presets.restorers import RESTORERS
from aeviz.restoration import inference
from aeviz.restoration.inference import restore_8bit
from aeviz.training import restorers as training

CPU = torch.device("cpu")


def gradients(n: int = 3, side: int = 40) -> list[torch.Tensor]:
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return [torch.stack([x * 5 + i, y * 5 + i, (x + y) * 2 + i]).to(torch.uint8) for i in range(n)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "photos"
    path.mkdir()
    for i, photo in enumerate(gradients(20)):
        Image.fromarray(photo.permute(1, 2, 0).numpy()).save(path / f"{i:02}.png")
    return path


@pytest.mark.parametrize("name", RESTORERS)
def test_every_restorer_takes_steps_and_its_weights_move(name: str) -> None:
    model = training.begin(tiny(name), None, CPU)
    before = [parameter.clone() for parameter in model.parameters()]
    steps = list(training.train(model, gradients()))
    assert steps[-1].step == steps[-1].steps == 3 * training.SQUARES // 4
    assert steps[-1].epoch == 1
    moved = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    assert all(moved)
    assert not model.training


def test_a_denoiser_learns_to_denoise() -> None:
    widths = {"network.channels": [16, 16, 16], "training.epochs": 16, "training.lr": 5e-3}
    config = tiny("restore-denoise", **widths)
    model = training.begin(config, None, CPU)
    trial = inference.RestorationCase("noise", 25)
    list(training.train(model, gradients()))
    told = inference.measure(trial, gradients(), lambda x, given: restore_8bit(model, given))
    assert told["psnr"] > told["psnr_before"] + 1


def test_training_repeats_and_goes_on_from_another_model() -> None:
    def train(start: bool = False) -> torch.Tensor:
        model = training.begin(tiny("restore-jpeg"), first if start else None, CPU)
        list(training.train(model, gradients()))
        return model.head.weight.detach()

    first = training.begin(tiny("restore-denoise", **{"training.seed": 5}), None, CPU)
    assert torch.equal(train(), train())
    assert not torch.equal(train(), train(start=True))
    other = tiny("restore-denoise", **{"network.channels": [4, 8], "bottleneck.latent_dim": 4})
    with pytest.raises(UserError, match="another network"):
        training.begin(other, first, CPU)


def test_some_of_the_start_is_kept() -> None:
    start = training.begin(tiny("restore-denoise", **{"training.seed": 5}), None, CPU)
    model = training.begin(tiny("restore-jpeg"), start, CPU)
    list(training.train(model, gradients()))
    before, after = (one.head.weight.detach().clone() for one in (start, model))
    training.interpolate_weights(model, start, 0.25)
    assert torch.allclose(model.head.weight, 0.25 * before + 0.75 * after)
    assert torch.equal(start.head.weight, before)
    matte = training.begin(tiny("restore-watermark"), start, CPU)
    tail = matte.tail.weight.detach().clone()
    training.interpolate_weights(matte, start, 0.25)  # its last layer draws something else
    assert torch.equal(matte.tail.weight, tail)


def test_a_matte_is_learnt_from_a_restorer_that_draws_none() -> None:
    first = training.begin(tiny("restore-denoise", **{"training.seed": 5}), None, CPU)
    model = training.begin(tiny("restore-watermark"), first, CPU)
    assert torch.equal(model.head.weight, first.head.weight)
    assert model.tail.weight.shape[0] == 4
    again = training.begin(tiny("restore-watermark"), model, CPU)
    assert torch.equal(again.tail.weight, model.tail.weight)
    with pytest.raises(UserError, match="another network"):
        training.begin(tiny("restore-denoise"), model, CPU)


def test_errors_outside_what_was_touched_count_as_the_damage_says() -> None:
    x, x_hat = torch.zeros(1, 3, 1, 2), torch.full((1, 3, 1, 2), 0.25)
    where = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    for outside in (0.0, 1.0, 2.0):
        asked = training.scale_errors(x_hat, x, where, outside)
        assert asked[0, :, 0].tolist() == [[0.25, 0.25 * outside]] * 3


def test_some_become_grey() -> None:
    x = torch.rand(40, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    out = training.randomly_grey(x, 0.5, torch.Generator().manual_seed(0))
    grey = (out[:, 0] == out[:, 2]).flatten(1).all(1)
    assert 8 < grey.sum() < 32
    assert torch.equal(out[~grey], x[~grey])


def test_a_photograph_that_is_too_small_is_told() -> None:
    with pytest.raises(UserError, match="only 20 pixels"):
        next(training.train(training.begin(tiny("restore-x2"), None, CPU), gradients(2, 20)))


def test_every_tenth_photograph_is_held_out(folder: Path) -> None:
    shown = photos.load(folder)
    assert (len(shown.train), len(shown.held_out)) == (18, 2)
    assert torch.equal(shown.held_out[0], gradients(20)[9])
    assert torch.equal(shown.held_out[1], gradients(20)[19])
    (folder / "05.png").unlink()
    assert photos.load(folder).sha256 != shown.sha256


def test_a_folder_without_photographs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AEVIZ_PHOTOS", raising=False)
    with pytest.raises(UserError, match="AEVIZ_PHOTOS"):
        photos.folder()
    with pytest.raises(UserError, match="no folder"):
        photos.folder(tmp_path / "none")
    with pytest.raises(UserError, match="has 0 photographs"):
        photos.load(tmp_path)
    monkeypatch.setenv("AEVIZ_PHOTOS", str(tmp_path))
    assert photos.folder() == tmp_path


def test_the_command_writes_a_restorer_that_the_library_lists(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = tmp_path / "checkpoints"
    bundle.mkdir()
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(bundle))
    changes = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    out = bundle / "restore-jpeg.safetensors"
    command = ["train", "--preset", "restore-jpeg", "--photos", str(folder), "--half", *changes]
    assert main([*command, "--out", str(out)]) == 0
    card = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert card["metrics"].keys() == {"jpeg 10", "jpeg 20", "jpeg 40"}
    assert (card["train_images"], card["test_images"], card["epochs"]) == (18, 2, 1)

    assert [info.name for info in library.restorers()] == ["restore-jpeg"]
    assert library.models() == []
    loaded = library.load_restorer("restore-jpeg")
    assert loaded.config == loaded.model.config
    assert loaded.card["metrics"] == card["metrics"]
    with pytest.raises(UserError, match="restores photographs"):
        checkpoint.load(out)

    again = bundle / "restore-x2.safetensors"
    command += ["--out", str(again)]
    assert main([*command, "--start", str(out), "--keep", "0.5"]) == 0
    card = checkpoint.load_restorer(again).card
    assert (card["started_from"], card["kept_of_start"]) == ("restore-jpeg", 0.5)
    again.unlink()
    assert main([*command, "--keep", "0.5"]) == 2
    assert main([*command, "--start", str(out), "--keep", "1"]) == 2
    assert not again.exists()


def test_a_restorers_file_comes_back_as_it_was(tmp_path: Path) -> None:
    model = training.begin(tiny("bottleneck-photo"), None, CPU).eval()
    checkpoint.save(tmp_path / "a.safetensors", model, {"epochs": 1}, None)
    loaded = checkpoint.load_restorer(tmp_path / "a.safetensors")
    x = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(loaded.model.restore(x), model.restore(x), atol=1e-6)
    assert loaded.card == {"epochs": 1}
