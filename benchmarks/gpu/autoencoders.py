"""Further training of bundled autoencoders, side by side in processes.

The CPU takes longer to start a step of one of them than a large GPU takes to compute it, so six of
them share the GPU. Each trains for as many epochs as fit into its time, at the speed measured while
the others run, so that its learning-rate schedule is completed. Models are compared by their
validation loss.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch

from aeviz.cli.terminal import say
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.disentanglement import mig
from aeviz.evaluation.evaluate import encode_all
from aeviz.evaluation.validation import validate
from aeviz.models import checkpoint
from aeviz.nn.networks import count_parameters
from aeviz.presets.autoencoders import PRESETS
from aeviz.training.loop import train
from aeviz.training.state import begin, steps_per_epoch
from benchmarks.gpu.clock import Share
from benchmarks.gpu.session import Session
from benchmarks.gpu.sources import Sources

VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "vae-fashion-mnist": (
        {"training.augment": "shift-flip", "training.batch_size": 256, "training.lr": 4e-3},
        {"training.weight_decay": 0.1, "training.batch_size": 256, "training.lr": 4e-3},
    ),
    "vae-mnist": (
        {"training.augment": "shift", "training.batch_size": 256, "training.lr": 2e-3},
        {"training.weight_decay": 0.1, "training.batch_size": 256, "training.lr": 2e-3},
    ),
    "vae-mnist-2d": (
        {"training.augment": "shift"},
        {"training.weight_decay": 0.1},
    ),
}
"""Changes to the bundled configuration that are tried, each with as many epochs as fit. The network
and the size of the file stay the same."""

DATASETS = {
    "vae-fashion-mnist": "fashion-mnist",
    "vae-mnist": "mnist",
    "vae-mnist-2d": "mnist",
    "beta-vae-shapes": "shapes-colour",
}
BETA = "beta-vae-shapes"
VARIANTS_SHARE = 0.7
"""Share of the time; the rest is for the grid of beta and seeds."""

FINISH_SECONDS = 5.0
"""Seconds from the last step of a training to its file."""
_PROBE_STEPS = 30
_MARGIN = 0.85  # of the time, because others may start meanwhile


@dataclass(frozen=True)
class Job:
    """One training: `ends` is a time as of `time.time`, `most_epochs` the number that suffices."""

    name: str
    config: RunConfig
    sources: Sources
    device: str
    ends: float
    most_epochs: int
    fixed: bool = False


class Done(NamedTuple):
    """A model's file, and its metrics on the validation images."""

    data: bytes
    figures: dict[str, Any]


def train_autoencoders(session: Session, share: Share, pool: Pool) -> None:
    """Trains the variants of each model, and writes each one that is the best so far. A variant
    that an earlier session finished is not repeated."""
    for job, done in pool.run(list(jobs(session, share)), share):
        figures = {"changes": _changes(job), **done.figures}
        rows = _rows(session, job.name)
        if all(figures["score"] > row["score"] for row in rows):
            session.models.put(job.name, done.data)
        session.report.put(f"autoencoder {job.name}", [*rows, figures])
        say(f"{job.name}: {figures}")


