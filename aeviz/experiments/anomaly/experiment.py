"""The experiment on anomaly detection: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz import datasets
from aeviz.experiments.anomaly.arms import BATCH, MOST
from aeviz.experiments.anomaly.parameters import MAIN, PLAIN, Parameters, check
from aeviz.experiments.anomaly.query import HISTOGRAM, QUERY
from aeviz.experiments.anomaly.tasks import tasks, work
from aeviz.experiments.anomaly.verdict import judge
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    pooled_text = (
        f"all images pooled, at most {params.images:,}; 70 % of each class to learn from, 10 % to "
        "choose settings, 20 % to measure; another split for each seed (the splits share images)"
    )
    official = "the data set's own split; seeds change the networks and the forest only"
    return [
        ("Split", pooled_text if params.split == "pooled" else official),
        ("Learned from", "normal images only, pixels from 0 to 1"),
        ("Networks", f"dense, 128 hidden units, {params.steps} steps each, batches of {BATCH}"),
        ("Denoising", "Gaussian noise of 0.3 while it learns; clean images when it is measured"),
        ("Relative", "squared error (or distance) divided by the norm of the image"),
        ("Latent distance", "Mahalanobis distance from the codes of the images it learned from"),
        ("-ELBO", "cross-entropy plus KL; for grey pixels a score, not a likelihood"),
        (
            "Tuned on",
            "simple methods: the best of 2 to 5 settings by the AUC of the validation images, for "
            "each class; networks: nothing, their settings were found on mnist-5k",
        ),
        ("Pixel methods", f"kNN, forest, SVM and LOF see at most {MOST:,} normal images"),
        ("Threshold", f"flags {params.flagged:g} % of the normal validation images"),
        ("Interval", "over seeds; low and high in the table: Hanley & McNeil 1982"),
    ]


def _caught(result: Result) -> float | None:
    values = result.of("caught", arm="AE error")
    return 100 * sum(values) / len(values) if values else None


EXPERIMENT = Experiment(
    name="anomaly",
    title="Does the error find anomalies?",
    claim="What an autoencoder has not learned, it reconstructs badly. So one of its scores finds "
    "anomalies better than simple methods do.",
    why="The decoder can only draw what it has learned, so foreign images usually come back "
    "wrong. But the error also grows with the ink in an image. A simple shape, such as the digit "
    "1, is easy to reconstruct even if it was never seen. PCA and nearest neighbours rest on the "
    "same idea, and they need no training.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "auc",
            "AUC",
            kind="bars",
            better="higher",
            where={"shown": "main"},
            note="The chance that an anomaly has a higher score than a normal image. 0.5 is a "
            "guess. A dot is one class and one seed.",
        ),
        Chart(
            "auc",
            "AUC of the other scores",
            kind="bars",
            better="higher",
            where={"shown": "other"},
            note="The error is not divided by the image's norm here. The latent distance looks at "
            "the code only.",
        ),
        Chart(
            "auc",
            "AUC by class",
            "class",
            "class",
            kind="bars",
            better="higher",
            where={"compared": "yes"},
            note="Three of the scores, class by class.",
        ),
        Chart(
            "true_alarms",
            "Share of anomalies that are found",
            "false_alarms",
            "share of normal images that are flagged",
            log_x=True,
            better="higher",
            where={"shown": "main"},
            note="The ROC curve, with the first seed. A dot is one class.",
        ),
        HISTOGRAM,
        Chart(
            "caught",
            "Share of anomalies above the threshold",
            kind="bars",
            better="higher",
            where={"shown": "main"},
            note="The threshold is set with normal images only.",
        ),
    ),
    prediction=Prediction(
        "Drag each dot: how well does each score find the anomalies? 0.5 is a guess.",
        "",
        lambda params: [arm for arm in MAIN if arm in PLAIN or arm.split()[0] in params.networks],
        0.3,
        1.0,
        winner=("a network", "a simple method", "equal"),
    ),
    break_it=BreakIt(
        "The digit 1 as the anomaly",
        "The networks learn all digits but the 1. Then the 1 is the anomaly. Is its error large?",
        {"dataset": datasets.DEFAULT, "setup": "one-anomalous", "only": 1},
    ),
    questions=(
        Choice(
            "You have no anomaly yet. How do you set the threshold?",
            (
                "So that a chosen share of normal images is flagged",
                "In the middle between the errors of normal images and anomalies",
            ),
            0,
            (
                "Choose how many normal images you are ready to check by hand. Normal images that "
                "were not learned from show where the threshold is.",
                "For that you need anomalies, and the next one may look different.",
            ),
        ),
        Choice(
            "The network never saw a 1. Why is the error of a 1 still small?",
            (
                "A 1 has little ink, so there is little to be wrong about",
                "The network has seen a 7, which is the same",
            ),
            0,
            (
                "The error is a sum over pixels. Nearly all pixels of a 1 are black, and black is "
                "easy.",
                "A part of a 7 helps, but the error is small for other thin shapes, too.",
            ),
        ),
        Numeric(
            "In your result: of 100 anomalies, how many does the AE's error find at the threshold?",
            _caught,
            "It is the mean of the dots of “AE error” in the last chart, times 100.",
            0.05,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "steps": 4000, "size": 32, "split": "official", "seeds": 3},
    comparable=("dataset", "setup", "only", "flagged"),
    needs=frozenset({"labels"}),
    query=QUERY,
    table=("arm", "class", "seed", "setting", "auc", "low", "high", "alarms", "caught"),
)
