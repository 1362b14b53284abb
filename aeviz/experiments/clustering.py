"""Clusters without labels: do they come out as the classes, and sooner in codes than in pixels?

Each seed draws other images, which all arms share: the networks learn from them, and they are what
is clustered. Labels are used for the measures only. The number of classes is given.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation import clustering, metrics
from aeviz.evaluation.evaluate import decode_all
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
from aeviz.experiments.fitting import codes, fitted, pixels, with_splits
from aeviz.experiments.pictures import heat, strip
from aeviz.experiments.splits import pooled
from aeviz.experiments.statistics import compare, interval
from aeviz.images import encode_png
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

METHODS: Final = {
    "pixels": ("k-means",),
    "PCA": ("k-means", "Gaussian mixture"),
    "AE": ("k-means", "Gaussian mixture", "HDBSCAN"),
    "VAE": ("k-means", "Gaussian mixture"),
    "UMAP of pixels": ("Gaussian mixture",),
    "UMAP of AE": ("Gaussian mixture",),
}
"""What is clustered, and how."""
BASELINES: Final = ("pixels + k-means", "PCA + k-means")
RESTARTS = 10
UMAP_NEIGHBOURS = 15
UMAP_EPOCHS = 200
"""UMAP's own choice for many images. For few it takes 500, which needs twice the time."""
CELL = 12
"""Pixels of a square in the table of clusters against classes."""
FEWEST_PER_CLASS = 3


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    images: int = p.number(
        3000, "Images", "So many are drawn, learnt from and clustered.", 60, 70_000
    )
    spaces: tuple[str, ...] = p.choices(
        (*METHODS,), "What is clustered", "Pixels and codes.", (*METHODS,)
    )
    judged: str = p.choice("AE", "Claim about", "The codes that the claim is about.", ("AE", "VAE"))
    size: int = p.number(10, "Code size", "How many numbers the code has; PCA has as many.", 2, 256)
    hidden: int = p.number(256, "Hidden units", "In each of the networks' hidden layers.", 8, 4096)
    layers: int = p.number(1, "Hidden layers", "On each side of the code.", 1, 4)
    scale: str = p.choice(
        "as they are",
        "Codes",
        "as they are: directions with a large spread count more. equal spreads: each number is "
        "divided by its spread.",
        ("as they are", "equal spreads"),
    )
    steps: int = p.number(400, "Training steps", "The same for both networks.", 20, 200_000)
    seeds: int = p.seeds(5)


def check(found: Parameters) -> None:
    source = datasets.find(found.dataset)
    classes = len(source.class_names)
    if min(found.images, sum(source.counts)) < FEWEST_PER_CLASS * classes:
        raise UserError(
            f"{classes} classes need at least {FEWEST_PER_CLASS * classes} images: ask for more "
            "Images (images), or choose another data set."
        )
    if found.judged not in found.spaces:
        raise UserError(f"The claim is about {found.judged}: name it in spaces, too.")
    if not {"pixels", "PCA"} & set(found.spaces):
        raise UserError("Compare with pixels or PCA: name them in spaces.")
    shape = source.image_shape
    if found.size > shape[0] * shape[1] * shape[2]:
        raise UserError("A code (size) must not have more numbers than an image has pixels.")


def tasks(found: Parameters) -> list[Task]:
    """Seed by seed, the quick ones first: UMAP comes last."""
    return [
        Task(f"{space.replace(' ', '-').lower()}-{seed}", {"space": space, "seed": seed})
        for seed in range(found.seeds)
        for space in METHODS
        if space in found.spaces
    ]