def jobs(session: Session, share: Share) -> Iterator[Job]:
    """The remaining trainings, in order of importance: the variants, then the grid of beta and
    seeds. Variants that cannot train side by side share the time."""
    left = share.left()
    wanted = [job for job in _variants(session) if _is_wanted(session, job)]
    at_once = max(1, session.sizes.workers)
    for number, job in enumerate(wanted):
        done = (number // at_once + 1) / -(-len(wanted) // at_once)
        yield replace(job, ends=time.time() + VARIANTS_SHARE * left * done)
    ends = time.time() + left - min(FINISH_SECONDS, left / 5)
    yield from (replace(job, ends=ends) for job in _grid(session) if _is_wanted(session, job))


def _rows(session: Session, name: str) -> list[dict[str, Any]]:
    return list(session.report.rows.get(f"autoencoder {name}", []))


def _is_wanted(session: Session, job: Job) -> bool:
    """Whether its data set is available and no earlier session has finished it."""
    rows = _rows(session, job.name)
    known = any(row["changes"] == _changes(job) and row["finished"] for row in rows)
    return not known and session.sources.has(job.config.dataset)


def _variants(session: Session) -> Iterator[Job]:
    for number in range(max(map(len, VARIANTS.values()))):
        for name, variants in VARIANTS.items():
            if number < len(variants):
                config = configured(session, name).replace(**variants[number])
                yield _job(session, name, config)


def _grid(session: Session) -> Iterator[Job]:
    sizes, known = session.sizes, configured(session, BETA)
    for seed in range(sizes.beta_seeds):
        for beta in sizes.betas:
            changes = {
                "loss.beta": beta,
                "loss.beta_start": max(6.0, beta),
                "training.seed": seed,
                "training.epochs": max(1, sizes.beta_steps // 125),
            }
            yield replace(_job(session, BETA, known.replace(**changes)), fixed=True)


def _job(session: Session, name: str, config: RunConfig) -> Job:
    device, most = str(session.device), session.sizes.most_epochs
    return Job(name, config, session.sources, device, 0.0, most)


def configured(session: Session, name: str) -> RunConfig:
    """The bundled model's configuration; a small VAE of its preset if there is no bundled one."""
    file = session.bundled_file(name)
    if file is not None and not session.sizes.image_network:
        config = checkpoint.read_summary(file).config
    else:
        preset = PRESETS["beta-vae" if name == BETA else "vae"].config
        changes = {"network.kind": "conv", "network.norm": "none", "dataset": DATASETS[name]}
        config = preset.replace(**(changes | session.sizes.image_network))
    return config.replace(name=name)


def train_job(job: Job) -> Done | None:
    """Trains one model; returns None if there was no time to begin."""
    if time.time() >= job.ends:
        return None
    device = torch.device(job.device)
    dataset = job.sources.load(job.config.dataset)
    config = job.config if job.fixed else sized(job, dataset, device)
    state = begin(config, dataset, device)
    began = time.time()
    for result in train(state, dataset):
        if result.validation is None and time.time() >= job.ends:
            break
    seconds = time.time() - began
    finished = state.epoch >= config.training.epochs
    model = state.model.half().float().eval()  # rounded as in the file
    figures = validate(model, dataset.validation)
    history = {"epochs": state.epoch, "steps": state.step, "seconds": round(seconds, 1)}
    score = -figures["loss"]
    if job.name == BETA:
        score = _gap(state.model, dataset)
    card = history | {
        "dataset": dataset.name,
        "dataset_title": dataset.title,
        "dataset_sha256": dataset.sha256,
        "parameters": count_parameters(model),
        "precision": state.precision,
        "ended": "done" if finished else "stopped",
        "validation": figures,
    }
    data = checkpoint.to_bytes(model, card, None, half=True)
    rounded = {key: round(value, 4) for key, value in figures.items()}
    return Done(data, {"score": round(score, 4), "finished": finished, **history, **rounded})


def sized(job: Job, dataset: Dataset, device: torch.device) -> RunConfig:
    """The job's configuration with as many epochs as fit into its time, by the speed of a few
    steps."""
    state = begin(job.config, dataset, device)
    steps = train(state, dataset)
    per_epoch = steps_per_epoch(len(dataset.train), job.config.training)
    probe = min(_PROBE_STEPS, per_epoch - 1)
    began = 0.0
    for number in range(probe + 1):
        if number == probe // 3:  # the first ones are slower
            _wait(device)
            began = time.time()
        next(steps)
    _wait(device)
    per_step = (time.time() - began) / max(1, probe + 1 - probe // 3)
    left = _MARGIN * (job.ends - time.time())
    epochs = int(left / max(per_step * per_epoch, 1e-6))
    return job.config.replace(**{"training.epochs": min(max(epochs, 1), job.most_epochs)})


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _gap(model: Any, dataset: Dataset) -> float:
    factors = dataset.validation.factors
    assert factors is not None
    codes = encode_all(model, dataset.validation)[0]
    return mig(codes, factors)


def _changes(job: Job) -> dict[str, Any]:
    training, loss = job.config.training, job.config.loss
    if job.name == BETA:
        return {"beta": loss.beta, "seed": training.seed}
    return {"augment": training.augment, "weight_decay": training.weight_decay}


class Pool:
    """Processes that train side by side, started early so that they are ready when needed. With no
    workers, trainings run one after another in this process."""

    def __init__(self, workers: int, sources: Sources, device: torch.device) -> None:
        self._workers, self._sources, self._device = workers, sources, device
        self._pool: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """Starts the processes, which read their data during other parts of the session."""
        if self._workers:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, spawn, initializer=_prepare)
            for _ in range(self._workers):
                self._pool.submit(_ready, self._sources, str(self._device))

    def run(self, jobs: list[Job], share: Share) -> Iterator[tuple[Job, Done]]:
        """Yields each job as soon as it is done. Jobs that have not begun when the time is over are
        skipped."""
        if self._pool is None:
            for job in jobs:
                done = None if share.over else train_job(job)
                if done is not None:
                    yield job, done
            return
        futures: dict[Future[Done | None], Job] = {
            self._pool.submit(train_job, job): job for job in jobs
        }
        pending = set(futures)
        while pending and not share.over:
            finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                done = _result(future, futures[future])
                if done is not None:
                    yield futures[future], done

    def stop(self) -> None:
        """Ends the processes without waiting for them."""
        if self._pool is None:
            return
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _result(future: Future[Done | None], job: Job) -> Done | None:
    try:
        return future.result()
    except Exception as error:  # a failed job does not end the others
        say(f"{job.name} failed: {error}")
        return None


def _prepare() -> None:
    """Initializes a process of the pool: it ignores interrupts, which its parent handles, and uses
    one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _ready(sources: Sources, device: str) -> None:
    """Reads the data and initializes the GPU, before there is anything to train."""
    for name in sorted(set(DATASETS.values())):
        if sources.has(name):
            sources.load(name)
    torch.zeros(1, device=device)
