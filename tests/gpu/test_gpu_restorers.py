"""Stages of a restorer's training: the best weights are kept, and an interrupted stage resumes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from aeviz.degradations import DEGRADATIONS, marks
from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from aeviz.training.restorers import begin, draw
from aeviz.training.squares import Squares
from benchmarks.gpu import held_out, resume
from benchmarks.gpu.learner import Learner
from benchmarks.gpu.restorers import (
    FOUNDATION,
    SHARES,
    Ahead,
    Stage,
    config_of,
    every_kind,
    flops_per_square,
    train_restorers,
)
from benchmarks.gpu.session import Session
from benchmarks.gpu.sources import drawn_photos
from tests.gpu.small_session import small_session

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _few_marks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(marks, "STENCILS", 4)
    marks.stencils.cache_clear()
    yield
    marks.stencils.cache_clear()


def started(session: Session) -> Ahead:
    ahead = Ahead(session)
    ahead.start()
    return ahead


def squares() -> Squares:
    return Squares(drawn_photos().train, 32, CPU)


def learner(session: Session, seed: int = 0) -> Learner:
    shown, chance = squares(), torch.Generator().manual_seed(seed)
    model = begin(config_of("restore-jpeg", session), None, CPU)
    return Learner(model, lambda: draw(shown, 4, "jpeg", chance), 1.0, "fp32")


def test_shares_are_of_the_whole() -> None:
    assert math.isclose(sum(SHARES.values()), 1)
    assert next(iter(SHARES)) == FOUNDATION


def test_a_foundation_sees_all_degradations_alike() -> None:
    batch = every_kind(squares(), 16, torch.Generator().manual_seed(0))
    assert batch.x.shape == batch.x_in.shape == (16, 3, 32, 32)
    assert batch.conditioning.shape == batch.where.shape == (16, 1, 32, 32)
    holes = 2 * list(DEGRADATIONS).index("holes")
    assert torch.equal(batch.where[holes], batch.conditioning[holes])  # nothing outside counts
    assert batch.where[:holes].min() == 1  # all counts where marks are


def test_the_average_follows_the_weights(tmp_path: Path) -> None:
    one = learner(small_session(tmp_path))
    start = one.model.head.weight.detach().clone()
    one.step(1e-2)
    after, average = one.model.head.weight.detach(), one.average.head.weight
    assert not torch.equal(after, start)
    assert torch.allclose(average, start + 0.9 * (after - start), atol=1e-6)
    assert one.mean_loss() != 0
    assert one.mean_loss() == 0


def test_a_learner_goes_on_from_its_state_as_if_never_interrupted(tmp_path: Path) -> None:
    session = small_session(tmp_path)
    whole, first, second = (learner(session) for _ in range(3))
    for one in (whole, first):
        for _ in range(3):
            one.step(1e-2)
    second.restore(first.state(), first.steps)
    second._draw = first._draw
    for one in (whole, second):
        one.step(1e-2)
    assert torch.equal(whole.model.head.weight, second.model.head.weight)
    assert torch.equal(whole.average.tail.weight, second.average.tail.weight)


class Same(Restorer):
    """Returns its input."""

    def restore(self, x: torch.Tensor, known: torch.Tensor | None = None) -> torch.Tensor:
        return x


@pytest.mark.parametrize("kind", ["noise", "holes", "x2", "jpeg"])
def test_a_score_is_the_psnr_of_what_counts(kind: str, tmp_path: Path) -> None:
    photos = drawn_photos(12, 48, 64).train[:3]
    some = held_out.cases(kind, photos, CPU)
    model = Same(config_of("restore-jpeg", small_session(tmp_path)))
    found = []
    for case in some:
        for x, x_in, where in zip(case.x, case.x_in, case.where, strict=True):
            error = (x - x_in).numpy() ** 2
            if kind == "holes":
                error = error[:, where[0].numpy() > 0]
            if kind == "x2":
                luma = np.tensordot([0.299, 0.587, 0.114], (x - x_in).numpy(), 1)
                error = luma[2:-2, 2:-2] ** 2
            found.append(-10 * np.log10(error.mean()))
    assert held_out.score(model, some, "fp32") == pytest.approx(np.mean(found), abs=0.01)


def test_a_denoiser_is_scored_with_an_estimate_of_the_noise() -> None:
    case = held_out.cases("noise", drawn_photos(12, 64, 64).train[:2], CPU)[0]
    assert case.known.flatten(1).std(1).max() < 1e-6
    assert (case.known[:, 0, 0, 0] * 255 - case.trial.amount).abs().max() > 0.01


def test_only_what_is_better_than_the_start_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session(tmp_path)
    ahead = started(session)
    stage = Stage(session, ahead, "restore-jpeg", None)
    scores = iter([5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    monkeypatch.setattr(held_out, "score", lambda *args: next(scores, -1.0))
    start = stage.learner.model.tail.weight.detach().clone()
    model = stage.run(session.clock.share(0.5))
    assert "restore-jpeg" not in session.models
    assert torch.equal(model.tail.weight, start)
    ahead.stop()


def test_a_stage_leaves_a_model_file_that_is_better(tmp_path: Path) -> None:
    session = small_session(tmp_path, most_steps=1000)
    ahead = started(session)
    stage = Stage(session, ahead, "restore-denoise", None)
    model = stage.run(session.clock.share(1.5))
    row = session.report.rows["restore-denoise"]
    assert row["finished"]
    assert row["best"] > row["start"]
    assert row["best"] == pytest.approx(held_out.score(model, stage.cases), abs=0.02)
    session.models.write("restore-denoise", tmp_path / "file.safetensors")
    loaded = checkpoint.load_restorer(tmp_path / "file.safetensors")
    assert loaded.card["started_from"] == "nothing"
    assert loaded.card["steps"] <= row["steps"]
    assert held_out.score(loaded.model, stage.cases) == pytest.approx(row["best"], abs=0.05)
    ahead.stop()


def test_a_loss_that_is_no_number_goes_back_to_the_best(tmp_path: Path) -> None:
    session = small_session(tmp_path)
    ahead = started(session)
    stage = Stage(session, ahead, "restore-jpeg", None)
    stage.best = 1.0
    stage.learner.step(1e-3)
    with torch.no_grad():
        stage.learner.model.head.weight.fill_(math.nan)
        stage.learner.average.head.weight.fill_(math.nan)
    stage._check(session.clock.share(10))
    assert stage.learner.model.head.weight.isfinite().all()
    assert stage.slower == 0.5
    assert stage.row["curve"][-1]["diverged"]
    assert "restore-jpeg" not in session.models
    ahead.stop()


def test_a_long_session_goes_on_in_the_stage_in_which_it_was_stopped(tmp_path: Path) -> None:
    session = small_session(tmp_path, 3600)
    ahead = started(session)
    stage = Stage(session, ahead, FOUNDATION, None)
    share = session.clock.share(30)
    stage.learner.step(1e-3)
    stage.learner.step(1e-3)
    stage.best = held_out.score(stage.learner.average, stage.cases)
    stage.row["start"] = stage.best
    stage._check(share)
    session.clock.stop()
    ahead.stop()
    assert resume.path(session).is_file()

    later = small_session(tmp_path, 3600)
    ahead = started(later)
    again = Stage(later, ahead, FOUNDATION, None)
    again._go_on()
    assert again.learner.steps == 2
    assert again.best == stage.best
    one, two = (each.learner.model.head.weight for each in (stage, again))
    assert torch.equal(one, two)
    assert torch.equal(later.chance.get_state(), session.chance.get_state())
    ahead.stop()


def test_stages_are_trained_in_turn_and_finished_ones_are_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session(tmp_path)
    ran: list[tuple[str, bool]] = []

    def run(stage: Stage, share: object) -> Restorer:
        ran.append((stage.name, stage.started_from == FOUNDATION))
        session.report.put(stage.name, {"finished": True})
        return stage.learner.model

    monkeypatch.setattr(Stage, "run", run)
    ahead = started(session)
    session.report.put("restore-x2", {"finished": True})
    train_restorers(session, ahead, session.clock.share(50))
    assert [name for name, _ in ran] == [name for name in SHARES if name != "restore-x2"]
    assert all(from_foundation for name, from_foundation in ran[1:])
    ran.clear()
    train_restorers(session, ahead, session.clock.share(50))
    assert ran == []
    ahead.stop()


def test_a_stage_that_fails_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session(tmp_path)

    def run(stage: Stage, share: object) -> Restorer:
        if stage.name == "restore-x2":
            raise RuntimeError("out of memory")
        session.report.put(stage.name, {"finished": True})
        return stage.learner.model

    monkeypatch.setattr(Stage, "run", run)
    ahead = started(session)
    train_restorers(session, ahead, session.clock.share(50))
    assert "out of memory" in session.report.rows["restore-x2"]["failed"]
    assert session.report.rows["restore-colour"]["finished"]
    ahead.stop()


def test_work_is_counted_in_products_and_sums(tmp_path: Path) -> None:
    config = config_of("restore-jpeg", small_session(tmp_path))
    once = flops_per_square(config)
    twice = flops_per_square(config.replace(**{"training.crop": 64}))
    assert twice == 4 * once > 0


def test_photographs_that_are_too_small_for_a_square_are_left_out(tmp_path: Path) -> None:
    session = small_session(tmp_path)
    session.photos.train.append(torch.zeros(3, 20, 60, dtype=torch.uint8))
    once = session.squares(32)
    assert len(once._starts) == len(session.photos.train) - 1
    assert session.squares(32) is once
    assert session.squares(16) is not once