def work(found: Parameters, task: Task) -> Output:
    space, seed = task.values["space"], task.values["seed"]
    dataset = _drawn(found.dataset, found.images, seed)
    z, model = _points(found, dataset, space, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    classes = len(dataset.class_names)
    for method, clusters in _clustered(METHODS[space], z, classes, seed):
        labels = dataset.train.labels.numpy()
        arm = f"{space} + {method}"
        rows.append({"arm": arm, "seed": seed} | _measured(labels, clusters))
        if seed == 0 and method in ("k-means", "Gaussian mixture"):
            pictures[f"table-{method.replace(' ', '-')}"] = _table(labels, clusters, arm)
        if seed == 0 and method == "k-means":
            pictures |= _centres(found, dataset, z, clusters, arm, model)
    return Output(rows, pictures)


@lru_cache(maxsize=2)
def _drawn(name: str, images: int, seed: int) -> Dataset:
    """Random images of all parts of the data set, to learn from and to cluster."""
    dataset = datasets.load(name)
    everything = pooled(dataset)
    order = torch.randperm(len(everything), generator=torch.Generator().manual_seed(seed))
    count = min(images, len(everything)) // 2 * 2  # batch norm cannot take one image alone
    return with_splits(dataset, everything.take(order[:count]), everything.take(order[-100:]))


def config(network: str, found: Parameters) -> RunConfig:
    """The settings of the type, with the same hidden layers for both."""
    settings = settings_for({"AE": "standard", "VAE": "vae"}[network], found.dataset)
    return settings.replace(
        **{
            "network.hidden": [found.hidden] * found.layers,
            "bottleneck.latent_dim": found.size,
        }
    )


def _points(
    found: Parameters, dataset: Dataset, space: str, seed: int
) -> tuple[NDArray[np.float64], Autoencoder | None]:
    x = pixels(dataset.train)
    if space == "pixels":
        return _array(x), None
    if space == "UMAP of pixels":
        return _umap(_array(x), seed), None
    if space == "PCA":
        basis = metrics.pca_subspace(x, found.size).float()
        return _array(_scaled((x - x.mean(0)) @ basis, found.scale)), None
    network = "VAE" if space == "VAE" else "AE"
    model = fitted(config(network, found), dataset, found.steps, seed)
    z = _array(_scaled(codes(model, dataset.train), found.scale))
    return (_umap(z, seed), None) if space == "UMAP of AE" else (z, model)


def _array(x: Tensor) -> NDArray[np.float64]:
    return x.double().numpy()


def _scaled(z: Tensor, scale: str) -> Tensor:
    return z if scale == "as they are" else (z - z.mean(0)) / z.std(0).clamp(min=1e-6)


def _umap(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """In the plane, with the settings for clusters of UMAP's manual: no minimal distance."""
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that it does without
        from umap import UMAP  # takes seconds to import

        mapper = UMAP(
            n_neighbors=min(UMAP_NEIGHBOURS, len(x) - 1),
            min_dist=0.0,
            n_epochs=UMAP_EPOCHS,
            random_state=seed,
            n_jobs=1,
        )
        found: NDArray[np.float64] = np.asarray(mapper.fit_transform(x), dtype=np.float64)
    # it changes the number of threads that PyTorch uses, too: the next training would be slower
    torch.set_num_threads(threads)
    return found


def _clustered(
    methods: tuple[str, ...], z: NDArray[np.float64], classes: int, seed: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.mixture import GaussianMixture

    # of the size of 1: a mixture adds a fixed number to each variance
    z = z / max(float(z.std()), 1e-9)
    makers: dict[str, Callable[[], NDArray[np.int64]]] = {
        "k-means": lambda: KMeans(classes, n_init=RESTARTS, random_state=seed).fit_predict(z),
        "Gaussian mixture": lambda: GaussianMixture(
            classes, n_init=3, reg_covar=1e-3, random_state=seed
        ).fit_predict(z),
        "HDBSCAN": lambda: HDBSCAN(min_cluster_size=max(5, len(z) // (10 * classes))).fit_predict(
            z
        ),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer different points than clusters, not converged
        for method in methods:
            yield method, makers[method]()


def _measured(labels: NDArray[np.int64], clusters: NDArray[np.int64]) -> Row:
    """`acc` counts what HDBSCAN calls noise as one cluster; `acc_covered` leaves it out."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    covered = clusters != clustering.NOISE
    row: Row = {
        "acc": clustering.accuracy(labels, clusters),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
        "clusters": len(np.unique(clusters[covered])),
        "covered": float(covered.mean()),
    }
    if covered.any():
        row["acc_covered"] = clustering.accuracy(labels[covered], clusters[covered])
    return row


def _table(labels: NDArray[np.int64], clusters: NDArray[np.int64], arm: str) -> Picture:
    """Clusters against classes, as squares: a row is a class, and sums to 1."""
    table = clustering.matched(clustering.contingency(labels, clusters))
    shares = torch.from_numpy(table / table.sum(1, keepdims=True)).float()
    cells = shares.repeat_interleave(CELL, 0).repeat_interleave(CELL, 1)
    text = f"{arm}: a row is a class, a column a cluster; the lighter, the more images"
    return Picture(text, encode_png(heat(cells[None, None], 1.0)[0]), "Clusters against classes")


def _centres(
    found: Parameters,
    dataset: Dataset,
    z: NDArray[np.float64],
    clusters: NDArray[np.int64],
    arm: str,
    model: Autoencoder | None,
) -> dict[str, Picture]:
    """The middle of each cluster as an image: decoded, or the mean of its pixels."""
    parts = [clusters == cluster for cluster in np.unique(clusters)]
    if model is not None and found.scale == "as they are":
        middles = torch.from_numpy(np.stack([z[part].mean(0) for part in parts])).float()
        images = decode_all(model, middles).clamp(0, 1)
    else:
        x = to_float(dataset.train.images)
        images = torch.stack([x[torch.from_numpy(part)].mean(0) for part in parts])
    return {"centres": Picture(arm, strip(images), "The middle of each cluster")}


def judge(result: Result) -> Verdict:
    """k-means in the codes against k-means in the pixels, and in PCA's numbers: by ACC, seed by
    seed. It has to be ahead of both."""
    mine = f"{result.parameters.judged} + k-means"
    ours = _by_seed(result, mine)
    said, ahead = [], []
    for rival in BASELINES:
        theirs = _by_seed(result, rival)
        seeds = [seed for seed in ours if seed in theirs]
        if not seeds:
            continue
        values = [theirs[seed] for seed in seeds]
        difference = compare([ours[seed] for seed in seeds], values, paired=True)
        ahead.append(difference.ahead)
        said.append(f"{rival} {interval(values)}")
    if not ahead:
        return Verdict("open", "The first draw of images is not done yet.")
    sentence = f"{mine} finds the classes with an accuracy of {interval([*ours.values()])}; "
    sentence += f"{', '.join(said)}.{_others(result)}"
    if "b" in ahead:
        return Verdict("fails", f"A simple method is ahead. {sentence}")
    if "open" in ahead:
        return Verdict("open", f"Too close to call. {sentence}")
    return Verdict("holds", sentence)


def _others(result: Result) -> str:
    """The best of all arms, and UMAP with and without the codes."""
    means = {arm: interval(result.of("acc", arm=arm)) for arm in result.values("arm")}
    best = max(means, key=lambda arm: means[arm].mean)
    said = f" The most accurate of all is {best} with {means[best]}."
    two = [f"{space} + Gaussian mixture" for space in ("UMAP of AE", "UMAP of pixels")]
    if all(arm in means for arm in two):
        a, b = (_by_seed(result, arm) for arm in two)
        seeds = [seed for seed in a if seed in b]
        ahead = compare([a[seed] for seed in seeds], [b[seed] for seed in seeds], paired=True).ahead
        word = {"a": "helps", "b": "hurts", "open": "makes no clear difference"}[ahead]
        said += f" For UMAP it {word} to start from codes instead of pixels"
        said += f" ({means[two[0]]} and {means[two[1]]})."
    return said


def _by_seed(result: Result, arm: str) -> dict[int, float]:
    seeds = result.values("seed", arm=arm)
    return dict(zip(seeds, result.of("acc", arm=arm), strict=True))


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Images", f"{found.images:,} at random for each seed, learnt from and clustered by all"),
        ("Number of clusters", "the number of classes; HDBSCAN finds its own"),
        ("ACC", "share of images in the cluster of their class, best one-to-one matching"),
        ("k-means", f"the best of {RESTARTS} starts by its own criterion, never by the labels"),
        ("Mixture", "full covariances, the best of 3 starts by likelihood"),
        ("HDBSCAN", "noise counts as one cluster in ACC; the table also has ACC without it"),
        ("Networks", f"{found.layers} x {found.hidden} hidden units, {found.steps} steps for both"),
        ("UMAP", f"2 dimensions, {UMAP_NEIGHBOURS} neighbours, minimal distance 0"),
        ("Codes and PCA", found.scale),
        ("Tuned on", "nothing: without labels nobody can"),
    ]


def _gain(result: Result) -> float | None:
    a, b = (result.of("acc", arm=arm) for arm in ("AE + k-means", "pixels + k-means"))
    return 100 * (interval(a).mean - interval(b).mean) if a and b else None


EXPERIMENT = Experiment(
    name="clustering",
    title="Are the classes groups in the code?",
    claim="Classes form groups in the code: without any label, k-means finds them better in the "
    "codes of an autoencoder than in the pixels.",
    why="k-means looks for round groups. In pixels, slanted and upright ones are far apart, and a "
    "4 is close to a 9. An autoencoder's code often pulls a class together, but nothing in its "
    "training asks for groups. UMAP keeps "
    "neighbours together and pulls groups apart.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "acc",
            "Accuracy (ACC)",
            kind="bars",
            better="higher",
            note="Clusters are matched with classes one to one. A dot is one draw of images.",
        ),
        Chart(
            "nmi",
            "Mutual information (NMI)",
            kind="bars",
            better="higher",
            note="0: clusters say nothing of the class. 1: they are the classes.",
        ),
        Chart(
            "ari",
            "Rand index (ARI)",
            kind="bars",
            better="higher",
            note="Pairs of images that are rightly together or apart; 0 is chance.",
        ),
        Chart(
            "covered",
            "Share of images in a cluster",
            kind="bars",
            note="HDBSCAN leaves images out as noise.",
        ),
    ),
    prediction=Prediction(
        "Drag each bar: how many images lie in the cluster of their class?",
        "",
        lambda found: [
            f"{space} + {method}"
            for space in METHODS
            if space in found.spaces
            for method in METHODS[space]
        ],
        0.0,
        1.0,
        winner=("pixels", "PCA", "AE", "VAE", "UMAP"),
    ),
    break_it=BreakIt(
        "32 numbers of a VAE, all with the same spread",
        "The KL switches off the numbers that a VAE does not need: they hardly move. With equal "
        "spreads they count as much as the others. Does k-means still find the classes?",
        {
            "judged": "VAE",
            "size": 32,
            "scale": "equal spreads",
            "spaces": ["pixels", "PCA", "VAE"],
            "seeds": 3,
        },
    ),
    questions=(
        Choice(
            "A picture of clusters looks perfectly separated. Are the clusters the classes?",
            ("Yes, separated groups are classes", "Not necessarily: only labels can tell"),
            1,
            (
                "UMAP and HDBSCAN draw clear groups in many data. A group may be slanted ones.",
                "Compare with labels of some images before you trust the groups.",
            ),
        ),
        Choice(
            "You run k-means with five seeds and report the best accuracy. What is wrong?",
            (
                "You used the labels to choose",
                "Nothing, k-means needs several starts",
            ),
            0,
            (
                "Starts are chosen by the criterion of k-means itself. If labels choose, they are "
                "no longer unseen.",
                "It does, but the choice must not look at the labels.",
            ),
        ),
        Numeric(
            "In your result: how many points of accuracy does k-means gain in the AE's codes, "
            "compared with pixels?",
            _gain,
            "It is the distance of the two means in the first chart, times 100.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "images": 70_000,
        "hidden": 1000,
        "layers": 3,
        "steps": 20_000,
        "seeds": 5,
    },
    needs=frozenset({"labels"}),
    table=("arm", "seed", "acc", "nmi", "ari", "clusters", "covered", "acc_covered"),
    recipe=lambda found, row: (
        config(str(row["arm"]).split()[0], found)
        if str(row["arm"]).split()[0] in ("AE", "VAE")
        else None
    ),
)
