"""The worker: in this process to inject faults, else as a separate process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import waiting

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.io import locks
from aeviz.models import checkpoint, library
from aeviz.presets.autoencoders import preset
from aeviz.runs import process, queue, spawn, store, worker
from aeviz.runs.store import Run
from aeviz.training import loop, resume
from aeviz.training.state import TrainingState, begin
from tests.training.test_loop import CPU, same, trained

SECONDS = 400
"""Processes import a lot, and the machine may be busy."""


def until(condition: Callable[[], bool], run: Run) -> None:
    log = run.folder / "worker.log"
    waiting.until(condition, lambda: (run.status, log.exists() and log.read_text()), SECONDS)


def ended(run: Run) -> store.Status:
    until(lambda: run.is_over, run)
    return run.status


@pytest.fixture
def here(
    config: RunConfig, dataset: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Run]:
    """A queued run on the small bars, to be worked on in this process."""
    monkeypatch.setattr("aeviz.runs.worker.datasets.load", lambda *_: dataset)
    return lambda **changes: store.create(config.replace(**changes))


def tiny(**changes: object) -> RunConfig:
    """A VAE on the digits inside scikit-learn that trains in a moment."""
    return preset("vae").config.replace(
        **{
            "dataset": "digits",
            "network.hidden": [16],
            "bottleneck.latent_dim": 2,
            "training.device": "cpu",
            **changes,
        }
    )


# ---- in this process ---------------------------------------------------------------------------


def test_a_run_leaves_a_model_metrics_and_snapshots(
    here: Callable[..., Run], config: RunConfig, dataset: Dataset
) -> None:
    run = here()
    worker.work(run)
    status = run.status
    assert (status.phase, status.epoch, status.step, status.steps) == ("done", 3, 12, 12)
    assert status.seconds_left is None
    assert len(run.snapshots()) == 4
    epochs = [row for row in run.metrics() if "validation" in row]
    assert [(row["epoch"], row["step"]) for row in epochs] == [(1, 4), (2, 8), (3, 12)]
    assert set(epochs[0]["validation"]) == {"loss", "recon", "kl", "penalty", "mse"}
    assert epochs[0]["loss"] == pytest.approx(epochs[0]["recon"] + epochs[0]["kl"], rel=1e-5)

    info = library.find(run.id)
    assert info.card["epochs"] == 3
    assert info.card["ended"] == "done"
    loaded = checkpoint.load(info.path)
    assert same(dict(loaded.model.state_dict()), dict(trained(config, dataset).model.state_dict()))
    assert loaded.gallery is not None
    assert len(loaded.gallery.latents) == 80


def test_an_epochs_line_has_the_mean_over_its_images(
    here: Callable[..., Run], config: RunConfig, dataset: Dataset
) -> None:
    run = here()
    worker.work(run)
    state = begin(config, dataset, CPU)
    terms = [(r.terms.total.item(), r.images) for r in loop.train(state, dataset) if r.images]
    mean = sum(loss * images for loss, images in terms[:4]) / 100
    first = next(row for row in run.metrics() if "validation" in row)
    assert first["loss"] == pytest.approx(mean, rel=1e-5)


def no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_a_sentence_and_training_can_go_on_later(
    here: Callable[..., Run],
    config: RunConfig,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    run = here()
    original = getattr(os, call)
    full_from = run.folder / "snapshots" / "epoch-00002.safetensors"

    def fails(*args: object, **more: object) -> object:
        return no_space() if full_from.exists() else original(*args, **more)

    monkeypatch.setattr(os, call, fails)
    worker.work(run)
    status = run.status
    assert status.phase == "failed"
    assert "No space left on device" in status.message
    assert "free some disk space" in status.message
    assert "Traceback" not in status.message
    assert not list(run.folder.rglob("*.tmp"))

    monkeypatch.setattr(os, call, original)
    state = begin(config, dataset, CPU)
    resume.load_into(run.resume_path, state)  # the last state that was saved is whole
    assert state.epoch in (1, 2)
    assert run.can_resume
    worker.work(run)
    assert run.status.phase == "done"
    assert [row["epoch"] for row in run.metrics() if "validation" in row] == [1, 2, 3]
    kept = checkpoint.load(run.model_path).model.state_dict()
    assert same(dict(kept), dict(trained(config, dataset).model.state_dict()))


def test_where_only_the_saved_state_has_no_room_the_model_is_kept(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, state: TrainingState) -> None:
        raise UserError("resume.safetensors could not be saved.")

    monkeypatch.setattr("aeviz.runs.reporter.resume.save", fails)
    run = here()
    worker.work(run)
    assert run.status.phase == "failed"
    assert (
        run.status.message == "Training stopped at step 4: resume.safetensors could not be saved."
    )
    assert library.find(run.id).card["epochs"] == 1


def test_a_diverging_run_says_at_which_step_and_keeps_the_last_good_model(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "learning_rate", lambda _, share: 1e-4 if share < 0.5 else 1e4)
    run = here(
        **{
            "loss.reconstruction": "mse",
            "network.output": "linear",
            "training.optimizer": "sgd",
            "training.epochs": 6,
        }
    )
    worker.work(run)
    status = run.status
    assert status.phase == "failed"
    assert "Training stopped at step " in status.message
    assert "The model of epoch 3 is kept." in status.message
    loaded = checkpoint.load(run.model_path)
    state = begin(run.config, worker.datasets.load("bars"), CPU)
    resume.load_into(run.resume_path, state)
    assert state.epoch == 3
    assert same(dict(loaded.model.state_dict()), dict(state.model.state_dict()))


def test_divergence_in_the_first_epoch_leaves_no_model(here: Callable[..., Run]) -> None:
    run = here(
        **{
            "network.hidden": [],
            "network.activation": "none",
            "network.output": "linear",
            "loss.reconstruction": "mse",
            "training.optimizer": "sgd",
            "training.lr": 1e4,
        }
    )
    worker.work(run)
    assert run.status.phase == "failed"
    assert "smaller learning rate" in run.status.message
    assert not run.model_path.exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        torch.OutOfMemoryError("CUDA out of memory."),
    ],
)
def test_too_little_memory_is_a_sentence(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(worker, "begin", fails)
    run = here()
    worker.work(run)
    assert run.status.phase == "failed"
    assert "Not enough memory" in run.status.message


def test_a_bug_is_a_sentence_for_people_and_a_traceback_in_the_log(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "begin", lambda *_: 1 / 0)
    run = here()
    with pytest.raises(ZeroDivisionError):
        worker.work(run)
    assert run.status.phase == "failed"
    assert "worker.log" in run.status.message
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_stop_while_it_waits_trains_nothing(here: Callable[..., Run]) -> None:
    run = here()
    run.request_stop()
    worker.work(run)
    assert run.status.phase == "stopped"
    assert run.status.message == "Stopped before its training began."
    assert run.metrics() == []


def test_a_stop_while_it_waits_to_go_on_says_that_its_epochs_are_kept(
    here: Callable[..., Run],
) -> None:
    run = here()
    worker.work(run)
    rows = run.metrics()
    run.write_status(store.Status(epoch=run.status.epoch))
    run.request_stop()
    worker.work(run)
    assert run.status.phase == "stopped"
    assert run.status.message == "Stopped before resuming. Earlier progress is kept."
    assert run.metrics() == rows


def test_a_stop_ends_a_download(
    here: Callable[..., Run], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = here()

    def load(name: str, progress: Callable[[float, str], None]) -> Dataset:
        progress(0.1, "Downloading")
        run.request_stop()
        progress(0.2, "Downloading")
        pytest.fail("it went on")

    monkeypatch.setattr("aeviz.runs.worker.datasets.load", load)
    worker.work(run)
    assert run.status.phase == "stopped"
    assert run.status.message == "Stopped before its training began."
    assert not run.model_path.exists()


def test_a_stop_keeps_the_model_and_leaves_out_the_slow_layout(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = here()
    step = worker.Reporter.on_step

    def stop_at_six(self: worker.Reporter, result: loop.StepResult) -> None:
        step(self, result)
        if result.step == 6:
            run.request_stop()

    monkeypatch.setattr(worker.Reporter, "on_step", stop_at_six)
    worker.work(run)
    assert run.status.phase == "stopped"
    loaded = checkpoint.load(run.model_path)
    assert loaded.card["steps"] == 6
    assert loaded.gallery is not None
    assert loaded.gallery.tsne is None


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The epochs that are saved, if saving takes too much of the time after the second one."""
    monkeypatch.setattr("aeviz.runs.reporter.FIRST_EPOCHS", 2)
    monkeypatch.setattr("aeviz.runs.reporter.SHARE", 1e-9)
    saved: list[int] = []
    save = resume.save

    def noted(path: Path, state: TrainingState) -> None:
        saved.append(state.epoch)
        save(path, state)

    monkeypatch.setattr("aeviz.runs.reporter.resume.save", noted)
    return saved


