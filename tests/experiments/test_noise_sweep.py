"""The noise levels at which a denoiser begins to help and stops helping."""

from __future__ import annotations

import pytest
import torch
from small_models import digits, pca_denoiser

from aeviz.config import CorruptionConfig
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.metrics import psnr_value
from aeviz.experiments.noise_sweep import (
    AMOUNTS,
    NOISY,
    Curve,
    Limits,
    Sweep,
    classifier,
    falls_below,
    sweep,
)
from aeviz.nn.corruptions import corrupt

AT = (0.0, 0.2, 0.4)


@pytest.mark.parametrize(
    ("values", "amount"),
    [([3, 1, 0], 0.1), ([1, 0, 5], 0), ([3, 2, 2], None), ([4, 3, 1], 0.3), ([5, 1, 5], 0.15)],
)
def test_the_first_fall_below_the_line_is_read_between_the_points(
    values: list[float], amount: float | None
) -> None:
    found = falls_below(values, 2, AT)
    assert found == (None if amount is None else pytest.approx(amount))


def flat(value: float) -> tuple[float, ...]:
    return (value,) * len(AMOUNTS)


def falling(high: float, low: float) -> tuple[float, ...]:
    return tuple(high + (low - high) * amount for amount in AMOUNTS)


def test_limits_by_hand() -> None:
    noisy = Curve(falling(30, 0), falling(1, 0))
    ours = Curve(falling(20, 10), falling(1, 0.6))
    limits = Sweep({NOISY: noisy, "ours": ours}, 12, 1, 1).limits("ours")
    assert limits.helps_from == pytest.approx(0.5)  # 30 - 30a < 20 - 10a
    assert limits.average_from == pytest.approx(0.8)  # 20 - 10a < 12
    assert limits.unread_from is None
    assert limits.helps


def test_a_filter_that_is_late_is_of_no_help() -> None:
    assert not Limits(0.5, 0.4, None).helps
    assert not Limits(None, None, None).helps
    assert Limits(0.5, None, None).helps


def test_noise_itself_neither_helps_nor_is_compared_with_itself() -> None:
    only = Sweep({NOISY: Curve(falling(30, 0), flat(1))}, 15, 1, 1).limits(NOISY)
    assert only == Limits(None, pytest.approx(0.5), None)


def test_a_sweep_measures_what_it_says() -> None:
    x, labels = digits()
    model = pca_denoiser()
    parts = (x[1400:1500], labels[1400:1500], x[:1400], labels[:1400])
    found = sweep({"pca": lambda x: reconstruct(model, x)}, *parts, "salt-and-pepper")
    assert (found.images, found.voters) == (100, 1400)
    assert list(found.curves) == [NOISY, "pca"]

    clean = x[1400:1500]
    assert found.curves["pca"].psnr[0] == pytest.approx(
        psnr_value(clean, reconstruct(model, clean)), abs=1e-4
    )
    assert found.curves[NOISY].psnr[0] == 100
    average = x[:1400].mean(0, keepdim=True).expand_as(clean)
    assert found.average == pytest.approx(psnr_value(clean, average), abs=1e-4)
    # All pixels randomly black or white: unreadable.
    assert found.curves[NOISY].read[0] > 0.85
    assert found.curves[NOISY].read[-1] < 0.3
    limits = found.limits("pca")
    assert limits.helps
    assert limits.helps_from is not None
    assert limits.helps_from < 0.2


def test_more_noise_of_each_kind_is_read_worse() -> None:
    x, labels = digits()
    read = classifier(x[:1400], labels[:1400])
    noise = torch.Generator().manual_seed(0)
    for kind in ("gaussian", "salt-and-pepper", "masking"):
        right = [
            (read(corrupt(x[1400:], CorruptionConfig(kind, amount), noise)) == labels[1400:])
            .float().mean().item()
            for amount in (0, 0.4, 0.9)
        ]  # fmt: skip
        assert right[0] > right[1] > right[2], kind


def test_the_classifier_of_one_class_answers_it() -> None:
    read = classifier(torch.rand(3, 1, 4, 4), torch.tensor([7, 7, 7]))
    assert read(torch.rand(2, 1, 4, 4)).tolist() == [7, 7]


def test_an_answer_that_is_no_number_is_read_all_the_same() -> None:
    x, labels = digits()
    read = classifier(x[:200], labels[:200])
    assert read(torch.full((1, 1, 8, 8), float("nan"))).shape == (1,)
