"""`aeviz restore`: folders of small images and of photographs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_tools import Capture, digit, refusal, result
from small_restorer import tiny

from aeviz import images
from aeviz.cli.main import main
from aeviz.images.photo import Photo, read_photo, write_photo
from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from aeviz.restoration.photo import restore_photo


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
    assert "No image files found" in sentence
    assert not (tmp_path / "clean").exists()


# ---- restore: photographs ----------------------------------------------------------------------


def restorer(path: Path, name: str = "restore-denoise", seed: int = 0) -> Path:
    """A small restorer's file. It changes nothing, because it is untrained."""
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


def test_an_inverted_mask_asks_first(capsys: Capture, tmp_path: Path) -> None:
    model = restorer(tmp_path / "m.safetensors", "restore-inpaint")
    photo(tmp_path / "a.png")
    white = np.full((40, 50, 1), 255, np.uint8)
    white[10:12, 10:30] = 0
    (tmp_path / "mask.png").write_bytes(write_photo(Photo(white)))
    options = ["restore", tmp_path / "a.png", "--out", tmp_path / "out", "--task", "inpaint",
               "--model", model, "--mask", tmp_path / "mask.png"]  # fmt: skip
    assert "98 % of the photo; is it inverted? If it is, add" in refusal(capsys, *options)
    answer = result(capsys, *options, "--mask-marks", "black")
    filled = read(answer["restored"][0]["out"])
    assert not filled[white[:, :, 0] == 0].any()
    assert filled[white[:, :, 0] > 0].any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--task", "jpeg"], "is for another task: choose --task denoise"),
        (["--sigma", "0"], "--sigma is a noise level above 0 and at most 100"),
        (["--sigma", "nan"], "--sigma is a noise level above 0 and at most 100"),
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
        assert "can only denoise" in refusal(capsys, *command, *options)


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
        patch.setattr("aeviz.cli.restoring.restore_photo", interrupted)
        answer = result(capsys, *command, code=130)
    assert [Path(row["out"]).name for row in answer["restored"]] == ["a.png"]
    assert [path.name for path in out.iterdir()] == ["a.png"]
    assert main([str(word) for word in command]) == 0
    said = capsys.readouterr()
    assert [row["kept"] for row in json.loads(said.out)["restored"]] == [True, False, False]
    assert "[1/3] a.png: already done" in said.err


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

    monkeypatch.setattr("aeviz.cli.restoring.restore_photo", fails)
    model, image = restorer(tmp_path / "m.safetensors"), tmp_path / "a.png"
    photo(image)
    answer = result(
        capsys, "restore", image, "--out", tmp_path / "out", "--model", model, code=2
    )  # fmt: skip
    assert "make it smaller" in answer["failed"][0]["error"]
