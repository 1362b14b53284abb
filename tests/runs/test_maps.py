"""Latent maps after a training: requested, computed, cancelled; and in a separate process."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import encode_all
from aeviz.identity import Person
from aeviz.io import atomic, locks, machine
from aeviz.latent.layouts import Cancelled
from aeviz.models import checkpoint
from aeviz.runs import manage, maps, spawn, store, worker
from aeviz.runs.store import Run
from aeviz.training import finish
from tests.runs.test_worker import tiny, until

NEVER = bool  # bool() is False
Layout = Callable[..., Any]


@pytest.fixture
def trained(
    config: RunConfig, dataset: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Run]:
    """Runs on the small bars whose training is over."""
    monkeypatch.setattr("aeviz.runs.worker.datasets.load", lambda *_: dataset)

    def train(**changes: object) -> Run:
        run = store.create(config.replace(**changes))
        worker.work(run)
        assert run.status.phase == "done"
        return run

    return train


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Tensor]]:
    """The calls of a stand-in for the layouts, which have their own tests."""
    seen: list[tuple[str, Tensor]] = []

    def layout(name: str, z: Tensor, *_: Any, cancelled: Callable[[], bool], **__: Any) -> Any:
        if cancelled():
            raise Cancelled
        seen.append((name, z))
        return z[:, :2].numpy() + len(name)

    monkeypatch.setattr(finish, "cached", layout)
    return seen


def galleries(run: Run) -> tuple[Any, dict[str, Any]]:
    loaded = checkpoint.load(run.model_path)
    return loaded.gallery, loaded.card


def contents(path: Path) -> dict[str, Any]:
    """The content of a model file, in any order."""
    with safe_open(path, framework="pt") as file:
        named = {key: file.get_tensor(key).numpy().tobytes() for key in file.keys()}  # noqa: SIM118
        return named | file.metadata() | {"sha256": "", "card": json.loads(file.metadata()["card"])}


def test_a_run_is_done_with_a_whole_model_before_its_maps_are_laid_out(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]]
) -> None:
    run = trained()
    gallery, card = galleries(run)
    assert maps.is_requested(run)
    assert (gallery.tsne, gallery.umap, drawn) == (None, None, [])
    assert card["ended"] == "done"


def test_laid_out_the_file_is_as_if_it_had_been_finished_in_one_go(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]], dataset: Dataset, tmp_path: Path
) -> None:
    run = trained()
    before = checkpoint.load(run.model_path)
    maps.work(NEVER)
    assert not maps.is_requested(run)
    codes, _ = encode_all(before.model, finish.held_out(dataset, 80))
    assert [name for name, _ in drawn] == ["tsne", "umap"]
    assert all(torch.equal(z, codes) for _, z in drawn)  # not those that the file has rounded
    path = tmp_path / "at-once.safetensors"
    finish.finish(before.model, dataset, before.card, path, lambda *_: None)
    assert contents(run.model_path) == contents(path)


def test_codes_of_two_numbers_ask_for_no_map(trained: Callable[..., Run]) -> None:
    assert not maps.is_requested(trained(**{"bottleneck.latent_dim": 2}))


def test_a_disk_without_room_for_the_codes_keeps_the_model(
    trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = atomic.write_bytes

    def full(path: Path, *rest: Any, **more: Any) -> None:
        if path.name == maps.FILE:
            raise UserError("No space left on device")
        write(path, *rest, **more)

    monkeypatch.setattr(atomic, "write_bytes", full)
    run = trained()
    assert run.model_path.is_file()
    assert not maps.is_requested(run)


def test_all_that_wait_are_laid_out_oldest_first_and_one_that_fails_stops_no_other(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, broken, last = trained(), trained(), trained()
    os.utime(first.folder / maps.FILE, (3, 3))
    os.utime(broken.folder / maps.FILE, (2, 2))
    os.utime(last.folder / maps.FILE, (1, 1))
    broken.model_path.write_bytes(b"nothing of use")
    order: list[str] = []
    lay_out = maps.lay_out

    def noted(run: Run, *rest: Any) -> None:
        order.append(run.id)
        lay_out(run, *rest)

    monkeypatch.setattr(maps, "lay_out", noted)
    maps.work(NEVER)
    assert order == [last.id, broken.id, first.id]
    assert not any(map(maps.is_requested, (first, broken, last)))
    assert galleries(first)[0].umap is not None


def test_a_kill_between_two_maps_keeps_the_first_and_the_next_process_adds_the_second(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained()
    layout = finish.cached

    def killed(name: str, *rest: Any, **more: Any) -> Any:
        if name == "umap":
            raise SystemExit  # only a kill ends it
        return layout(name, *rest, **more)

    monkeypatch.setattr(finish, "cached", killed)
    with pytest.raises(SystemExit):
        maps.work(NEVER)
    gallery, card = galleries(run)
    assert maps.is_requested(run)
    assert gallery.tsne is not None
    assert gallery.umap is None
    assert card["trustworthiness"].keys() == {"pca", "tsne"}

    monkeypatch.setattr(finish, "cached", layout)
    maps.work(NEVER)
    gallery, card = galleries(run)
    assert gallery.umap is not None
    assert card["trustworthiness"].keys() == {"pca", "tsne", "umap"}
    assert [name for name, _ in drawn] == ["tsne", "umap"]  # each once


def test_who_trains_a_run_longer_does_not_wait_for_its_maps(
    trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained()
    held = []

    def layout(name: str, z: Tensor, *_: Any, cancelled: Callable[[], bool], **__: Any) -> Any:
        held.append(locks.take(run.pid_path))  # like a server that starts its worker
        assert held[0] is not None, "the run can be taken while it is laid out"
        assert cancelled()
        raise Cancelled

    monkeypatch.setattr(finish, "cached", layout)
    maps.work(NEVER)
    assert maps.is_requested(run)  # the next process does it, when the training is over
    assert galleries(run)[0].tsne is None
    held[0].close()


def test_maps_of_an_earlier_training_are_not_written_over_a_later_one(
    trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained()
    later: list[bytes] = []

    def layout(name: str, z: Tensor, *_: Any, **__: Any) -> Any:
        """The whole later training happens during the layout."""
        if not later:
            run.write_status(store.Status("stopped"))
            worker.work(run)
            later.append(run.model_path.read_bytes())
        return np.zeros((len(z), 2), np.float32)

    monkeypatch.setattr(finish, "cached", layout)
    slot = locks.take(run.folder / "slot")
    assert slot is not None
    with slot:
        maps.lay_out(run, slot, NEVER)
    assert run.model_path.read_bytes() == later[0]
    assert maps.is_requested(run)


def test_a_run_that_is_deleted_while_it_is_laid_out_stays_deleted(
    trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, runs_dir: Path
) -> None:
    run = trained()

    def layout(name: str, z: Tensor, *_: Any, cancelled: Callable[[], bool], **__: Any) -> Any:
        manage.remove(run, Person(local=True))
        assert cancelled()
        raise Cancelled

    monkeypatch.setattr(finish, "cached", layout)
    maps.work(NEVER)
    assert not list(runs_dir.glob("*"))[1:], "only the queue's folder is left"


def test_the_maps_of_a_folder_that_vanishes_are_forgotten(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]]
) -> None:
    run, other = trained(), trained()
    os.utime(run.folder / maps.FILE, (1, 1))
    shutil.rmtree(run.folder / "snapshots")
    run.model_path.unlink()
    maps.work(NEVER)
    assert not maps.is_requested(other)


def test_one_process_at_a_time_lays_out_and_says_how_far_it_is(
    trained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    run = trained()
    shares: list[float | None] = []

    def layout(name: str, z: Tensor, *_: Any, progress: Callable[[float], None], **__: Any) -> Any:
        progress(0.5)
        shares.append(maps.share_done(run))
        maps.work(NEVER)  # a second process, which ends at once
        return np.zeros((len(z), 2), np.float32)

    monkeypatch.setattr(finish, "cached", layout)
    assert maps.share_done(run) is None
    maps.work(NEVER)
    assert shares == [0.5, 0.825]
    assert maps.share_done(run) is None


def test_who_is_told_to_stop_leaves_the_maps_to_others(
    trained: Callable[..., Run], drawn: list[tuple[str, Tensor]]
) -> None:
    run = trained()
    maps.work(lambda: True)
    assert maps.is_requested(run)
    assert drawn == []


# ---- as a process of its own -------------------------------------------------------------------


def test_a_worker_gives_its_slot_back_lays_out_and_may_be_killed(runs_dir: Path) -> None:
    run = spawn.start(tiny(**{"bottleneck.latent_dim": 3, "training.epochs": 1}))
    pid = int(run.pid_path.read_text())
    until(lambda: maps.share_done(run) is not None, run)
    assert run.status.phase == "done"
    assert not run.is_alive
    assert not locks.held(runs_dir / ".queue" / "slot-0")
    os.kill(pid, signal.SIGKILL)  # the worker's process itself
    until(lambda: maps.share_done(run) is None, run)
    assert checkpoint.load(run.model_path).card["epochs"] == 1
    assert maps.is_requested(run)

    maps.start()
    until(lambda: maps.share_done(run) is not None, run)
    manage.remove(run, Person(local=True))
    until(lambda: not locks.held(runs_dir / ".queue" / "map-0"), run)
    assert store.runs() == []
