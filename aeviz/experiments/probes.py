"""What a code says about the class: classifiers on frozen codes."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

ITERATIONS = 200


def linear_accuracy(
    train_z: Tensor, train_y: Tensor, test_z: Tensor, test_y: Tensor, c: float = 1.0
) -> float:
    """Share of test codes that a logistic regression on the training codes classifies rightly.

    z is (N, d), y is (N,) integer with at least two classes among the training codes. Codes are
    standardised with mean and deviation of the training codes; `c` is the inverse of the L2 weight.
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=ITERATIONS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # further steps change no digit
        model.fit(train_z.cpu().numpy(), train_y.cpu().numpy())
    return float(model.score(test_z.cpu().numpy(), test_y.cpu().numpy()))
