"""Anomaly detection: one class is normal, or one is the anomaly, and every score is fitted to
normal images only.

The protocol of Ruff et al. 2018 (Deep SVDD), "one class against the rest", with the simple methods
beside the networks: PCA, nearest neighbours, isolation forest, one-class SVM, local outlier factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.datasets.base import Splits
from aeviz.errors import UserError
from aeviz.evaluation import anomaly
from aeviz.evaluation.evaluate import encode_all, reconstruct
from aeviz.evaluation.neighbours import nearest
from aeviz.evaluation.validation import to_float
from aeviz.experiments import parameters as p
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Output,
    Picture,
    Prediction,
    Result,
    Row,
    Task,
    Verdict,
)
from aeviz.experiments.fitting import fitted, pixels, with_splits
from aeviz.experiments.pictures import grid, heat
from aeviz.experiments.splits import pooled, some, stratified
from aeviz.experiments.statistics import Interval, auc, compare, interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

NETWORKS: Final = ("AE", "VAE", "DAE")
SCORES: Final = {
    "AE": ("error", "relative error", "latent distance"),
    "VAE": ("error", "relative error", "latent distance", "-ELBO"),
    "DAE": ("error", "relative error", "latent distance"),
}
PLAIN: Final = (
    "PCA error",
    "PCA relative error",
    "kNN distance",
    "kNN relative distance",
    "isolation forest",
    "one-class SVM",
    "LOF",
)
MAIN: Final = (
    "AE error",
    "AE relative error",
    "VAE relative error",
    "VAE -ELBO",
    "DAE relative error",
    "PCA relative error",
    "kNN relative distance",
    "isolation forest",
    "one-class SVM",
    "LOF",
)
"""In the first chart; the other scores are in one of their own."""
COMPARED: Final = ("AE error", "AE relative error", "PCA relative error")
"""Beside each other in the chart of all classes."""
COMPONENTS = (5, 10, 20, 40, 80)
NEIGHBOURS = (1, 3, 10)
LOF_NEIGHBOURS = (5, 10, 20)
GAMMAS = (0.25, 1.0, 4.0, 8.0)
"""Of the one-class SVM: the inverse of the mean squared distance of two normal images, times
this."""
SAMPLES = (64, 256)
"""Images that each of an isolation forest's 100 trees sees."""
MOST = 10_000
"""Normal images that methods on pixels are fitted to, which take the square of it."""
FEWEST = 8
"""Normal images to learn from."""
BATCH = 64
SHOWN = 5
"""Normal images, and as many anomalies, in the heatmaps."""
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Shares of false alarms at which the ROC curve is drawn."""
BINS = 16
"""Of the histogram of errors, from 0 to twice the threshold."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    setup: str = p.choice(
        "one-normal",
        "Normal images",
        "one-normal: one class is normal, all others are anomalies. one-anomalous: the other way "
        "round.",
        ("one-normal", "one-anomalous"),
    )
    only: int = p.number(
        -1, "Class", "The class, counted from 0. -1: the first ten, one after the other.", -1, 999
    )
    networks: tuple[str, ...] = p.choices(
        NETWORKS, "Networks", "Beside the simple methods.", NETWORKS
    )
    size: int = p.number(16, "Code size", "How many numbers the code has.", 1, 256)
    steps: int = p.number(200, "Training steps", "The same for each network.", 20, 100_000)
    flagged: float = p.number(
        5.0, "Alarms", "Of 100 normal images, so many may be flagged.", 0.5, 50.0
    )
    split: str = p.choice(
        "pooled",
        "Split",
        "pooled: all images, split again for each seed. official: the data set's own test images.",
        ("pooled", "official"),
    )
    images: int = p.number(
        5000, "Images", "So many at most are drawn for each seed if they are pooled.", 60, 70_000
    )
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    classes = len(datasets.find(found.dataset).class_names)
    if found.only >= classes:
        raise UserError(f"Class (only) must be below {classes}, the number of classes.")


def tasks(found: Parameters) -> list[Task]:
    """Seed by seed and class by class, the simple methods first."""
    names = datasets.find(found.dataset).class_names
    chosen = [found.only] if found.only >= 0 else range(min(len(names), 10))
    return [
        Task(f"{method.lower()}-{label}-{seed}", {"method": method, "label": label, "seed": seed})
        for seed in range(found.seeds)
        for label in chosen
        for method in ("plain", *(name for name in NETWORKS if name in found.networks))
    ]


