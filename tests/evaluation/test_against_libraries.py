"""Measures of the Lab against scikit-learn, SciPy, scikit-dimension, constriction and pyod."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from torch import Tensor

from aeviz.evaluation import disentanglement, entropy_coding, intrinsic_dimension
from aeviz.evaluation import disentanglement_scores as scores
from aeviz.experiments.anomaly.arms import simple_scores
from aeviz.experiments.anomaly.images import Trial, trial_of
from aeviz.experiments.fitting import pixels

pytestmark = pytest.mark.filterwarnings("ignore")
"""Those are the libraries' own, when they are imported."""

GENERATOR = torch.Generator().manual_seed(0)
FACTORS = torch.randint(4, (2000, 3), generator=GENERATOR)
"""Three independent factors of four values."""


def mixed(strength: float) -> Tensor:
    """Codes of five dimensions: the factors, each `strength` of its neighbour mixed in, and two
    that hold noise."""
    noise = torch.randn(2000, 5, generator=GENERATOR)
    values = FACTORS.float()
    return torch.cat([values + strength * values.roll(1, 1), torch.zeros(2000, 2)], 1) + 0.3 * noise


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_disentanglement_is_that_of_the_formulas(strength: float) -> None:
    """In the words of the papers, with the entropies of other libraries. (The package disent agrees
    to 1e-6; it cannot be a dependency, as it installs a package named `tests`.)"""
    z = mixed(strength)
    codes, values = z.double().numpy().T, FACTORS.numpy().T
    bins = [np.digitize(code, np.histogram(code, 20)[1][:-1]) for code in codes]
    information = np.array([[mutual_info_score(v, code) for v in values] for code in bins])
    shares = information / np.array([entropy(np.bincount(v)) for v in values])
    best = np.sort(shares, 0)
    assert disentanglement.mig(z, FACTORS) == pytest.approx((best[-1] - best[-2]).mean())
    r2 = np.sort(np.corrcoef(codes, values)[:5, 5:] ** 2, 0)
    assert scores.sap(z, FACTORS) == pytest.approx((r2[-1] - r2[-2]).mean())
    weight = shares.sum(1) / shares.sum()
    alone = (1 - entropy(shares.T, base=3)) @ weight
    whole = (1 - entropy(shares, base=5)) @ (shares.sum(0) / shares.sum())
    assert scores.concentrations(shares) == pytest.approx((alone, whole))


@pytest.mark.parametrize("dimension", [1, 3, 6])
def test_intrinsic_dimension_is_that_of_scikit_dimension(dimension: int) -> None:
    import skdim

    x = torch.randn(1000, dimension, generator=GENERATOR).tanh() @ torch.randn(
        dimension, 15, generator=GENERATOR
    )
    two_nn = skdim.id.TwoNN(discard_fraction=intrinsic_dimension.TAIL, method="mle")
    found = intrinsic_dimension.two_nn(x)
    assert found == pytest.approx(two_nn.fit_transform(x.numpy()), rel=0.01)
    mle = skdim.id.MLE(K=10).fit(x.numpy(), n_neighbors=10, comb="mle")
    assert intrinsic_dimension.mle(x) == pytest.approx(mle.dimension_, rel=1e-3)


def test_the_entropy_coder_takes_as_many_bytes_as_constriction() -> None:
    import constriction

    chance = np.random.default_rng(0)
    scales = np.array([9.0, 3.0, 1.0, 0.2])
    symbols = np.rint(chance.normal(size=(3000, 4)) * scales).astype(np.int64)
    tables = [entropy_coding.histogram(column) for column in symbols.T]
    theirs = constriction.stream.stack.AnsCoder()
    for one, column in zip(tables, symbols.T, strict=True):
        shares = np.array(one.frequencies()) / (1 << entropy_coding.PRECISION)
        model = constriction.stream.model.Categorical(shares, perfect=True)
        theirs.encode_reverse((column - one.low).astype(np.int32), model)
    size = theirs.get_compressed().nbytes
    assert len(entropy_coding.encode(symbols, tables)) == pytest.approx(size, rel=1e-3)


@pytest.fixture(scope="module")
def trial() -> Trial:
    found = trial_of("digits", 0, "one-normal", 0, 0)
    assert found is not None
    return found


def test_simple_anomaly_scores_are_those_of_pyod(trial: Trial) -> None:
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF
    from pyod.models.ocsvm import OCSVM

    train, test = pixels(trial.train).numpy(), pixels(trial.test).numpy()
    found = {arm: (setting, of_test) for arm, setting, _, of_test in simple_scores(trial, 0)}

    def number(arm: str) -> float:
        return float(found[arm][0].split(" = ")[1])

    peers = {
        "kNN distance": KNN(n_neighbors=int(number("kNN distance")), method="mean"),
        "one-class SVM": OCSVM(gamma=number("one-class SVM"), nu=0.1),
        "LOF": LOF(n_neighbors=int(number("LOF"))),
    }
    for arm, peer in peers.items():
        expected = peer.fit(train).decision_function(test)
        correlation = np.corrcoef(found[arm][1].numpy(), expected)[0, 1]
        assert correlation > 0.98, arm
