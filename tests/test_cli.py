"""The command line, from training to a restored picture, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_restorer import tiny

from aeviz import checkpoint, datasets, images
from aeviz.cli import main
from aeviz.datasets import DATASETS
from aeviz.images.photo import Photo, read_photo, write_photo
from aeviz.nn.restorer import Restorer
from aeviz.presets import PRESETS
from aeviz.restore.photo import restore_photo

Capture = pytest.CaptureFixture[str]
TINY = ["--dataset", "digits", "--epochs", "1", "--set", "network.hidden=[16]"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("AEVIZ_DATA", str(tmp_path / "no-data"))


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small denoising model of 8x8 digits, trained for an epoch."""
    path = tmp_path_factory.mktemp("models") / "denoiser.safetensors"
    tiny = [*TINY, "--set", "network.kind=dense", "--latent-dim", "8", "--gallery", "30"]
    assert main(["train", "--preset", "denoising", *tiny, "--out", str(path)]) == 0
    return path


def result(capsys: Capture, *argv: object, code: int = 0) -> dict[str, Any]:
    """Runs a command; its result is the last line of standard output."""
    assert main([str(arg) for arg in argv]) == code
    return json.loads(capsys.readouterr().out.splitlines()[-1], parse_constant=pytest.fail)


def refusal(capsys: Capture, *argv: object) -> str:
    """Runs a command that fails: exit code 2, one sentence, nothing on standard output."""
    assert main([str(arg) for arg in argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    sentence = err.splitlines()[-1]
    assert sentence.startswith("aeviz: ")
    assert sentence.endswith(".")
    return sentence


def digit(path: Path, number: int = 0) -> torch.Tensor:
    """A test digit, written to `path` as a PNG file; answers it as (1, 8, 8) in [0, 1]."""
    x = datasets.load("digits").test.images[number].float() / 255
    path.write_bytes(images.encode_png(x))
    return x


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
        (["--epochs", "0"], "training.epochs must lie between 1 and 10000"),
        (["--latent-dim", "0"], "The code size (bottleneck.latent_dim) must lie between"),
        (["--latent-dim", "1000000000"], "The code size (bottleneck.latent_dim) must lie between"),
        (["--seed", "-1"], "training.seed must lie between"),
        (["--gallery", "0"], "--gallery must lie between"),
        (["--set", "nothing=1"], "There is no setting called 'nothing'"),
        (["--set", "network.nothing=1"], "There is no setting called 'network.nothing'"),
        (["--set", "network=1"], "network is a group"),
        (["--set", "network.hidden"], "--set takes KEY=VALUE"),
        (["--set", "network.hidden=400"], "network.hidden must be a list of whole numbers"),
        (["--set", "network.hidden=[400"], "network.hidden must be a list of whole numbers"),
        (["--set", "loss.beta=" + "9" * 5000], "loss.beta must be a number"),
        (["--set", "loss.beta=" + "[" * 100_000], "loss.beta must be a number"),
        (["--set", "loss.beta=NaN"], "loss.beta must lie between"),
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
    assert "change training.batch_size" in refusal(capsys, "train", *TINY, *norm)


def test_an_interrupt_writes_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aeviz.cli.fit", interrupted)
    assert main(["train", *TINY, "--out", str(tmp_path / "m.safetensors")]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# ---- evaluate ----------------------------------------------------------------------------------


def test_evaluate_agrees_with_the_card(capsys: Capture, denoiser: Path) -> None:
    answer = result(capsys, "evaluate", denoiser, "--dataset", "digits", "--device", "cpu")
    assert (answer["dataset"], answer["split"]) == ("digits", "test")
    assert {"loss", "recon", "mse", "bce_per_pixel", "psnr", "ssim"} <= answer.keys()
    for key, value in checkpoint.load(denoiser).card["metrics"].items():
        assert answer[key] == (value if isinstance(value, dict) else pytest.approx(value, rel=1e-5))


def test_evaluate_on_images_of_another_shape(capsys: Capture, denoiser: Path) -> None:
    sentence = refusal(capsys, "evaluate", denoiser, "--dataset", "shapes")
    assert "has images of 1x32x32, the model takes 1x8x8" in sentence


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


# ---- reconstruct and restore -------------------------------------------------------------------


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

    monkeypatch.setattr("aeviz.cli.begin", fails)
    out = tmp_path / "m.safetensors"
    said = refusal(capsys, "train", "--preset", "vae", "--dataset", "digits", "--out", out)
    assert "memory is not enough" in said


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
    assert "too large: 64 MB at most" in sentence


def test_restore_a_folder_and_a_file(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    folder = tmp_path / "noisy"
    folder.mkdir()
    x = digit(folder / "a.png", 0)
    digit(folder / "b.png", 1)
    (folder / "notes.txt").write_text("no picture")
    digit(tmp_path / "a.png", 2)
    paths = [folder, tmp_path / "a.png", tmp_path / "missing.png"]
    answer = result(capsys, "restore", *paths, "--out", tmp_path / "clean", "--model", denoiser)
    assert [Path(row["out"]).name for row in answer["restored"]] == ["a.png", "b.png", "a-2.png"]
    assert [Path(row["path"]).name for row in answer["failed"]] == ["notes.txt", "missing.png"]
    model = checkpoint.load(denoiser).model
    data = (tmp_path / "clean" / "a.png").read_bytes()
    written, _ = images.to_tensor(images.decode(data), (1, 8, 8))
    assert torch.allclose(written, model.decode(model.encode(x[None]))[0], atol=0.51 / 255)


def test_restore_that_restores_nothing_fails(
    capsys: Capture, denoiser: Path, tmp_path: Path
) -> None:
    answer = result(
        capsys, "restore", tmp_path / "missing.png", "--out", tmp_path / "clean",
        "--model", denoiser, code=2,
    )  # fmt: skip
    assert answer["restored"] == []
    assert "cannot be read" in answer["failed"][0]["error"]
    (tmp_path / "empty").mkdir()
    sentence = refusal(
        capsys, "restore", tmp_path / "empty", "--out", tmp_path / "clean", "--model", denoiser
    )
    assert "There are no files in this folder" in sentence
    assert not (tmp_path / "clean").exists()


# ---- restore: photographs ----------------------------------------------------------------------


def restorer(path: Path, name: str = "restore-denoise", seed: int = 0) -> Path:
    """A small restorer's file. It changes nothing, as nothing has been learnt."""
    checkpoint.save(path, Restorer(tiny(name, **{"training.seed": seed})), {}, None)
    return path


def photo(path: Path, seed: int = 0, size: tuple[int, int] = (40, 50)) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(write_photo(Photo(pixels)))
    return pixels


def read(path: str | Path) -> np.ndarray:
    return read_photo(Path(path).read_bytes()).pixels


def test_restore_photos_by_the_tasks_own_model(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    restorer(tmp_path / "checkpoints" / "restore-denoise.safetensors")
    pixels = photo(tmp_path / "in" / "a b.png")
    answer = result(capsys, "restore", tmp_path / "in", "--out", tmp_path / "out")
    [row] = answer["restored"]
    assert row["out"] == str(tmp_path / "out" / "a b.png")
    assert np.array_equal(read(row["out"]), pixels)
    assert (row["megapixels"], row["kept"], row["notes"]) == (0.002, False, [])
    assert row["sigma"] > 50
    assert row["seconds"] > 0
    assert answer["failed"] == []


def test_the_task_follows_from_the_model(capsys: Capture, tmp_path: Path) -> None:
    model, image = restorer(tmp_path / "m.safetensors", "restore-x2"), tmp_path / "a.png"
    photo(image)
    [row] = result(capsys, "restore", image, "--out", tmp_path / "out", "--model", model)[
        "restored"
    ]
    assert read(row["out"]).shape == (80, 100, 3)


def test_filling_under_a_mask(capsys: Capture, tmp_path: Path) -> None:
    model = restorer(tmp_path / "m.safetensors", "restore-inpaint")
    pixels, hole = photo(tmp_path / "a.png"), np.zeros((40, 50, 1), np.uint8)
    hole[10:20, 10:30] = 255
    (tmp_path / "mask.png").write_bytes(write_photo(Photo(hole)))
    photo(tmp_path / "b.png", size=(50, 40))
    answer = result(
        capsys, "restore", tmp_path / "a.png", tmp_path / "b.png", "--out", tmp_path / "out",
        "--task", "inpaint", "--model", model, "--mask", tmp_path / "mask.png",
    )  # fmt: skip
    [row], [bad] = answer["restored"], answer["failed"]
    filled = read(row["out"])
    assert not filled[hole[:, :, 0] > 0].any()
    assert np.array_equal(filled[hole[:, :, 0] == 0], pixels[hole[:, :, 0] == 0])
    assert "The mask is 50x40 pixels and the photo 40x50" in bad["error"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--task", "jpeg"], "has learnt another task: choose --task denoise"),
        (["--sigma", "0"], "--sigma is a noise level above 0, at most 100"),
        (["--sigma", "nan"], "--sigma is a noise level above 0, at most 100"),
        (["--mask", "m.safetensors"], "--task inpaint needs a --mask"),
        (["--device", "tpu"], "no device called"),
        (["--model", "nothing"], "no model called 'nothing'"),
    ],
)
def test_restore_refuses_what_does_not_belong_together(
    options: list[str], words: str, capsys: Capture, tmp_path: Path
) -> None:
    photo(tmp_path / "a.png")
    model = restorer(tmp_path / "m.safetensors")
    command = ["restore", tmp_path / "a.png", "--out", tmp_path / "out", "--model", model]
    assert words in refusal(capsys, *command, *options)
    assert not (tmp_path / "out").exists()


def test_a_small_model_only_denoises(capsys: Capture, denoiser: Path, tmp_path: Path) -> None:
    digit(tmp_path / "a.png")
    command = ["restore", tmp_path / "a.png", "--out", tmp_path / "out", "--model", denoiser]
    for options in (["--task", "x2"], ["--sigma", "25"]):
        assert "which only denoises" in refusal(capsys, *command, *options)


def test_restore_never_writes_over_an_original(capsys: Capture, tmp_path: Path) -> None:
    model = restorer(tmp_path / "m.safetensors")
    pixels = photo(tmp_path / "in" / "a.png")
    command = ["restore", tmp_path / "in", "--out", tmp_path / "in" / "." / "", "--model", model]
    assert "choose another --out" in refusal(capsys, *command)
    assert np.array_equal(read(tmp_path / "in" / "a.png"), pixels)


def test_what_is_done_is_kept_and_what_changed_is_made_anew(
    capsys: Capture, tmp_path: Path
) -> None:
    model, folder, out = restorer(tmp_path / "m.safetensors"), tmp_path / "in", tmp_path / "out"
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        photo(folder / name, number)

    def kept(*options: object) -> dict[str, bool]:
        answer = result(capsys, "restore", folder, "--out", out, "--model", model, *options)
        return {Path(row["out"]).name: row["kept"] for row in answer["restored"]}

    assert not any(kept().values())
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert all(kept().values())
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    changed = photo(folder / "b.png", 9)
    (out / "c.png").unlink()
    assert kept() == {"a.png": True, "b.png": False, "c.png": False}
    assert np.array_equal(read(out / "b.png"), changed)
    assert not any(kept("--sigma", 20).values())
    assert all(kept("--sigma", 20).values())
    restorer(model, seed=1)
    assert not any(kept("--sigma", 20).values())


def test_another_file_in_the_way_is_no_result(capsys: Capture, tmp_path: Path) -> None:
    model, pixels = restorer(tmp_path / "m.safetensors"), photo(tmp_path / "in" / "a.png")
    photo(tmp_path / "out" / "a.png", 5)
    [row] = result(
        capsys, "restore", tmp_path / "in", "--out", tmp_path / "out", "--model", model
    )["restored"]  # fmt: skip
    assert not row["kept"]
    assert np.array_equal(read(row["out"]), pixels)


def test_an_interrupt_leaves_whole_files_and_is_taken_up_again(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, folder, out = restorer(tmp_path / "m.safetensors"), tmp_path / "in", tmp_path / "out"
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        photo(folder / name, number)
    command = ["restore", folder, "--out", out, "--model", model]

    def interrupted(*args: Any, **kwargs: Any) -> Photo:
        if out.exists():
            raise KeyboardInterrupt
        return restore_photo(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr("aeviz.cli_restore.restore_photo", interrupted)
        answer = result(capsys, *command, code=130)
    assert [Path(row["out"]).name for row in answer["restored"]] == ["a.png"]
    assert [path.name for path in out.iterdir()] == ["a.png"]
    assert main([str(word) for word in command]) == 0
    said = capsys.readouterr()
    assert [row["kept"] for row in json.loads(said.out)["restored"]] == [True, False, False]
    assert "[1/3] a.png: kept" in said.err


def test_one_bad_photo_stops_nothing_and_moves_no_name(capsys: Capture, tmp_path: Path) -> None:
    model, folder = restorer(tmp_path / "m.safetensors"), tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"\xff\xd8\xff cut short")
    (folder / ".hidden.png").write_bytes(b"")
    photo(folder / "a.png")
    photo(folder / "z\x1b[31m.png")
    assert (
        main(["restore", str(folder), "--out", str(tmp_path / "out"), "--model", str(model)]) == 0
    )
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert [Path(row["path"]).name for row in answer["failed"]] == ["a.jpg"]
    assert [Path(row["out"]).name for row in answer["restored"]] == ["a-2.png", "z_31m.png"]
    assert "\x1b" not in said.err


def test_too_little_memory_for_one_photo_is_a_sentence(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("aeviz.cli_restore.restore_photo", fails)
    model, image = restorer(tmp_path / "m.safetensors"), tmp_path / "a.png"
    photo(image)
    answer = result(
        capsys, "restore", image, "--out", tmp_path / "out", "--model", model, code=2
    )  # fmt: skip
    assert "make it smaller" in answer["failed"][0]["error"]


@pytest.mark.parametrize("argv", [[], ["fly"], ["train"], ["train", "--epochs", "many"]])
def test_a_wrong_command_exits_with_2(argv: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""
