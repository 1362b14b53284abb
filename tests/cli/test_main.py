"""The command line, from training to a picture, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from cli_tools import TINY, Capture, digit, refusal, result

from aeviz import datasets, images
from aeviz.cli.main import main, parser
from aeviz.cli.train import train_config
from aeviz.datasets import DATASETS
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.presets.autoencoders import PRESETS, settings_for
from aeviz.training.fit import Outcome
from aeviz.training.parallel.fit import fit
from aeviz.training.parallel.group import Group

# ---- lists -------------------------------------------------------------------------------------


def test_presets(capsys: Capture) -> None:
    rows = result(capsys, "presets")["presets"]
    assert list(rows) == list(PRESETS)
    assert rows["vae"]["config"] == json.loads(PRESETS["vae"].config.to_json())
    assert rows["beta-vae"]["knobs"] == ["loss.beta"]


def test_datasets(capsys: Capture) -> None:
    rows = {row["name"]: row for row in result(capsys, "datasets")["datasets"]}
    assert list(rows) == list(DATASETS)
    assert rows["digits"]["image_shape"] == [1, 8, 8]
    assert rows["digits"]["images"] == {"train": 1297, "validation": 250, "test": 250}
    assert rows["digits"]["available"]
    assert rows["mnist"]["network"]
    assert not rows["mnist"]["available"]


def test_models(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    assert result(capsys, "models") == {"models": [], "restorers": []}
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "mine.safetensors").write_bytes(denoiser.read_bytes())
    [row] = result(capsys, "models")["models"]
    assert (row["name"], row["type"], row["dataset"]) == ("mine", "denoising", "digits")
    assert (row["image_shape"], row["latent_dim"], row["bundled"]) == ([1, 8, 8], 8, True)


# ---- train -------------------------------------------------------------------------------------


def test_a_training_is_as_long_as_its_steps(tmp_path: Path) -> None:
    def epochs(*options: str) -> int:
        words = ["train", "--dataset", "digits", "--out", str(tmp_path / "a.safetensors"), *options]
        return train_config(parser().parse_args(words)).training.epochs

    assert epochs() == settings_for("standard", "digits").training.epochs
    assert epochs("--steps", "33") == 3  # of 11 batches of 128
    assert epochs("--steps", "33", "--batch-size", "433") == 11
    assert epochs("--epochs", "5", "--batch-size", "433") == 5
    assert epochs("--set", "training.epochs=4") == 4


def test_train_writes_one_whole_file(capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "vae.safetensors"
    answer = result(
        capsys, "train", "--preset", "vae", *TINY, "--latent-dim", 2, "--batch-size", 100,
        "--seed", 5, "--device", "cpu", "--gallery", 40, "--set", "loss.beta=0.5",
        "--set", "loss.reconstruction=mse", "--out", out,
    )  # fmt: skip
    assert answer["out"] == str(out)
    assert (answer["epochs"], answer["steps"], answer["ended"]) == (1, 13, "done")
    loaded = checkpoint.load(out)
    config = loaded.config
    assert (config.name, config.dataset, config.type) == ("vae", "digits", "vae")
    assert config.network.hidden == (16,)
    assert (config.bottleneck.latent_dim, config.training.batch_size) == (2, 100)
    assert (config.training.seed, config.training.device) == (5, "cpu")
    assert (config.loss.beta, config.loss.reconstruction) == (0.5, "mse")
    assert answer["config"] == json.loads(config.to_json())
    assert loaded.card["metrics"] == answer["metrics"]
    assert loaded.card["dataset_sha256"] == datasets.load("digits").sha256
    assert loaded.gallery is not None
    assert loaded.gallery.latents.shape == (40, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["vae.safetensors"]


def test_the_same_seed_trains_the_same_model(tmp_path: Path) -> None:
    weights = []
    for seed in (1, 1, 2):
        out = tmp_path / f"{len(weights)}.safetensors"
        small = [*TINY, "--latent-dim", "2", "--gallery", "10", "--seed", str(seed)]
        small += ["--set", "network.norm=none"]  # its counters are alike for all seeds
        assert main(["train", "--preset", "vae", *small, "--out", str(out)]) == 0
        weights.append(checkpoint.load(out).model.state_dict())
    first, same, other = weights
    assert all(torch.equal(first[k], same[k]) for k in first)
    assert not any(torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "transformer"], "There is no type called 'transformer'"),
        (["--dataset", "imagenet"], "There is no data set called 'imagenet'"),
        (["--epochs", "0"], "training.epochs: The value must be between 1 and 10000"),
        (["--latent-dim", "0"], "bottleneck.latent_dim: The value must be between"),
        (["--latent-dim", "1000000000"], "bottleneck.latent_dim: The value must be between"),
        (["--seed", "-1"], "training.seed: The value must be between"),
        (["--gallery", "0"], "--gallery must be between"),
        (["--set", "nothing=1"], "There is no setting called 'nothing'"),
        (["--set", "network.nothing=1"], "There is no setting called 'network.nothing'"),
        (["--set", "network=1"], "network: This is a group"),
        (["--set", "network.hidden"], "--set takes KEY=VALUE"),
        (
            ["--set", "network.hidden=400"],
            "network.hidden: The value must be a list of whole numbers",
        ),
        (
            ["--set", "network.hidden=[400"],
            "network.hidden: The value must be a list of whole numbers",
        ),
        (["--set", "loss.beta=" + "9" * 5000], "loss.beta: The value must be a number"),
        (["--set", "loss.beta=" + "[" * 100_000], "loss.beta: The value must be a number"),
        (["--set", "loss.beta=NaN"], "loss.beta: The value must be between"),
        (["--set", "network.hidden=[8192,8192]", "--latent-dim", "4096"], "million parameters"),
    ],
)
def test_train_refuses(arguments: list[str], words: str, capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    assert words in refusal(capsys, "train", *TINY, *arguments, "--out", out)
    assert not out.exists()


def test_train_refuses_a_bad_place_before_it_trains(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    for out, words in (
        (tmp_path / "m.pt", "must end in .safetensors"),
        (tmp_path / "missing" / "m.safetensors", "There is no folder"),
        (tmp_path / "folder.safetensors", "cannot be written"),
    ):
        assert words in refusal(capsys, "train", *TINY, "--out", out)


def test_a_training_that_diverges_says_at_which_step(capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    wild = ["--set", "training.lr=10000", "--set", "loss.reconstruction=mse",
            "--set", "network.output=linear", "--set", "training.optimizer=sgd"]  # fmt: skip
    sentence = refusal(capsys, "train", *TINY, *wild, "--out", out)
    assert "Training stopped at step" in sentence
    assert "smaller learning rate" in sentence
    assert not out.exists()


@pytest.mark.parametrize("size", [1, 1296])
def test_batch_norm_cannot_train_on_one_image(size: int, capsys: Capture, tmp_path: Path) -> None:
    """The digits' 1,297 training images leave one for the last batch."""
    out = tmp_path / "m.safetensors"
    norm = ["--set", "network.norm=batch", "--batch-size", size, "--out", out]
    assert "training.batch_size: " in refusal(capsys, "train", *TINY, *norm)