def test_of_many_short_epochs_the_first_and_the_last_are_saved(
    here: Callable[..., Run], seldom: list[int]
) -> None:
    run = here(**{"training.epochs": 6})
    worker.work(run)
    assert seldom == [1, 2, 6]
    assert (run.status.phase, run.status.epoch, run.status.step) == ("done", 6, 24)
    assert [row["epoch"] for row in run.metrics() if "validation" in row] == [1, 2, 3, 4, 5, 6]


def test_a_state_that_is_sent_is_saved_as_often_as_it_can_be_sent(
    here: Callable[..., Run], seldom: list[int]
) -> None:
    run = here(**{"training.epochs": 6})
    worker.work(run, bytes_per_second=1.0)
    assert seldom == [1, 6]
    assert (run.status.phase, run.status.epoch) == ("done", 6)


def test_an_early_end_is_saved(here: Callable[..., Run], seldom: list[int]) -> None:
    run = here(**{"training.epochs": 40, "training.patience": 1, "training.lr": 0.5})
    worker.work(run)
    assert run.status.phase == "done"
    assert run.status.epoch == seldom[-1] < 40


def test_stopped_between_two_saved_epochs_it_goes_on_to_the_same_end(
    here: Callable[..., Run],
    seldom: list[int],
    config: RunConfig,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = here(**{"training.epochs": 6})
    epoch = worker.Reporter.on_epoch

    def stop_at_four(self: worker.Reporter, result: loop.StepResult) -> None:
        epoch(self, result)
        if result.epoch == 4:
            run.request_stop()

    monkeypatch.setattr(worker.Reporter, "on_epoch", stop_at_four)
    worker.work(run)
    assert (run.status.phase, run.status.epoch) == ("stopped", 2)
    assert library.find(run.id).card["epochs"] == 4
    monkeypatch.setattr(worker.Reporter, "on_epoch", epoch)
    run.withdraw_stop()
    worker.work(run)
    assert run.status.phase == "done"
    assert [row["epoch"] for row in run.metrics() if "validation" in row] == [1, 2, 3, 4, 5, 6]
    longer = config.replace(**{"training.epochs": 6})
    kept = checkpoint.load(run.model_path).model.state_dict()
    assert same(dict(kept), dict(trained(longer, dataset).model.state_dict()))


def test_a_damaged_saved_state_is_a_sentence(here: Callable[..., Run]) -> None:
    run = here()
    run.resume_path.write_bytes(b"nothing of use")
    worker.work(run)
    assert run.status.phase == "failed"
    assert "saved state is damaged" in run.status.message


def test_a_run_killed_while_it_finishes_goes_on_to_its_model(
    here: Callable[..., Run],
    config: RunConfig,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = here()
    card_and_gallery = worker.card_and_gallery

    def killed(*_: object, **__: object) -> None:
        raise SystemExit  # only a kill ends it: no later line is reached

    monkeypatch.setattr(worker, "card_and_gallery", killed)
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock, pytest.raises(SystemExit):
        worker.work(run)
    assert (run.status.phase, run.status.epoch) == ("failed", 3)
    assert not run.model_path.exists()
    assert run.can_resume

    monkeypatch.setattr(worker, "card_and_gallery", card_and_gallery)
    worker.work(run)
    assert run.status.phase == "done"
    assert [row["epoch"] for row in run.metrics() if "validation" in row] == [1, 2, 3]
    loaded = checkpoint.load(run.model_path)
    assert same(dict(loaded.model.state_dict()), dict(trained(config, dataset).model.state_dict()))
    card = loaded.card
    assert (card["epochs"], card["steps"], card["ended"]) == (3, 12, "done")
    assert card["validation"] == run.metrics()[-1]["validation"]
    assert card["images_per_second"] > 0


def test_lines_of_a_first_epoch_that_was_killed_are_forgotten(here: Callable[..., Run]) -> None:
    run = here()
    run.append_metrics({"step": 2, "epoch": 0, "loss": 77.0})
    worker.work(run)
    assert run.metrics()[-1]["step"] == 12
    assert 77.0 not in [row["loss"] for row in run.metrics()]


@pytest.mark.parametrize("moment", ["waiting", "step", "epoch", "finish"])
def test_a_removed_folder_ends_its_training_with_a_sentence_and_nothing_else(
    here: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runs_dir: Path,
    moment: str,
) -> None:
    monkeypatch.setattr("aeviz.runs.reporter.REPORT_SECONDS", 0.0)
    other, run = here(), here()
    owner, name = {
        "waiting": (queue, "_waiting"),
        "step": (worker.Reporter, "on_step"),
        "epoch": (worker.Reporter, "on_epoch"),
        "finish": (worker, "card_and_gallery"),
    }[moment]
    original = getattr(owner, name)

    def removed(*args: Any, **more: Any) -> Any:
        shutil.rmtree(run.folder, ignore_errors=True)
        return original(*args, **more)

    monkeypatch.setattr(owner, name, removed)
    worker.work(run)
    said = capsys.readouterr().err
    assert said == f"aeviz: The run {run.id} is no longer on the disk. Its training has ended.\n"
    assert [path.name for path in runs_dir.iterdir() if path.name[0] != "."] == [other.id]
    assert sorted(path.name for path in other.folder.iterdir()) == ["config.json", "status.json"]
    with pytest.raises(UserError, match="no longer on the disk"):
        spawn.resume_run(run)


def test_a_folder_that_may_only_be_read_is_a_sentence(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = here()
    step = worker.Reporter.on_step
    monkeypatch.setattr("aeviz.runs.reporter.REPORT_SECONDS", 0.0)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    def read_only_from_six(self: worker.Reporter, result: loop.StepResult) -> None:
        if result.step == 6:
            monkeypatch.setattr("tempfile.mkstemp", refused)
        step(self, result)

    monkeypatch.setattr(worker.Reporter, "on_step", read_only_from_six)
    worker.work(run)
    assert run.status.phase == "failed"
    assert run.status.message == (
        f"Training stopped at step 6: {run.folder} cannot be written (Permission denied): allow "
        "writing there and try again."
    )


def test_a_folder_that_is_not_there_is_a_sentence_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["worker", str(tmp_path / "gone")])
    with pytest.raises(SystemExit, match=r"^aeviz: The run's folder .* no longer there\.$"):
        process.main()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_done_cannot_go_on(here: Callable[..., Run]) -> None:
    run = here()
    worker.work(run)
    assert not run.can_resume
    with pytest.raises(UserError, match="nothing left"):
        spawn.resume_run(run)


# ---- as a process of its own -------------------------------------------------------------------


def test_two_runs_of_one_name_train_one_after_the_other(runs_dir: Path) -> None:
    config = tiny(name="Twice", **{"training.epochs": 2})
    first = spawn.start(config)
    second, third = spawn.start(config), spawn.start(config)
    assert len({first.id, second.id, third.id}) == 3
    third.request_stop()
    assert ended(third).phase == "stopped"
    assert third.metrics() == []
    for run in (first, second):
        status = ended(run)
        assert (status.phase, status.epoch) == ("done", 2), status
        until(lambda run=run: not run.is_alive, run)
        assert queue.place(run) is None
    names = [info.name for info in library.models() if not info.bundled]
    assert sorted(names) == sorted([first.id, second.id])
    a, b = (checkpoint.load(run.model_path).model.state_dict() for run in (first, second))
    assert same(dict(a), dict(b))


def test_a_killed_worker_is_seen_and_its_run_goes_on_to_the_same_end(runs_dir: Path) -> None:
    config = tiny(**{"training.epochs": 400})
    run = spawn.start(config)
    until(run.resume_path.exists, run)
    with pytest.raises(UserError, match="nothing left to train"):
        spawn.resume_run(run)
    os.kill(int(run.pid_path.read_text()), signal.SIGKILL)
    until(lambda: not run.is_alive, run)
    status = run.status
    assert status.phase == "failed"
    assert status.message.endswith("what it had saved is kept.")

    saved = resume_position(run)
    spawn.resume_run(run)
    until(lambda: run.status.step > saved, run)
    run.request_stop()
    status = ended(run)
    assert (status.phase, run.model_path.is_file()) == ("stopped", True), status
    steps = [row["step"] for row in run.metrics()]
    assert steps == sorted(steps)


def resume_position(run: Run) -> int:
    from aeviz.datasets import load

    state = begin(run.config, load("digits"), CPU)
    resume.load_into(run.resume_path, state)
    return state.step


def test_when_the_server_ends_the_worker_keeps_the_model_and_ends_too(runs_dir: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from aeviz.config import RunConfig; from aeviz.runs import spawn\n"
        "run = spawn.start(RunConfig.from_json(sys.argv[1])); print(run.id, flush=True)\n"
        "sys.stdin.read()"
    )  # the handler, because a shell makes background processes ignore that signal
    server = subprocess.Popen(
        [sys.executable, "-c", code, tiny(**{"training.epochs": 10_000}).to_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert server.stdout is not None
    assert server.stdin is not None
    run = store.find(server.stdout.readline().strip())
    until(lambda: run.status.step > 0, run)
    server.send_signal(signal.SIGINT)
    server.wait(30)
    status = ended(run)
    assert status.phase == "stopped", status
    until(lambda: not run.is_alive, run)
    assert library.find(run.id).card["ended"] == "stopped"
    server.stdin.close()
    server.stdout.close()


def test_a_second_worker_cannot_take_a_run(config: RunConfig, runs_dir: Path) -> None:
    run = store.create(config)
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock:
        result = subprocess.run(
            [sys.executable, "-m", "aeviz.runs.process", str(run.folder)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr == "aeviz: this run is being trained by another process.\n"
