"""The verdict on a loss, in words."""

from __future__ import annotations

import pytest

from aeviz.evaluation.baselines import Baseline
from aeviz.ui.train.verdict import advice, verdict

PCA_LINE = Baseline("pca", "recon", 100.0, "PCA with 3 numbers", "PCA reaches 100.0.")
FLOOR = Baseline("floor", "recon", 40.0, "entropy floor", "No network can come below 40.0.")
ERROR = ("reconstruction error", "nats per image")


@pytest.mark.parametrize(
    ("reached", "excuse", "begins"),
    [
        (80.0, "", "Yes, better"),
        (80.0, "PCA need not.", "Yes, better"),
        (99.5, "", "It is as good as PCA"),
        (100.5, "PCA need not.", "It is as good as PCA"),
        (130.0, "", "Not yet"),
        (130.0, "PCA need not.", "Not by this figure alone"),
        (40.2, "", "Yes:"),
    ],
)
def test_the_answer_compares_with_pca_and_the_floor(
    reached: float, excuse: str, begins: str
) -> None:
    text = verdict({"recon": reached, "loss": 7.0}, [PCA_LINE, FLOOR], *ERROR, excuse)
    assert text.startswith(begins)
    assert f"reconstruction error is {reached:.1f} nats per image" in text
    assert "below 40.0" in text
    assert (PCA_LINE.sentence in text) == (reached > 41)
    assert ("need not" in text) == (reached > 101 and bool(excuse))


def test_the_answer_with_one_line_or_none() -> None:
    plain = verdict({"recon": 0.1234, "loss": 0.2}, [], *ERROR)
    assert plain == "On the validation images its reconstruction error is 0.123 nats per image."
    floored = verdict({"recon": 50.0}, [FLOOR], *ERROR)
    assert floored.startswith("On the validation images")
    assert "below 40.0" in floored


def test_a_published_sum_is_set_against_this_runs_own() -> None:
    figure = Baseline("published", "loss", 105.6, "theirs", "They are at 105.6.", "a paper")
    text = verdict({"recon": 80.0, "loss": 104.25}, [PCA_LINE, figure], *ERROR)
    assert text.endswith("They are at 105.6. This run is at 104.2.")


def test_more_training_is_advised_if_the_last_epoch_brought_something() -> None:
    assert "3%" in advice([200.0, 133.5, 129.4])
    for nothing in ([], [129.4], [130.0, 129.4], [129.4, 133.5], [0.0, 0.0]):
        assert advice(nothing) == ""
