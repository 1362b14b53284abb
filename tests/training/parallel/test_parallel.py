"""Two processes train what one process trains, and end together however one of them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import waiting

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import store, worker
from aeviz.runs.store import Run
from aeviz.training import resume
from aeviz.training.loop import StepResult
from aeviz.training.parallel import launch
from aeviz.training.parallel.fit import check, fit
from aeviz.training.parallel.group import LOST, Group, join
from aeviz.training.parallel.launch import processes
from aeviz.training.parallel.layers import Share
from aeviz.training.state import TrainingState, begin
from tests.training.test_loop import CPU, weights

PLAIN = {"bottleneck.kind": "deterministic"}
KINDS: dict[str, dict[str, Any]] = {
    "dense VAE": {"loss.warmup": 0.5},
    "conv VAE, in micro-batches": {"network.kind": "conv", "network.channels": [4, 6]},
    "residual conv VAE with batch norm": {
        "network.kind": "conv",
        "network.channels": [4, 6],
        "network.residual": 1,
        "network.norm": "batch",
    },
    "dense network with batch norm and noise": PLAIN
    | {"network.norm": "batch", "corruption.kind": "mixed", "training.augment": "crop-flip"},
    "dropout and free bits": {"network.dropout": 0.3, "loss.free_bits": 0.2},
    "mean activity": PLAIN
    | {"bottleneck.activation": "sigmoid", "loss.penalty": "kl-sparsity", "loss.weight": 2.0},
    "bf16": {"training.precision": "bf16"},
}


@pytest.fixture(scope="module")
def group() -> Iterator[Group]:
    """This process and another one, for all tests in which both survive."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with processes(2) as both:
        assert both is not None
        yield both
    torch.set_num_threads(before)


@pytest.fixture
def config(config: RunConfig) -> RunConfig:
    """The last batch of 33 images has one; SGD does not amplify rounding errors, as Adam does for
    a bias that batch norm cancels."""
    return config.replace(
        **{"training.batch_size": 33, "training.optimizer": "sgd", "training.lr": 1e-3}
    )


def trained(
    config: RunConfig, dataset: Dataset, group: Group | None, state: TrainingState | None = None
) -> tuple[TrainingState, list[float]]:
    """The state after training, and the loss of each step. One process uses the threads of both."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2 if group is None else 1)
    state = begin(config, dataset, CPU) if state is None else state
    losses: list[float] = []
    outcome = fit(
        state, dataset, lambda result: losses.append(result.terms.total.item()), group=group
    )
    torch.set_num_threads(threads)
    assert outcome.reason == "done", outcome.message
    return state, losses


def assert_close(a: TrainingState, b: TrainingState, tolerance: float = 1e-4) -> None:
    assert (a.epoch, a.step, a.images) == (b.epoch, b.step, b.images)
    assert torch.equal(a.noise.get_state(), b.noise.get_state())
    assert torch.equal(a.order.get_state(), b.order.get_state())
    for name, value in weights(b).items():
        torch.testing.assert_close(
            weights(a)[name], value, rtol=tolerance, atol=tolerance, msg=name
        )


# ---- the same training ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_train_what_one_trains(
    group: Group, config: RunConfig, dataset: Dataset, kind: str
) -> None:
    config = config.replace(**KINDS[kind])
    if config.network.norm == "batch":  # a batch of one has no variance
        config = config.replace(**{"training.batch_size": 49})
    (one, expected), (two, losses) = (trained(config, dataset, each) for each in (None, group))
    tolerance = 2e-3 if kind == "bf16" else 1e-5
    assert losses == pytest.approx(expected, rel=tolerance)
    assert_close(two, one, 5 * tolerance)


def test_shares_cover_a_batch_and_differ_by_one_image() -> None:
    shares = [Share.of(11, rank, 3) for rank in range(3)]
    assert [list(range(11))[share.rows] for share in shares] == [
        [0, 1, 2],
        [3, 4, 5, 6],
        [7, 8, 9, 10],
    ]
    assert [share.weight for share in shares] == pytest.approx([3 / 11, 4 / 11, 4 / 11])


def test_fewer_images_than_processes_are_computed_by_all() -> None:
    shares = [Share.of(2, rank, 3) for rank in range(3)]
    assert [share.rows for share in shares] == [slice(0, 2)] * 3
    assert sum(share.weight for share in shares) == pytest.approx(1)


@pytest.mark.parametrize("first", [1, 2])
def test_another_number_of_processes_resumes(
    group: Group, config: RunConfig, dataset: Dataset, tmp_path: Path, first: int
) -> None:
    config = config.replace(**{"training.optimizer": "adam"})
    expected, _ = trained(config, dataset, None)
    before, after = (None, group) if first == 1 else (group, None)
    short, _ = trained(config.replace(**{"training.epochs": 1}), dataset, before)
    resume.save(tmp_path / "resume.safetensors", short)
    state = begin(config, dataset, CPU)
    resume.load_into(tmp_path / "resume.safetensors", state)
    trained(config, dataset, after, state)
    assert_close(state, expected)


# ---- ends --------------------------------------------------------------------------------------


def test_a_stop_ends_both_after_the_same_step(
    group: Group, config: RunConfig, dataset: Dataset
) -> None:
    state, steps = begin(config, dataset, CPU), []
    outcome = fit(
        state,
        dataset,
        lambda r: steps.append(r.step),
        should_stop=lambda: len(steps) == 2,
        group=group,
    )
    assert (outcome.reason, outcome.steps) == ("stopped", 3)
    trained(config, dataset, group)  # the other process is ready for this one


def test_both_diverge(group: Group, config: RunConfig, dataset: Dataset) -> None:
    wild = config.replace(**{"training.lr": 1e4})
    assert fit(begin(wild, dataset, CPU), dataset, group=group).reason == "diverged"
    trained(config, dataset, group)


def test_patience_ends_both(group: Group, config: RunConfig, dataset: Dataset) -> None:
    stuck = config.replace(**{"training.lr": 1e-8, "training.patience": 1, "training.epochs": 9})
    one, two = (fit(begin(stuck, dataset, CPU), dataset, group=each) for each in (None, group))
    assert (two.reason, two.epochs, two.best_epoch) == (one.reason, one.epochs, one.best_epoch)
    trained(config, dataset, group)


def test_a_full_disk_ends_both(group: Group, config: RunConfig, dataset: Dataset) -> None:
    def full(result: StepResult) -> None:
        raise UserError("The disk is full.")

    outcome = fit(begin(config, dataset, CPU), dataset, full, group=group)
    assert (outcome.reason, outcome.message) == (
        "failed",
        "Training stopped at step 1: The disk is full.",
    )
    trained(config, dataset, group)


def test_a_training_that_cannot_be_divided_is_refused(config: RunConfig) -> None:
    contractive = config.replace(**PLAIN, **{"loss.penalty": "contractive"})
    check(contractive, CPU)
    with pytest.raises(UserError, match="use no dropout"):
        check(contractive.replace(**{"network.dropout": 0.1}), CPU)
    with pytest.raises(UserError, match="choose another device"):
        check(config, torch.device("mps"))
    for preset in PRESETS.values():
        check(preset.config, CPU)


def test_a_group_needs_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(UserError, match="MASTER_PORT"):
        join()


# ---- processes that fail -------------------------------------------------------------------------

SHORT_OF_MEMORY = """
from aeviz.training.parallel import engine, fit, group
forward = engine._ParallelEngine.forward
def limited(self, x, *rest):
    if len(x) > 20:
        raise MemoryError
    return forward(self, x, *rest)
