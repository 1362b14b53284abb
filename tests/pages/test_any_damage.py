"""Any damage to any file under runs/ or datasets/, or to an uploaded model: no page breaks, and
everybody else's things are there."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import pytest
import torch
from page_tools import PAGES, SECONDS, again, data, open_runs, open_train, run
from small_models import pca_denoiser, save
from small_run import run_of
from streamlit.testing.v1 import AppTest

from aeviz.datasets import custom, custom_images
from aeviz.errors import UserError
from aeviz.models import library, uploads
from aeviz.runs.store import Run, Status
from aeviz.server.live import catalog, gallery
from aeviz.server.replay import epochs
from aeviz.training import snapshots
from aeviz.ui.runs import table

SEED = 18
EACH = 2
"""Kinds of damage to each file."""

Damage = Callable[[random.Random, bytes], bytes]


def flipped(draw: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content or b"x")
    for _ in range(draw.choice((1, 1, 8))):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def cut(draw: random.Random, content: bytes) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def other_bytes(draw: random.Random, content: bytes) -> bytes:
    more = (b"\xff", b"\0" * 100, b"5\n", b"null\n", b'{"validation":null}\n')
    return content + draw.choice(more)


def other_json(draw: random.Random, content: bytes) -> bytes:
    """If it is an object, the same one with one value of another type; else another value."""
    strange = draw.choice(
        (None, True, -1, 1e300, 10**400, "x", [], {}, [[0]], "\ud800", float("nan"), -5.5)
    )
    try:
        lines = [json.loads(line) for line in content.splitlines()]
        row = draw.choice([row for row in lines if isinstance(row, dict)])
        key = draw.choice(list(row))
        if isinstance(row[key], dict) and row[key] and draw.random() < 0.7:
            row, key = row[key], draw.choice(list(row[key]))
        row[key] = strange
        return b"\n".join(json.dumps(line).encode() for line in lines)
    except (ValueError, IndexError):
        return json.dumps(strange).encode()


def deep(draw: random.Random, content: bytes) -> bytes:
    return draw.choice((b"[", b'{"a":')) * 50_000


DAMAGES: tuple[Damage, ...] = (flipped, cut, other_bytes, other_json, other_json, deep)


class Server:
    """A run, an uploaded model and a data set that are damaged, and one of each that are not."""

    def __init__(self, root: Path) -> None:
        self.bad_run, self.good_run = self.a_run("Bad"), self.a_run("Good")
        save(root / "upload.safetensors", pca_denoiser(), epochs=3, metrics={"mse": 0.1})
        data = (root / "upload.safetensors").read_bytes()
        self.bad_model = uploads.add(data, "a.safetensors")
        images = torch.randint(0, 256, (30, 1, 16, 16), dtype=torch.uint8)
        about = {"class_names": ("a", "b"), "left_out": (("a.txt", "no image"),)}
        about |= {"reasons": {"no image": 1}, "notes": {"turned": 2}, "fit": "cropped"}
        labels = torch.arange(30) % 2
        self.bad_data, self.good_data = (
            custom_images.keep(title, images, labels, about) for title in ("B", "G")
        )
        folders = (self.bad_run.folder, self.bad_model.path.parent, self.data_folder)
        files = (sorted(filter(Path.is_file, folder.rglob("*"))) for folder in folders)
        self.files = [[*filter(None, row)] for row in zip_longest(*files)]
        """A file of the run, one of the model and one of the data set are damaged at the same time,
        because pages read them separately; then the next ones."""

    @property
    def data_folder(self) -> Path:
        return custom.path_of(self.bad_data).parent

    def a_run(self, name: str) -> Run:
        made = run_of(3)
        save(made.model_path, pca_denoiser(), epochs=2, seconds=3.0, metrics={"mse": 0.1})
        made.write_status(Status("done", 2, 6, 6, 100.0, created=1.7e9, message="x"))
        terms = {"loss": 30.0, "recon": 20.0, "kl": 10.0, "penalty": 0.0}
        for epoch in (1, 2):
            row = {"epoch": epoch, "step": 3 * epoch, "time": 1.7e9 + epoch}
            made.append_metrics(row | terms | {"validation": terms | {"mse": 0.02}})
        (made.folder / "owner").write_text("a" * 32)
        (made.folder / "name").write_text(name)
        baseline = {"key": "pca", "term": "recon", "value": 25.0, "title": "PCA", "sentence": "x"}
        (made.folder / "baselines.json").write_text(json.dumps([baseline]))
        return made

    def check(self) -> None:
        """Checks all pages that show any of it."""
        app = open_runs(runs_scope_kept="class")
        assert self.good_run.id in {row["id"] for row in data(app, table.KEY)["rows"]}
        ticked = [self.bad_run.id, self.good_run.id]
        open_runs(runs_scope_kept="class", runs_chosen=ticked)
        for one in (self.bad_run, self.good_run):
            app = open_train(run=one.id)
            assert "G (own images)" in options(app, "train-dataset")
            if "B (own images)" in options(app, "train-dataset"):
                app.selectbox(key="train-dataset").set_value(self.bad_data)
                again(app)
        for name in (self.bad_run.id, self.bad_model.name, self.good_run.id):
            app = run("reconstruct", model=name)
            assert "Good" in options(app, "aeviz-model-picker")
        run("explore", model=self.bad_model.name)
        run("restore", model=self.bad_model.name)
        again(AppTest.from_file(str(PAGES / "index.py"), default_timeout=SECONDS))  # Home
        self.check_routes()

    def check_routes(self) -> None:
        """Checks what the browser fetches automatically: the data, or a sentence."""
        assert self.good_run.id in {row["name"] for row in catalog.listing()}
        for name in (self.bad_run.id, self.bad_model.name):
            with contextlib.suppress(UserError):
                gallery.pack(name, library.load(name), None)
        for path in self.bad_run.snapshots():
            with contextlib.suppress(UserError):
                epochs.pack(snapshots.read(path), self.bad_run.config)


def options(app: AppTest, key: str) -> str:
    """The labels that this list offers."""
    return "; ".join(app.selectbox(key=key).options)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    return Server(tmp_path)


def test_random_damage(server: Server) -> None:
    draw = random.Random(SEED)
    for paths in server.files:
        contents = [path.read_bytes() for path in paths]
        for _ in range(EACH):
            for path, content in zip(paths, contents, strict=True):
                path.write_bytes(draw.choice(DAMAGES)(draw, content))
            try:
                server.check()
            except Exception as error:
                found = {path.name: path.read_bytes()[:300] for path in paths}
                raise AssertionError(found) from error
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)


def test_files_that_are_gone_and_folders_in_their_place(server: Server) -> None:
    for row in server.files:
        paths = [path for path in row if "epoch" not in path.name]
        for path in paths:
            path.rename(path.with_name("kept"))
            path.mkdir()
        if paths:
            server.check()
        for path in paths:
            path.rmdir()
            path.with_name("kept").rename(path)