@dataclass(frozen=True)
class Trial:
    """One class and seed: normal images to learn from; normal ones and anomalies to choose settings
    with (validation) and to measure on (test). `*_y` is 1 for an anomaly."""

    dataset: Dataset
    train: Split
    validation: Split
    validation_y: Tensor
    test: Split
    test_y: Tensor


def work(found: Parameters, task: Task) -> Output:
    split_seed = int(task.values["seed"]) if found.split == "pooled" else 0
    images = found.images if found.split == "pooled" else 0
    trial = _trial(found.dataset, images, found.setup, task.values["label"], split_seed)
    if trial is None:
        return Output([])
    name = trial.dataset.class_names[task.values["label"]]
    about: Row = {"class": name, "seed": task.values["seed"]}
    first = task.values["seed"] == 0
    if task.values["method"] == "plain":
        scores = _plain(trial, task.values["seed"])
    else:
        scores = _network(trial, found, task.values["method"], task.values["seed"])
    rows: list[Row] = []
    for arm, setting, validation, test in scores:
        shown = {"arm": arm, "shown": "main" if arm in MAIN else "other", **about}
        rows += _measured(found, trial, {**shown, "setting": setting}, validation, test)
        if first:
            rows += [{**shown, **row} for row in _roc(trial, test)]
        if first and arm == "AE error":
            rows += _histogram(found, trial, name, validation, test)
    pictures = {}
    if first and task.values["method"] == "AE":
        pictures = _heatmaps(trial, found, task.values["seed"], name)
    return Output(rows, pictures)


@lru_cache(maxsize=2)
def _splits(name: str, images: int, seed: int) -> Splits:
    """So many of all images, split at random; 0: the data set's own split."""
    dataset = datasets.load(name)
    if not images:
        return Splits(dataset.train, dataset.validation, dataset.test)
    return stratified(some(pooled(dataset), images, seed), seed)


