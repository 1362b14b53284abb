"""The list of models: the folders are the only registry."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from aeviz.config import NetworkConfig, RunConfig
from aeviz.errors import UserError
from aeviz.models import checkpoint, library
from aeviz.nn.model import Autoencoder


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty folders of this test's own."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    return tmp_path


def file_of(latent_dim: int = 4, **changes: object) -> bytes:
    config = RunConfig(network=NetworkConfig(hidden=()), type="vae", dataset="digits")
    config = config.replace(**{"bottleneck.latent_dim": latent_dim}, **changes)
    return checkpoint.to_bytes(Autoencoder(config, (1, 8, 8)), {"epochs": 3}, None)


def bundle(name: str, data: bytes) -> Path:
    path = library.checkpoints_dir() / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def run(name: str, data: bytes, age: int = 0) -> Path:
    path = library.runs_dir() / name / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    os.utime(path, (1_700_000_000 - age,) * 2)
    return path


def names() -> list[str]:
    return [info.name for info in library.models()]


def test_no_folder_no_models() -> None:
    assert library.models() == []


def test_bundled_models_come_first_then_the_newest_runs() -> None:
    run("older", file_of(), age=100)
    run("newer", file_of(), age=1)
    bundle("b", file_of())
    bundle("a", file_of())
    assert names() == ["a", "b", "newer", "older"]
    assert [info.bundled for info in library.models()] == [True, True, False, False]


def test_a_row_says_what_the_file_says() -> None:
    path = bundle("one", file_of(7, name="My VAE"))
    [info] = library.models()
    assert info == library.find("one")
    assert (info.path, info.title, info.type, info.dataset) == (path, "My VAE", "vae", "digits")
    assert (info.image_shape, info.latent_dim, info.card) == ((1, 8, 8), 7, {"epochs": 3})


def test_a_model_without_a_name_is_called_by_its_type_and_data() -> None:
    bundle("one", file_of())
    bundle("two", file_of(type="my own"))
    titles = [info.title for info in library.models()]
    assert titles == ["Variational (VAE) on Digits 8x8", "my own on Digits 8x8"]


def test_a_run_is_called_as_a_person_calls_it_and_a_bundled_model_by_its_file() -> None:
    folder = run("20261125-224310-vae-digits-a1b2", file_of(1)).parent
    bundle("vae-digits", file_of(name="My VAE"))
    bundled, trained = library.models()
    assert bundled.label == "vae-digits · Variational (VAE) · Digits 8x8 · code of 4"
    made = r"\d+ [A-Z]\w+, \d\d:\d\d"
    title = re.escape("Variational (VAE) on Digits 8x8")
    assert re.fullmatch(f"{title} · {made} · code of 1", trained.label)
    (folder / "name").write_text("Ada's")
    trained = library.models()[1]
    rest = re.escape("Variational (VAE) · Digits 8x8 · code of 1")
    assert re.fullmatch(f"Ada's · {made} · {rest}", trained.label)


def test_no_two_models_have_one_label() -> None:
    for name in ("one", "two", "three"):
        run(name, file_of(), age=5)
    labels = library.labels(library.models())
    first = labels["one"]
    assert sorted(labels.values()) == sorted([first, f"{first} (2)", f"{first} (3)"])


def test_new_changed_and_deleted_files_show_at_once() -> None:
    path = bundle("a", file_of(4))
    assert library.find("a").latent_dim == 4
    path.write_bytes(file_of(5))
    assert library.find("a").latent_dim == 5
    run("b", file_of())
    assert names() == ["a", "b"]
    path.unlink()
    assert names() == ["b"]
    with pytest.raises(UserError, match="no model called 'a'"):
        library.find("a")


def test_damaged_files_are_left_out_and_come_back_when_mended() -> None:
    path = bundle("a", file_of()[:100])
    bundle("b", file_of())
    assert names() == ["b"]
    with pytest.raises(UserError):
        library.load("a")
    path.write_bytes(file_of())
    assert names() == ["a", "b"]


def test_only_what_can_be_found_is_listed() -> None:
    bundle("with space", file_of())
    bundle(".hidden", file_of())
    run(".half-made", file_of())
    bundle("good-1.0_x", file_of())
    assert names() == ["good-1.0_x"]
    assert library.find("good-1.0_x").latent_dim == 4


@pytest.mark.parametrize(
    "name", ["", "..", "../runs/a", "/etc/passwd", "a/b", "a\0b", ".a", "x" * 500, "a\n", "a b"]
)
def test_names_that_lead_elsewhere(name: str, folders: Path) -> None:
    bundle("a", file_of())
    (folders / "model.safetensors").write_bytes(file_of())
    with pytest.raises(UserError, match="choose one from the list"):
        library.find(name)


def test_a_bundled_model_wins_over_a_run_of_the_same_name() -> None:
    run("a", file_of(5))
    bundle("a", file_of(4))
    assert library.find("a").latent_dim == 4
    assert library.load("a").model.latent_dim == 4


def test_folders_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AEVIZ_RUNS")
    assert library.runs_dir() == tmp_path / "checkpoints" / "runs"
    monkeypatch.delenv("AEVIZ_CHECKPOINTS")
    assert library.checkpoints_dir() == Path(library.__file__).parents[2] / "checkpoints"
