"""The small classifier: it learns digits, and its outputs are probabilities."""

from __future__ import annotations

import torch

from aeviz import datasets
from aeviz.evaluation.classifier import FEATURES, train_classifier
from aeviz.evaluation.validation import to_float


def test_it_learns_digits_and_repeats_itself() -> None:
    digits = datasets.load("digits")
    model = train_classifier(digits.train, 10, steps=200)
    assert model.accuracy(digits.test) > 0.9
    x = to_float(digits.test.images)
    sure, classes = model.answers(x)
    assert sure.min() >= 0.1
    assert sure.max() <= 1
    assert classes.shape == (len(x),)
    assert model.features(x).shape == (len(x), FEATURES)
    again = train_classifier(digits.train, 10, steps=200)
    assert torch.equal(model.features(x), again.features(x))


def test_the_generator_of_others_is_left_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    train_classifier(datasets.load("digits").train, 10, steps=1)
    assert torch.equal(torch.rand(1), wanted)