def test_an_interrupt_writes_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aeviz.cli.train.fit", interrupted)
    assert main(["train", *TINY, "--out", str(tmp_path / "m.safetensors")]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_two_processes_train_one_model(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(*args: Any, group: Group, **kwargs: Any) -> Outcome:
        outcome = fit(*args, group=group, **kwargs)
        raise UserError(f"{group.size} processes took {outcome.steps} steps.")

    monkeypatch.setattr("aeviz.cli.train.fit", trained)
    out = ["--out", tmp_path / "m.safetensors"]
    assert "2 processes took 11 steps." in refusal(capsys, "train", *TINY, "--processes", 2, *out)


def test_a_number_of_processes_that_cannot_train(capsys: Capture, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "m.safetensors"]
    assert "between 1 and 64" in refusal(capsys, "train", *TINY, "--processes", 0, *out)
    restorer = ["--preset", "restore-denoise", "--processes", 2]
    assert "leave out --processes" in refusal(capsys, "train", *restorer, *out)


# ---- evaluate ----------------------------------------------------------------------------------


def test_evaluate_agrees_with_the_card(capsys: Capture, denoiser: Path) -> None:
    answer = result(capsys, "evaluate", denoiser, "--dataset", "digits", "--device", "cpu")
    assert (answer["dataset"], answer["split"]) == ("digits", "test")
    assert {"loss", "recon", "mse", "bce_per_pixel", "psnr", "ssim"} <= answer.keys()
    for key, value in checkpoint.load(denoiser).card["metrics"].items():
        assert answer[key] == (value if isinstance(value, dict) else pytest.approx(value, rel=1e-5))


def test_evaluate_on_images_of_another_shape(capsys: Capture, denoiser: Path) -> None:
    sentence = refusal(capsys, "evaluate", denoiser, "--dataset", "shapes")
    assert "has images of 1x32x32, but the model takes 1x8x8" in sentence


def test_evaluate_without_data_and_without_a_model(
    capsys: Capture, denoiser: Path, tmp_path: Path
) -> None:
    assert "no data set called" in refusal(capsys, "evaluate", denoiser, "--dataset", "x")
    assert "no device called" in refusal(capsys, "evaluate", denoiser, "--device", "tpu")
    missing = tmp_path / "missing.safetensors"
    assert "cannot be read" in refusal(capsys, "evaluate", missing)
    assert "There is no model called 'vae'" in refusal(capsys, "evaluate", "vae")
    missing.write_bytes(b"PK\3\4")
    assert "is a pickle" in refusal(capsys, "evaluate", missing)


# ---- reconstruct -------------------------------------------------------------------------------


def test_reconstruct_is_decode_of_encode(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    x = digit(tmp_path / "in.png")
    out = tmp_path / "new folder" / "out.png"
    answer = result(capsys, "reconstruct", denoiser, tmp_path / "in.png", out)
    model = checkpoint.load(denoiser).model
    z = model.encode(x[None])
    assert answer["code"] == pytest.approx(z[0].tolist(), rel=1e-4, abs=1e-5)
    assert answer["mse"] == pytest.approx((model.decode(z) - x).square().mean().item(), rel=1e-4)
    written, _ = images.to_tensor(images.decode(out.read_bytes()), (1, 8, 8))
    assert torch.allclose(written, model.decode(z)[0], atol=0.51 / 255)
    assert answer["notes"] == []


def test_reconstruct_says_what_it_changed(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(images.encode_png(torch.rand(3, 40, 30)))
    answer = result(capsys, "reconstruct", denoiser, tmp_path / "in.png", tmp_path / "out.png")
    assert answer["notes"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't allocate memory: 9 bytes")])
def test_a_training_too_large_for_the_memory_is_a_sentence(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("aeviz.cli.train.begin", fails)
    out = tmp_path / "m.safetensors"
    said = refusal(capsys, "train", "--preset", "vae", "--dataset", "digits", "--out", out)
    assert "Not enough memory" in said


def test_reconstruct_refuses_what_is_no_image(
    capsys: Capture, denoiser: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.png").write_bytes(b"not a picture")
    refusal(capsys, "reconstruct", denoiser, tmp_path / "in.png", tmp_path / "out.png")
    missing = refusal(capsys, "reconstruct", denoiser, tmp_path / "no.png", tmp_path / "out.png")
    assert "cannot be read: No such file" in missing
    assert not (tmp_path / "out.png").exists()


def test_a_file_too_large_is_not_read(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    with (tmp_path / "in.png").open("wb") as file:
        file.truncate(images.MAX_BYTES + 1)
    sentence = refusal(capsys, "reconstruct", denoiser, tmp_path / "in.png", tmp_path / "out.png")
    assert "too large: the limit is 320 MB" in sentence


@pytest.mark.parametrize("argv", [[], ["fly"], ["train"], ["train", "--epochs", "many"]])
def test_a_wrong_command_exits_with_2(argv: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""
