"""Autoencoders in a session: as many epochs as fit, the best variant kept."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aeviz.models import checkpoint
from aeviz.nn.model import Autoencoder
from benchmarks.gpu import autoencoders
from benchmarks.gpu.autoencoders import (
    BETA,
    DATASETS,
    VARIANTS,
    Done,
    Job,
    Pool,
    configured,
    jobs,
    sized,
    train_autoencoders,
    train_job,
)
from tests.gpu.small_session import small_session

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]


def test_variants_come_first_and_then_every_beta_and_seed(tmp_path: Path) -> None:
    session = small_session(tmp_path, beta_seeds=5, betas=(0.5, 1.0, 2.0, 8.0))
    found = list(jobs(session, session.clock.share(50)))
    first = sum(map(len, VARIANTS.values()))
    assert {job.name for job in found[:first]} == set(VARIANTS)
    grid = {(job.config.loss.beta, job.config.training.seed) for job in found[first:]}
    assert len(grid) == 20
    assert {job.name for job in found[first:]} == {BETA}
    assert all(job.ends < time.time() + 50 for job in found)


def test_a_variant_has_the_network_of_the_bundled_model(tmp_path: Path) -> None:
    session = small_session(tmp_path, image_network={})
    session.bundled = ROOT / "checkpoints"
    for name in DATASETS:
        known = checkpoint.read_summary(ROOT / "checkpoints" / f"{name}.safetensors").config
        assert configured(session, name) == known
        for changes in VARIANTS.get(name, ()):
            assert known.replace(**changes).network == known.network


def job(tmp_path: Path, seconds: float = 30, **changes: object) -> Job:
    session = small_session(tmp_path)
    found = next(iter(jobs(session, session.clock.share(50))))
    return replace(found, ends=time.time() + seconds, **changes)


def test_as_many_epochs_are_trained_as_fit_the_time(tmp_path: Path) -> None:
    one = job(tmp_path, 2, most_epochs=10_000)
    dataset = one.sources.load("mnist")
    short, long = (
        sized(replace(one, ends=time.time() + seconds), dataset, CPU).training.epochs
        for seconds in (1, 8)
    )
    assert 1 <= short < long
    assert sized(replace(one, most_epochs=3), dataset, CPU).training.epochs <= 3


def test_a_job_without_time_is_left_out_and_a_late_one_stops(tmp_path: Path) -> None:
    assert train_job(job(tmp_path, -1)) is None
    config = job(tmp_path).config.replace(**{"training.epochs": 10_000})
    done = train_job(job(tmp_path, 1, config=config, fixed=True))
    assert done is not None
    assert not done.figures["finished"]
    assert done.figures["seconds"] < 5


def test_a_job_leaves_a_model_with_the_figures_it_was_measured_at(tmp_path: Path) -> None:
    done = train_job(job(tmp_path))
    assert done is not None
    (tmp_path / "file.safetensors").write_bytes(done.data)
    loaded = checkpoint.load(tmp_path / "file.safetensors")
    assert isinstance(loaded.model, Autoencoder)
    assert loaded.card["validation"]["loss"] == pytest.approx(-done.figures["score"], abs=1e-3)
    assert loaded.config.training.epochs == done.figures["epochs"]


def test_the_best_of_the_variants_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = small_session(tmp_path)
    scores = {"vae-mnist": iter([-100.0, -90.0]), "vae-fashion-mnist": iter([-200.0, -230.0])}

    def train(one: Job) -> Done | None:
        if one.name not in scores:
            return None
        score = next(scores[one.name])
        return Done(str(score).encode(), {"score": score})

    monkeypatch.setattr(autoencoders, "train_job", train)
    train_autoencoders(session, session.clock.share(30), Pool(0, session.sources, CPU))
    for name, kept in (("vae-mnist", b"-90.0"), ("vae-fashion-mnist", b"-200.0")):
        session.models.write(name, tmp_path / name)
        assert (tmp_path / name).read_bytes() == kept
    assert len(session.report.rows["autoencoder vae-mnist"]) == 2


def test_nothing_is_begun_when_the_time_is_over(tmp_path: Path) -> None:
    session = small_session(tmp_path)
    session.clock.stop()
    share = session.clock.share(30)
    assert list(Pool(0, session.sources, CPU).run([job(tmp_path)], share)) == []


def test_a_process_trains_and_answers_with_a_model(tmp_path: Path) -> None:
    session = small_session(tmp_path)
    pool = Pool(1, session.sources, CPU)
    pool.start()
    try:
        one = job(tmp_path, 60)
        ((found, done),) = pool.run([one], session.clock.share(60))
    finally:
        pool.stop()
    assert found is one
    assert done.figures["finished"]
    assert len(done.data) > 1000


def test_variants_that_cannot_train_side_by_side_share_the_time(tmp_path: Path) -> None:
    def ends(workers: int) -> list[float]:
        session = small_session(tmp_path, workers=workers)
        found = list(jobs(session, session.clock.share(50)))
        return [one.ends - time.time() for one in found if one.name in VARIANTS]

    assert ends(6) == pytest.approx([35.0] * 6, abs=1)
    assert ends(0) == pytest.approx([35 * (i + 1) / 6 for i in range(6)], abs=1)


def test_what_an_earlier_session_finished_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session(tmp_path)
    ran: list[Job] = []

    def train(one: Job) -> Done:
        ran.append(one)
        return Done(b"model", {"score": -1.0, "finished": len(ran) != 2})

    monkeypatch.setattr(autoencoders, "train_job", train)
    pool = Pool(0, session.sources, CPU)
    train_autoencoders(session, session.clock.share(30), pool)
    unfinished = ran[1]
    ran.clear()
    later = small_session(tmp_path)
    train_autoencoders(later, later.clock.share(30), pool)
    assert [one.config for one in ran] == [unfinished.config]