engine._ParallelEngine.forward = limited
fit.follow(group.join())
"""


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started."""
    started: list[subprocess.Popen[bytes]] = []
    child = launch._child

    def recorded(*args: int) -> subprocess.Popen[bytes]:
        started.append(child(*args))
        return started[-1]

    monkeypatch.setattr(launch, "_child", recorded)
    return started


@pytest.fixture
def here(
    config: RunConfig, dataset: Dataset, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Run]:
    """A queued run on the small bars, to be worked on in this process."""
    monkeypatch.setattr("aeviz.runs.worker.datasets.load", lambda *_: dataset)
    return lambda **changes: store.create(config.replace(**changes))


def test_a_killed_process_ends_the_run_which_resumes_without_it(
    here: Callable[..., Run],
    children: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = here()
    on_step = worker.Reporter.on_step

    def kill(self: worker.Reporter, result: StepResult) -> None:
        on_step(self, result)
        if result.step == 6:  # in the second epoch
            os.kill(children[0].pid, signal.SIGKILL)

    with monkeypatch.context() as patch, processes(2) as group:
        patch.setattr(worker.Reporter, "on_step", kill)
        worker.work(run, group=group)
    assert (run.status.phase, run.status.epoch) == ("failed", 1)
    assert run.status.message == f"Training stopped at step 6: {LOST}"
    worker.work(run)
    assert (run.status.phase, run.status.epoch) == ("done", 3)


def test_a_process_short_of_memory_halves_the_batches_of_both(
    here: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, dataset: Dataset
) -> None:
    def child(*args: int) -> subprocess.Popen[bytes]:
        return original(*args, ["-c", SHORT_OF_MEMORY])

    original = launch._child
    monkeypatch.setattr(launch, "_child", child)
    run = here(**{"training.batch_size": 32, "training.optimizer": "adam"})
    with processes(2) as group:
        worker.work(run, group=group)
    assert run.status.phase == "done", run.status.message
    assert run.status.note == "Not enough memory for a batch size of 32; training with 16."


def test_a_group_ends_with_its_leader() -> None:
    code = """if True:
        import os
        from aeviz.training.parallel import launch
        child = launch._child
        def shown(*args):
            started = child(*args)
            print(started.pid, flush=True)
            return started
        launch._child = shown
        with launch.processes(2) as group:
            group.send_order({})
            try:
                group.connect("cpu")
            except launch.UserError:  # of the other process, which waits for a better order now
                os._exit(1)
    """
    # its output is open until the other process has ended, too
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    waiting.until(lambda: not Path(f"/proc/{int(done.stdout)}").exists())