@lru_cache(maxsize=2)
def _trial(name: str, images: int, setup: str, label: int, seed: int) -> Trial | None:
    """None if the class has too few images."""
    parts = _splits(name, images, seed)

    def odd(part: Split) -> Tensor:
        return (part.labels != label) == (setup == "one-normal")

    train = parts.train.take((~odd(parts.train)).nonzero()[:, 0])
    train = train.take(slice(0, len(train) // 2 * 2))  # batch norm cannot take one image alone
    both = all(len(odd(part).unique()) == 2 for part in (parts.validation, parts.test))
    if len(train) < FEWEST or not both:
        return None
    return Trial(
        datasets.load(name),
        train,
        parts.validation,
        odd(parts.validation),
        parts.test,
        odd(parts.test),
    )


Scores = Iterator[tuple[str, str, Tensor, Tensor]]
"""Arm, its setting, and its scores of the validation and of the test images."""


def _area(scores: Tensor, y: Tensor) -> float:
    return auc(scores[~y].tolist(), scores[y].tolist()).mean


def _best(trial: Trial, arm: str, candidates: dict[str, tuple[Tensor, Tensor]]) -> Scores:
    """The setting whose scores of the validation images are best."""
    setting = max(candidates, key=lambda key: _area(candidates[key][0], trial.validation_y))
    yield arm, setting, *candidates[setting]


def _plain(trial: Trial, seed: int) -> Scores:
    # scikit-learn takes a second to import
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    train = pixels(trial.train)
    few = train[:MOST]
    images = (pixels(trial.validation), pixels(trial.test))

    def pair(values: list[Tensor]) -> tuple[Tensor, Tensor]:
        return values[0], values[1]

    def divided(candidates: dict[str, tuple[Tensor, Tensor]]) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            key: pair([anomaly.relative(s, x) for s, x in zip(both, images, strict=True)])
            for key, both in candidates.items()
        }

    errors = [anomaly.pca_errors(train, x, COMPONENTS) for x in images]
    pca = {f"{size} components": pair([part[size] for part in errors]) for size in COMPONENTS}
    yield from _best(trial, "PCA error", pca)
    yield from _best(trial, "PCA relative error", divided(pca))
    near = [nearest(few, x, max(NEIGHBOURS))[0].square() for x in images]
    knn = {f"k = {k}": pair([part[:, :k].mean(1) for part in near]) for k in NEIGHBOURS}
    yield from _best(trial, "kNN distance", knn)
    yield from _best(trial, "kNN relative distance", divided(knn))

    def fitted_to(model: object) -> tuple[Tensor, Tensor]:
        model.fit(few.numpy())  # type: ignore[attr-defined]
        score = model.score_samples  # type: ignore[attr-defined]
        return pair([-torch.from_numpy(score(x.numpy())).float() for x in images])

    forests = {
        f"{samples} images per tree": fitted_to(
            IsolationForest(max_samples=min(samples, len(few)), random_state=seed)
        )
        for samples in SAMPLES
    }
    yield from _best(trial, "isolation forest", forests)
    spread = 2 * train.var(0).sum().clamp(min=1e-9).item()  # mean squared distance of two images
    machines = {
        f"gamma = {factor / spread:.2g}": fitted_to(OneClassSVM(gamma=factor / spread, nu=0.1))
        for factor in GAMMAS
    }
    yield from _best(trial, "one-class SVM", machines)
    outliers = {
        f"k = {k}": fitted_to(LocalOutlierFactor(n_neighbors=k, novelty=True))
        for k in sorted({min(k, len(few) - 1) for k in LOF_NEIGHBOURS})
    }
    yield from _best(trial, "LOF", outliers)


def config(network: str, dataset: str, size: int) -> RunConfig:
    """The same dense network for each: a hidden layer of 128 units, the type's learning rate."""
    settings = settings_for({"VAE": "vae"}.get(network, "standard"), dataset)
    changes = {"network.hidden": [128], "bottleneck.latent_dim": size}
    if network == "DAE":
        changes |= {"corruption.kind": "gaussian", "corruption.amount": 0.3}
    return settings.replace(**changes)


def _model(trial: Trial, found: Parameters, network: str, seed: int) -> Autoencoder:
    normal = trial.validation.take((~trial.validation_y).nonzero()[:, 0])
    settings = config(network, trial.dataset.name, found.size)
    batch = min(BATCH, 1 << ((len(trial.train) // 3).bit_length() - 1))
    settings = settings.replace(**{"training.batch_size": batch})
    return fitted(settings, with_splits(trial.dataset, trial.train, normal), found.steps, seed)


def _network(trial: Trial, found: Parameters, network: str, seed: int) -> Scores:
    model = _model(trial, found, network, seed)
    train_z = encode_all(model, trial.train)[0]
    scores: dict[str, list[Tensor]] = {name: [] for name in SCORES[network]}
    for part in (trial.validation, trial.test):
        x, x_hat = pixels(part), _reconstructions(model, part).flatten(1)
        mu, logvar = encode_all(model, part)
        error = (x - x_hat).square().sum(1)
        found_here = {
            "error": error,
            "relative error": anomaly.relative(error, x),
            "latent distance": anomaly.mahalanobis(train_z, mu),
        }
        if logvar is not None:
            bce = F.binary_cross_entropy(x_hat.clamp(1e-6, 1 - 1e-6), x, reduction="none").sum(1)
            kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
            found_here["-ELBO"] = bce + kl
        for name in SCORES[network]:
            scores[name].append(found_here[name])
    for name, (validation, test) in scores.items():
        yield f"{network} {name}", f"d = {found.size}", validation, test


def _reconstructions(model: Autoencoder, part: Split) -> Tensor:
    return torch.cat([reconstruct(model, to_float(batch)) for batch in part.images.split(1000)])


def _measured(
    found: Parameters, trial: Trial, about: Row, validation: Tensor, test: Tensor
) -> list[Row]:
    """AUC with its interval; and what the threshold, which no anomaly was needed for, flags."""
    area = auc(test[~trial.test_y].tolist(), test[trial.test_y].tolist())
    limit = anomaly.threshold(validation[~trial.validation_y], found.flagged / 100)
    row: Row = {
        **about,
        "auc": area.mean,
        "low": area.low,
        "high": area.high,
        "validation_auc": _area(validation, trial.validation_y),
        "alarms": (test[~trial.test_y] > limit).float().mean().item(),
        "caught": (test[trial.test_y] > limit).float().mean().item(),
    }
    if about["arm"] in COMPARED:
        row["compared"] = "yes"
    return [row]


def _roc(trial: Trial, test: Tensor) -> list[Row]:
    normal, odd = test[~trial.test_y], test[trial.test_y]
    rows: list[Row] = []
    for rate in RATES:
        share = (odd > anomaly.threshold(normal, rate)).float().mean().item()
        rows.append({"false_alarms": rate, "true_alarms": share})
    return rows


def _histogram(
    found: Parameters, trial: Trial, name: str, validation: Tensor, test: Tensor
) -> list[Row]:
    """Shares of normal images and of anomalies whose error is so many times the threshold."""
    limit = anomaly.threshold(validation[~trial.validation_y], found.flagged / 100)
    rows: list[Row] = []
    for arm, scores in (("normal", test[~trial.test_y]), ("anomaly", test[trial.test_y])):
        times = (scores / max(limit, 1e-12)).clamp(0, 2)
        counts = torch.histc(times, BINS, 0, 2) / len(times)
        for index, share in enumerate(counts.tolist()):
            middle = (index + 0.5) * 2 / BINS
            rows.append({"arm": arm, "class": name, "times_threshold": middle, "images": share})
    return rows


def _heatmaps(trial: Trial, found: Parameters, seed: int, name: str) -> dict[str, Picture]:
    """Images, reconstructions, and where they differ: normal images, then anomalies, as they come.
    The colours are the same for all: white is what 0.5 % of the pixels of normal images exceed."""
    model = _model(trial, found, "AE", seed)
    normal = trial.validation.take((~trial.validation_y).nonzero()[:500, 0])
    x = to_float(normal.images)
    usual = anomaly.error_maps(x, _reconstructions(model, normal)).flatten()
    top = usual.kthvalue(max(1, round(0.995 * len(usual)))).values.item()
    shown = [(trial.test_y == odd).nonzero()[:SHOWN, 0] for odd in (False, True)]
    part = trial.test.take(torch.cat(shown))
    x, x_hat = to_float(part.images), _reconstructions(model, part)
    maps = heat(anomaly.error_maps(x, x_hat), top)
    sheet = torch.cat([x.expand(-1, 3, -1, -1), x_hat.expand(-1, 3, -1, -1), maps])
    caption = (
        f"{len(shown[0])} normal images, {len(shown[1])} anomalies; reconstructions; squared error"
    )
    return {"heatmap": Picture(caption, grid(sheet, len(part)), name)}


def _mean_over_classes(result: Result, arm: str, measure: str) -> list[float]:
    """One value per seed: the mean over the classes that all have been measured with it."""
    means = []
    for seed in result.values("seed", arm=arm):
        values = result.of(measure, arm=arm, seed=seed)
        if len(values) == len(result.values("class", arm=arm)):
            means.append(sum(values) / len(values))
    return means


def _winner(result: Result, arms: list[str]) -> str:
    """The arm whose scores of the validation images are best."""
    return max(arms, key=lambda arm: interval(result.of("validation_auc", arm=arm)).mean)


def judge(result: Result) -> Verdict:
    """Whether the error finds anomalies in each class at all; then the best network's score against
    the best simple method's, both chosen on the validation images, seed by seed."""
    arms = [arm for arm in result.values("arm") if result.of("auc", arm=arm)]
    plain = [arm for arm in arms if arm in PLAIN]
    networks = [arm for arm in arms if arm not in PLAIN]
    if not networks or not plain:
        text = "Nothing is measured yet."
        if result.complete:
            text = f"No class has enough images: {FEWEST} normal ones to learn from are needed."
        return Verdict("open", text)
    error = next((arm for arm in networks if arm.endswith(" error")), networks[0])
    upside_down = [
        name for name in result.values("class", arm=error) if _below_half(result, error, name)
    ]
    if upside_down:
        value = interval(result.of("auc", arm=error, **{"class": upside_down[0]}))
        what = "is the anomaly" if result.parameters.setup == "one-anomalous" else "is normal"
        return Verdict(
            "fails",
            f"If class {upside_down[0]} {what}, anomalies have a smaller error than normal images: "
            f"the AUC of the {error} is {value}, below 0.5. It rebuilds what it has not learnt "
            "better than what it has learnt.",
        )
    best, simple = _winner(result, networks), _winner(result, plain)
    a, b = _mean_over_classes(result, best, "auc"), _mean_over_classes(result, simple, "auc")
    count = min(len(a), len(b))
    if not count:
        return Verdict("open", "The first class is not done with every method yet.")
    difference = compare(a[:count], b[:count], paired=True)
    classes = len(result.values("class", arm=best))
    over = f"over {classes} classes" if classes > 1 else "for this class"
    means = f"{best}: mean AUC {_area_interval(a)} {over}; {simple}: {_area_interval(b)}"
    own = _mean_over_classes(result, error, "auc")
    rest = f" The plain {error} alone has {_area_interval(own)}." if own and best != error else ""
    if difference.ahead == "a":
        sentence = f"The best score of a network is ahead of the best simple method. {means}.{rest}"
        return Verdict("holds", sentence)
    if difference.ahead == "b":
        sentence = f"A simple method is ahead of the best score of a network. {means}.{rest}"
        return Verdict("fails", sentence)
    return Verdict(
        "open",
        f"Too close to call between the best network and the best simple method. {means}.{rest}",
    )


def _area_interval(values: list[float]) -> Interval:
    """An AUC cannot be above 1 or below 0, and neither can its interval."""
    found = interval(values)
    if found.count < 2:
        return found
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _below_half(result: Result, arm: str, name: str) -> bool:
    values = result.of("auc", arm=arm, **{"class": name})
    highest = interval(values).high
    if len(values) == 1:
        highest = result.of("high", arm=arm, **{"class": name})[0]
    return highest < 0.5


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    pooled_text = (
        f"all images pooled, at most {found.images:,}; 70 % of each class to learn from, 10 % to "
        "choose settings, 20 % to measure; another split for each seed (the splits share images)"
    )
    official = "the data set's own split; seeds change the networks and the forest only"
    return [
        ("Split", pooled_text if found.split == "pooled" else official),
        ("Learnt from", "normal images only, pixels from 0 to 1"),
        ("Networks", f"dense, 128 hidden units, {found.steps} steps each, batches of {BATCH}"),
        ("Denoising", "Gaussian noise of 0.3 while it learns; clean images when it is measured"),
        ("Relative", "squared error (or distance) divided by the norm of the image"),
        ("Latent distance", "Mahalanobis distance from the codes of the images it learnt from"),
        ("-ELBO", "cross-entropy plus KL; for grey pixels a score, not a likelihood"),
        (
            "Tuned on",
            "simple methods: the best of 2 to 5 settings by the AUC of the validation images, for "
            "each class; networks: nothing, their settings were found on mnist-5k",
        ),
        ("Pixel methods", f"kNN, forest, SVM and LOF see at most {MOST:,} normal images"),
        ("Threshold", f"flags {found.flagged:g} % of the normal validation images"),
        ("Interval", "over seeds; low and high in the table: Hanley & McNeil 1982"),
    ]


def _caught(result: Result) -> float | None:
    values = result.of("caught", arm="AE error")
    return 100 * sum(values) / len(values) if values else None


EXPERIMENT = Experiment(
    name="anomaly",
    title="Does the error find anomalies?",
    claim="What an autoencoder has not learnt, it rebuilds badly. So its error finds anomalies, "
    "and better than simple methods do.",
    why="The decoder can only draw what it has learnt, so foreign images usually come back wrong. "
    "But the error also grows with the ink in an image. A simple shape, such as the digit 1, is "
    "easy to rebuild even if it was never seen. PCA and nearest neighbours rest on the same idea, "
    "and they need no training.",
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
            "AUC",
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
        Chart(
            "images",
            "Share of images",
            "times_threshold",
            "error of the AE, as a multiple of the threshold",
            note="Normal images and anomalies, with the first seed. What lies right of 1 is "
            "flagged. The last place has all that are larger.",
        ),
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
        "Drag each bar: how well does each score find the anomalies? 0.5 is a guess.",
        "",
        lambda found: [arm for arm in MAIN if arm in PLAIN or arm.split()[0] in found.networks],
        0.3,
        1.0,
        winner=("a network", "a simple method", "equal"),
    ),
    break_it=BreakIt(
        "The digit 1 as the anomaly",
        "The networks learn all digits but the 1. Then the 1 is the anomaly. Is its error large?",
        {"setup": "one-anomalous", "only": 1},
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
                "were not learnt from show where the threshold is.",
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
    needs=frozenset({"labels"}),
    table=("arm", "class", "seed", "setting", "auc", "low", "high", "alarms", "caught"),
)
