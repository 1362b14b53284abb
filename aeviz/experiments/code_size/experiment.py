"""The experiment on the code size: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.code_size.arms import HIDDEN, config
from aeviz.experiments.code_size.parameters import ARMS, Parameters, check
from aeviz.experiments.code_size.tasks import NEIGHBOURS, tasks, work
from aeviz.experiments.code_size.verdict import judge
from aeviz.experiments.splits import SAME_TEST
from aeviz.experiments.statistics import interval


def dimensions(result: Result) -> list[tuple[float, str]]:
    """The intrinsic dimension of the data, as marks on the axis of the code size."""
    return [
        (result.of(name, arm="data")[0], f"{label} {result.of(name, arm='data')[0]:.0f}")
        for name, label in (("two_nn", "TwoNN"), ("mle", "MLE"))
        if result.of(name, arm="data")
    ]


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Equal for all networks", f"{params.steps} training steps, whatever the code size"),
        ("Error", "mean squared error per pixel of the test images"),
        ("Class information", "5 nearest neighbours, and logistic regression on the codes"),
        (
            "Tuned on",
            {
                "small": "nothing: each type has the settings that Train starts with",
                "large": "test images: the large network is the best of three at 16 numbers",
            }[params.network]
            + "; the verdict's best network is that of the smallest test error, so its lead is "
            "slightly too large",
        ),
        ("Hidden layers", f"dense: {_units(params, 'dense')}; VAE: {_units(params, 'vae')}"),
        ("Intrinsic dimension", f"TwoNN and MLE (k = 10) on {NEIGHBOURS:,} training images"),
        SAME_TEST,
    ]


def _units(params: Parameters, arm: str) -> str:
    return " and ".join(map(str, HIDDEN[arm, params.network]))


def _answer(result: Result) -> float | None:
    pca, dense = (result.of("mse", arm=arm, size=32) for arm in ("PCA", "dense"))
    return pca[0] / interval(dense).mean if pca and dense else None


EXPERIMENT = Experiment(
    name="code-size",
    title="How small may the code be?",
    claim="A smaller code loses more, and 32 numbers of an autoencoder are worth more than 32 of "
    "PCA.",
    why="PCA can only place a flat plane through the data. A network with hidden layers can bend "
    "it, so the same count of numbers fits more images. The gain is largest for codes of middle "
    "size; with many numbers PCA catches up. Beyond the data's intrinsic dimension the error "
    "usually still falls, but neighbours hardly find the class more often.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "mse",
            "Error per pixel (MSE)",
            "size",
            "numbers in the code",
            log_x=True,
            log_y=True,
            better="lower",
            marks=dimensions,
            note="Marks on the axis: the intrinsic dimension of the data, by two estimates.",
        ),
        Chart(
            "knn",
            "Accuracy of 5 nearest neighbours",
            "size",
            "numbers in the code",
            log_x=True,
            better="higher",
        ),
        Chart(
            "probe",
            "Accuracy of a linear classifier",
            "size",
            "numbers in the code",
            log_x=True,
            better="higher",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the dense autoencoder over the size of its code.",
        "dense",
        lambda params: params.sizes,
        0.0,
        0.08,
        winner=("PCA", "dense autoencoder", "equal"),
    ),
    break_it=BreakIt(
        "More numbers than the image has pixels",
        "With 1,024 numbers PCA leaves almost nothing out. The dense network must still pass its "
        "hidden layers of 128 units. What happens to the two errors, and to the accuracy?",
        {"sizes": [8, 32, 256, 1024], "arms": ["pca", "dense"], "seeds": 2},
    ),
    questions=(
        Choice(
            "The error keeps falling as the code grows. Is a larger code always better?",
            ("Yes, the error is what counts", "No, it depends on what the code is for"),
            1,
            (
                "A code as large as the image can copy it, and then says nothing new.",
                "To compress, a small code is better. To find the class by neighbours, a few "
                "numbers are enough: compare the first two charts.",
            ),
        ),
        Choice(
            "Why does the linear autoencoder follow PCA so closely?",
            (
                "Both can only place a plane through the data",
                "Both are trained by gradient descent",
            ),
            0,
            (
                "With linear layers and squared error the best autoencoder spans the same plane as "
                "PCA.",
                "PCA is computed from an eigendecomposition, without any training.",
            ),
        ),
        Numeric(
            "In your result: how many times as large is PCA's error as the dense autoencoder's at "
            "32 numbers?",
            _answer,
            "It is the ratio of the two points above each other in the first chart.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "arms": ["pca", "linear", "dense", "conv", "vae"],
        "sizes": [1, 2, 4, 8, 16, 32, 64, 128],
        "network": "large",
        "steps": 4000,
        "seeds": 3,
    },
    table=("arm", "size", "mse", "pca_numbers", "knn", "probe"),
    recipe=lambda params, row: (
        config(
            next(key for key, label in ARMS.items() if label == row["arm"]),
            params.dataset,
            int(row["size"]),
            params.network,
        )
        if row["arm"] not in ("data", "PCA")
        else None
    ),
)
