"""Models of a session are adopted if they are better, and only then."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from aeviz.cli import main, train
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS
from aeviz.training.restorer_files import base_card
from benchmarks.gpu import adopt as adopting
from benchmarks.gpu import readme
from benchmarks.gpu.adopt import adopt, compared
from benchmarks.gpu.autoencoders import configured, train_job
from benchmarks.gpu.autoencoders import jobs as all_jobs
from benchmarks.gpu.restorers import config_of
from benchmarks.gpu.results import Models
from benchmarks.gpu.sources import Sources, drawn_photos
from tests.gpu.small_session import small_session

PAGE = """# The bundled models

## restore-jpeg

Must beat: the input + 0.9 dB. Reached: quality 10: 25.56 → 26.62 dB. 2 parameters, 4.0 MB.

```sh
python -m aeviz train --preset restore-jpeg
```

## vae-mnist

Must: loss at most 9000 nats per image (not reached). Reached: **93.04**. 2 parameters, 7.3 MB.

# The photo restorers

## restore-x2

Must beat: bicubic. Reached: nothing.
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder of two untrained bundled models, and their README."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "README.md").write_text(PAGE)
    session = small_session(tmp_path / "first")
    config = config_of("restore-jpeg", session)
    model = Restorer(config)
    figures = {f"jpeg {q}": {"psnr": 20.0} for q in (10, 20, 40)}
    card = base_card(model, drawn_photos()) | {"metrics": figures, "steps": 1, "seconds": 1.0}
    checkpoint.save(folder / "restore-jpeg.safetensors", model, card, None, half=True)
    done = train_job(next(job for job in all_jobs(session, session.clock.share(60))
                          if job.name == "vae-mnist"))  # fmt: skip
    assert done is not None
    (folder / "vae-mnist.safetensors").write_bytes(done.data)
    return folder


def left(tmp_path: Path, name: str, data: bytes) -> Path:
    out = tmp_path / "out"
    Models(out).put(name, data)
    return out


def restorer(tmp_path: Path) -> bytes:
    """One that changes nothing, which is much better than 20 dB."""
    model = Restorer(config_of("restore-jpeg", small_session(tmp_path / "second")))
    history = {"steps": 1234, "seconds": 56.0, "started_from": "foundation"}
    card = base_card(model, drawn_photos()) | history
    return checkpoint.to_bytes(model, card | {"device": "NVIDIA H200"}, None, half=True)


def test_a_better_restorer_replaces_the_bundled_one(tmp_path: Path, bundle: Path) -> None:
    out = left(tmp_path, "restore-jpeg", restorer(tmp_path))
    before = (bundle / "vae-mnist.safetensors").read_bytes()
    (verdict,) = adopt(out, Sources(), bundle, passes=lambda name: True)
    assert verdict["adopted"]
    assert verdict["gain"] > 1
    loaded = checkpoint.load_restorer(bundle / "restore-jpeg.safetensors")
    assert loaded.card["device"] == "NVIDIA H200"
    assert loaded.card["metrics"]["jpeg 10"]["psnr"] > 20
    page = (bundle / "README.md").read_text()
    assert "Must beat: the input + 0.9 dB. Reached: jpeg 10: " in page
    assert "on NVIDIA H200: 1,234 steps in 56 s" in page
    assert page.count("## ") == PAGE.count("## ")
    assert page.endswith("Reached: nothing.\n")
    assert (bundle / "vae-mnist.safetensors").read_bytes() == before


def test_a_model_that_fails_the_tests_is_taken_back(tmp_path: Path, bundle: Path) -> None:
    out = left(tmp_path, "restore-jpeg", restorer(tmp_path))
    file = bundle / "restore-jpeg.safetensors"
    before, seen = file.read_bytes(), []

    def fails(name: str) -> bool:
        seen.append(file.read_bytes() != before)
        return False

    (verdict,) = adopt(out, Sources(), bundle, passes=fails)
    assert seen == [True]  # the tests saw the new one
    assert not verdict["adopted"]
    assert file.read_bytes() == before
    assert (bundle / "README.md").read_text() == PAGE


def test_an_autoencoder_that_is_no_better_is_not_adopted(tmp_path: Path, bundle: Path) -> None:
    file = bundle / "vae-mnist.safetensors"
    out, before = left(tmp_path, "vae-mnist", file.read_bytes()), file.read_bytes()
    (verdict,) = adopt(out, Sources(), bundle, passes=lambda name: True)
    assert not verdict["adopted"]
    assert abs(verdict["gain"]) < 0.01
    assert file.read_bytes() == before


def test_a_better_autoencoder_gets_a_whole_card_and_a_gallery(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bundle / "vae-mnist.safetensors"
    out = left(tmp_path, "vae-mnist", file.read_bytes())
    monkeypatch.setattr(adopting, "_autoencoder_figures", lambda *args: {"loss": 1e6})
    (verdict,) = adopt(out, Sources(), bundle, passes=lambda name: True)
    assert verdict["adopted"]
    loaded = checkpoint.load(file)
    assert loaded.gallery is not None
    assert "mse" in loaded.card["metrics"]
    assert (
        "Must: loss at most 9000 nats per image. Reached: **" in (bundle / "README.md").read_text()
    )


def test_a_loss_in_one_trial_is_seen_and_what_nobody_sees_is_not() -> None:
    noise = RESTORERS["restore-denoise"]
    before = {"noise 25": {"psnr": 28.0}, "noise 0": {"psnr": 60.0}}
    after = {"noise 25": {"psnr": 28.2}, "noise 0": {"psnr": 50.0}}
    assert compared(noise, before, after) == pytest.approx((0.1, 0.0))
    after["noise 0"]["psnr"] = 40.0
    assert compared(noise, before, after)[1] == pytest.approx(-5)
    marks = RESTORERS["restore-watermark"]
    rows: list[dict[str, Any]] = [{"w": {"psnr": 50.0, "inside": x}} for x in (20.0, 21.0)]
    assert compared(marks, *rows) == (1, 1)


def test_a_folder_without_models_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no models"):
        adopt(tmp_path, Sources(), tmp_path)


@pytest.mark.parametrize("name", ["restore-watermark", "restore-denoise", "restore-x4"])
def test_the_command_of_a_restorer_makes_its_configuration(name: str, tmp_path: Path) -> None:
    config = config_of(name, small_session(tmp_path, network={}, crop=128, batch=128))
    config = config.replace(**{"training.epochs": 77})
    made = made_by(readme.command(name, config, {"started_from": name}, 0))
    assert made == config


def test_the_command_of_an_autoencoder_makes_its_configuration(tmp_path: Path) -> None:
    session = small_session(tmp_path, image_network={})
    session.bundled = Path(__file__).parents[2] / "checkpoints"
    for name in ("vae-fashion-mnist", "vae-mnist-2d", "beta-vae-shapes"):
        config = configured(session, name).replace(**{"training.epochs": 91})
        text = readme.command(name, config, {}, 5000)
        assert made_by(text) == config
        assert max(map(len, text.splitlines())) <= 110


def made_by(command: str) -> Any:
    text = re.sub(r"\\\n", " ", command)
    args = main.parser().parse_args(shlex.split(text)[3:])
    return train.train_config(args)
