"""Label spreading against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.semi_supervised import LabelSpreading

from aeviz.evaluation import label_spreading as ls
from aeviz.evaluation.neighbours import nearest


def draw(n: int) -> torch.Tensor:
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(0))


def test_the_graph_is_symmetric_and_normalised() -> None:
    x = torch.tensor([[0.0], [1.0], [3.0]])
    # 0 - 1 - 3: the middle one has two neighbours
    expected = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / np.sqrt(2)
    assert ls.graph(x, 1).toarray() == pytest.approx(expected)


def test_the_shares_are_those_of_scikit_learn() -> None:
    x = draw(40)
    s = ls.graph(x, 4)
    w = (s.toarray() > 0).astype(float)
    index, labels = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 1])
    y = np.full(40, -1)
    y[index.numpy()] = labels.numpy()
    model = LabelSpreading(kernel=lambda a, b: w, alpha=ls.ALPHA, max_iter=ls.ITERATIONS, tol=0)
    with pytest.warns(ConvergenceWarning):  # both stop after so many iterations
        model.fit(x.numpy(), y)
    found = ls.spread(s, index, labels, 3)
    assert found.numpy() == pytest.approx(model.label_distributions_, abs=1e-6)


def test_labels_stay_in_their_component() -> None:
    x = torch.cat([torch.zeros(5, 2), torch.ones(5, 2) * 9]) + 0.1 * draw(10)[:, :2]
    s = ls.graph(x, 2)
    shares = ls.spread(s, torch.tensor([0, 9]), torch.tensor([1, 0]), 2)
    assert shares.argmax(1).tolist() == [1] * 5 + [0] * 5
    alone = ls.spread(s, torch.tensor([0]), torch.tensor([1]), 2)
    assert alone[9].tolist() == [0.5, 0.5]
    near = nearest(x, torch.tensor([[9.0, 9.0], [0.0, 0.0]]), 3)[1]
    assert ls.at_new(shares, near).tolist() == [0, 1]
