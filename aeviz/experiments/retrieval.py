"""Image search: the images nearest to a query, by pixels, by codes and by bits.

The images that the networks and PCA learnt from are the collection; the queries are other images.
An image counts as right if it has the class of the query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.datasets.base import Splits
from aeviz.errors import UserError
from aeviz.evaluation import metrics, retrieval
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
from aeviz.experiments.fitting import codes, fitted, pixels, with_splits
from aeviz.experiments.pictures import strip
from aeviz.experiments.splits import pooled, some, stratified
from aeviz.experiments.statistics import compare, interval
from aeviz.latent import binary
from aeviz.presets.autoencoders import settings_for

ARMS: Final = {
    "pixels": "pixels",
    "pca": "PCA",
    "ae": "AE",
    "vae": "VAE",
    "pca-median": "PCA bits (median)",
    "pca-itq": "PCA bits (ITQ)",
    "ae-median": "AE bits (median)",
    "ae-itq": "AE bits (ITQ)",
}
MODELS: Final = ("pixels", "pca", "ae", "vae")
"""Each is one task; its bits go with it."""
NETWORKS: Final = ("AE", "VAE", "AE bits (median)", "AE bits (ITQ)")
FOCUS = 16
"""Numbers in the code at which the claim is judged."""
K = 10
QUERIES = 1_000
RANKED = 300
"""Queries whose whole ranking is measured (mAP)."""
MARGIN = 0.01
"""Precision by which the code may be behind the pixels and still count as good."""
SHOWN = 3
"""Queries with a row of the images found."""
FOUND = 8
NUMBER = 4
"""Bytes of a number of a code (float32)."""


Outcome = Literal["holds", "fails", "open"]


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices((*ARMS,), "Arms", "What is compared.", (*ARMS,))
    sizes: tuple[int, ...] = p.numbers(
        (4, 8, 16, 32), "Code sizes", "How many numbers, or bits, the code has.", 1, 512, 8
    )
    steps: int = p.number(320, "Training steps", "The same for each network.", 20, 100_000)
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
    shape = datasets.find(found.dataset).image_shape
    if found.sizes[-1] > shape[0] * shape[1] * shape[2]:
        raise UserError("A code (sizes) must not have more numbers than an image has pixels.")
    if not any(ARMS[arm] in NETWORKS for arm in found.arms):
        raise UserError("Compare at least one arm of an AE or a VAE: name it in Arms (arms).")
    if all(ARMS[arm] in NETWORKS for arm in found.arms):
        raise UserError("Compare with pixels or with PCA: name it in Arms (arms).")


def tasks(found: Parameters) -> list[Task]:
    """Seed by seed; pixels and PCA first, and the size at which the claim is judged."""
    needed = [model for model in MODELS if any(_model(arm) == model for arm in found.arms)]
    sizes = sorted(found.sizes, key=lambda size: abs(size - FOCUS))
    made = []
    for seed in range(found.seeds):
        for model in needed:
            if model == "pixels":
                made.append(Task(f"pixels-{seed}", {"model": model, "size": 0, "seed": seed}))
        for size in sizes:
            for model in needed:
                if model != "pixels":
                    values = {"model": model, "size": size, "seed": seed}
                    made.append(Task(f"{model}-{size}-{seed}", values))
    return made


def _model(arm: str) -> str:
    return arm.split("-")[0]


@dataclass(frozen=True)
class Search:
    """The collection, queries to choose with, and queries to measure with; which of the collection
    are relevant for each query, and which are its nearest by pixels."""

    dataset: Dataset
    collection: Split
    validation: Split
    queries: Split
    relevant: Tensor
    validation_relevant: Tensor
    pixel_neighbours: Tensor


@lru_cache(maxsize=2)
def _search(name: str, images: int, seed: int) -> Search:
    """So many of all images, split at random; 0: the data set's own split."""
    dataset = datasets.load(name)
    parts = Splits(dataset.train, dataset.validation, dataset.test)
    if images:
        parts = stratified(some(pooled(dataset), images, seed), seed)
    first = slice(0, QUERIES)
    validation, queries = parts.validation.take(first), parts.test.take(first)
    near = nearest(pixels(parts.train), pixels(queries), K)[1]
    return Search(
        dataset,
        parts.train,
        validation,
        queries,
        queries.labels[:, None] == parts.train.labels,
        validation.labels[:, None] == parts.train.labels,
        torch.zeros(len(queries), len(parts.train), dtype=torch.bool).scatter_(1, near, True),
    )


def _split(found: Parameters, seed: int) -> tuple[str, int, int]:
    """What `_search` takes: with the data set's own split, seeds change the networks only."""
    return (found.dataset, found.images, seed) if found.split == "pooled" else (found.dataset, 0, 0)


def work(found: Parameters, task: Task) -> Output:
    model, size, seed = task.values["model"], task.values["size"], task.values["seed"]
    search = _search(*_split(found, seed))
    z = _codes(found, search, model, size, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    wanted = [arm for arm in found.arms if _model(arm) == model]
    for arm, setting, count, distances, validation in _distances(search, wanted, z, seed):
        about: Row = {"arm": ARMS[arm], "size": size, "seed": seed, "setting": setting}
        rows.append(about | {"bytes": count} | _measured(search, distances, validation))
        focus = min(found.sizes, key=lambda size: abs(size - FOCUS))
        if seed == 0 and size in (0, focus):
            pictures |= _found(search, arm, distances)
    return Output(rows, pictures)


def config(network: str, dataset: str, size: int) -> RunConfig:
    """The settings of a network: one hidden layer of 256 units for both."""
    settings = settings_for({"ae": "standard"}.get(network, network), dataset)
    return settings.replace(**{"network.hidden": [256], "bottleneck.latent_dim": size})


Three = tuple[Tensor, Tensor, Tensor]
"""Rows of the collection, of the validation queries and of the queries."""


def _codes(found: Parameters, search: Search, model: str, size: int, seed: int) -> Three:
    splits = (search.collection, search.validation, search.queries)
    if model == "pixels":
        a, b, c = (pixels(part) for part in splits)
        return a, b, c
    if model == "pca":
        train = pixels(search.collection)
        basis = _basis(*_split(found, seed))
        a, b, c = ((pixels(part) - train.mean(0)) @ basis[:, :size] for part in splits)
        return a, b, c
    train_split = search.collection.take(slice(0, len(search.collection) // 2 * 2))
    network = fitted(
        config(model, found.dataset, size),
        with_splits(search.dataset, train_split, search.validation),
        found.steps,
        seed,
    )
    a, b, c = (codes(network, part) for part in splits)
    return a, b, c


@lru_cache(maxsize=2)
def _basis(name: str, images: int, seed: int) -> Tensor:
    return metrics.pca_subspace(pixels(_search(name, images, seed).collection), 512).float()


def _distances(
    search: Search, wanted: list[str], z: Three, seed: int
) -> Iterator[tuple[str, str, float, Tensor, float]]:
    """Of each arm: its setting, its bytes per image, the distances from the queries, and the
    precision of the validation queries."""
    for arm in wanted:
        if arm.endswith(("median", "itq")):
            bits = [
                binary.median_bits(z[0], part)
                if arm.endswith("median")
                else binary.itq_bits(z[0], part, seed)
                for part in z
            ]
            a, b = binary.hamming(bits[2], bits[0]), binary.hamming(bits[1], bits[0])
            yield arm, "", z[0].shape[1] / 8, a, _precision(b, search.validation_relevant)
            continue
        best, setting, chosen = -1.0, "", z
        for name, candidate in _normalised(z, arm == "pixels").items():
            distances = torch.cdist(candidate[1], candidate[0])
            value = _precision(distances, search.validation_relevant)
            if value > best:
                best, setting, chosen = value, name, candidate
        count = z[0].shape[1] * (1 if arm == "pixels" else NUMBER)
        yield arm, setting, count, torch.cdist(chosen[2], chosen[0]), best


def _normalised(z: Three, is_pixels: bool) -> dict[str, Three]:
    """The same rows as they are, on the unit sphere (cosine), and with equal spreads."""
    mean, spread = z[0].mean(0), z[0].std(0).clamp(min=1e-6)
    a, b, c = (F.normalize(part - (0 if is_pixels else mean), dim=1) for part in z)
    found = {"Euclidean": z, "cosine": (a, b, c)}
    if not is_pixels:
        a, b, c = ((part - mean) / spread for part in z)
        found["equal spreads"] = (a, b, c)
    return found


def _precision(distances: Tensor, relevant: Tensor) -> float:
    return retrieval.precision(retrieval.found_first(distances, K), relevant).mean().item()


def _measured(search: Search, distances: Tensor, validation: float) -> Row:
    first = retrieval.found_first(distances, K)
    ranked = slice(0, RANKED)
    return {
        "precision": retrieval.precision(first, search.relevant).mean().item(),
        "map": retrieval.average_precision(distances[ranked], search.relevant[ranked])
        .mean()
        .item(),
        "pixel_recall": retrieval.precision(first, search.pixel_neighbours).mean().item(),
        "validation_precision": validation,
    }


def _found(search: Search, arm: str, distances: Tensor) -> dict[str, Picture]:
    """The first queries, each followed by the images that are found for it."""
    pictures = {}
    for index in range(min(SHOWN, len(search.queries))):
        order = distances[index].argsort(stable=True)[:FOUND]
        images = torch.cat([search.queries.images[index][None], search.collection.images[order]])
        name = search.dataset.class_names[int(search.queries.labels[index])]
        group = f"Query {index + 1} (class {name}), and what is found for it"
        pictures[f"{arm}-{index}"] = Picture(ARMS[arm], strip(to_float(images)), group)
    return pictures


def judge(result: Result) -> Verdict:
    """At 16 numbers (or the size nearest to it) the best arm of a network, chosen on the validation
    queries: against the pixels, and against PCA's arm of the same kind, split by split."""
    sizes = [size for size in result.values("size") if size]
    networks = [arm for arm in result.values("arm") if arm in NETWORKS]
    if not networks:
        return Verdict("open", "No network is trained yet.")
    size = min(sizes, key=lambda size: abs(size - FOCUS))
    networks = [arm for arm in networks if result.of("precision", arm=arm, size=size)]
    if not networks:
        return Verdict("open", "No network is trained yet.")
    best = _winner(result, networks, size)
    mine = _by_seed(result, best, size)
    rivals = {ARMS["pixels"]: 0}
    same_kind = [
        arm
        for arm in result.values("arm")
        if arm.startswith("PCA") and ("bits" in arm) == ("bits" in best)
    ]
    if same_kind:
        rivals[_winner(result, same_kind, size)] = size
    outcomes: list[Outcome] = []
    said = []
    for rival, rival_size in rivals.items():
        theirs = _by_seed(result, rival, rival_size)
        seeds = [seed for seed in mine if seed in theirs]
        if not seeds:
            continue
        values = [theirs[seed] for seed in seeds]
        outcome, word = _against([mine[seed] for seed in seeds], values, rival)
        outcomes.append(outcome)
        count = result.of("bytes", arm=rival, size=rival_size)[0]
        said.append(f"{rival} with {_bytes(count)}: {interval(values)}, {word}")
    if not outcomes:
        return Verdict("open", "Nothing to compare with is measured yet.")
    count = result.of("bytes", arm=best, size=size)[0]
    sentence = (
        f"{best} with {_bytes(count)} per image: of the first {K} images found, a share of "
        f"{interval([*mine.values()])} has the right class. {'; '.join(said)}."
    )
    verdict: Outcome = "fails" if "fails" in outcomes else "open" if "open" in outcomes else "holds"
    return Verdict(verdict, sentence)


def _against(mine: list[float], theirs: list[float], rival: str) -> tuple[Outcome, str]:
    """What one comparison says of the claim: to be ahead of PCA, and not behind the pixels by more
    than `MARGIN`."""
    found = compare(mine, theirs, paired=True)
    if found.ahead == "a":
        return "holds", "behind it"
    if rival == ARMS["pixels"] and found.difference.low > -MARGIN:
        return "holds", f"as good to within {MARGIN:g}"
    if found.ahead == "b":
        return "fails", "ahead"
    return "open", "too close to call"


def _bytes(count: float) -> str:
    return f"{count:g} byte{'s' * (count != 1)}"


def _winner(result: Result, arms: list[str], size: int) -> str:
    def value(arm: str) -> float:
        found = result.of("validation_precision", arm=arm, size=size)
        return interval(found).mean if found else -1.0

    return max(arms, key=value)


def _by_seed(result: Result, arm: str, size: int) -> dict[int, float]:
    seeds = result.values("seed", arm=arm, size=size)
    return dict(zip(seeds, result.of("precision", arm=arm, size=size), strict=True))


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    pooled_text = (
        f"all images pooled, at most {found.images:,}; 70 % of each class are the collection and "
        f"what is learnt from, 10 % queries to choose with, 20 % (at most {QUERIES:,}) queries; "
        "another split for each seed"
    )
    official = "the data set's own split: the training images are the collection"
    return [
        ("Split", pooled_text if found.split == "pooled" else official),
        ("Networks", f"dense, 256 hidden units, {found.steps} training steps whatever the size"),
        ("Bytes", "a pixel 1, a number of a code 4 (float32), a bit an eighth"),
        ("Precision", f"share of the first {K} images that have the class of the query"),
        ("mAP", f"average precision over the whole collection, {RANKED} queries"),
        ("Ties", "images at the same distance count as in random order, exactly"),
        ("Bits", "above the median of each number; or ITQ, 50 iterations (Gong & Lazebnik 2011)"),
        (
            "Tuned on",
            "validation queries: Euclidean distance, cosine, or equal spreads of all numbers, for "
            "each arm alike; the networks have the settings that Train starts with",
        ),
    ]


def _bit_precision(result: Result) -> float | None:
    values = result.of("precision", arm=ARMS["ae-itq"], size=FOCUS)
    return K * interval(values).mean if values else None


EXPERIMENT = Experiment(
    name="retrieval",
    title="Can images be found by their codes?",
    claim="16 numbers of an autoencoder find images of the same class as well as all pixels do, "
    "and better than 16 numbers of PCA.",
    why="Two images of one class can differ in many pixels, because a stroke lies a little to the "
    "left. A code keeps what the decoder needs to draw the image, so such images often lie close "
    "together. A code also has far fewer bytes. With a few bits, many images share one code, and "
    "the search cannot tell them apart.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "precision",
            "Share of the first 10 images that have the right class",
            "bytes",
            "bytes per image",
            log_x=True,
            better="higher",
            note="Pixels stand far right. A dot is one split.",
        ),
        Chart(
            "map",
            "Mean average precision",
            "bytes",
            "bytes per image",
            log_x=True,
            better="higher",
            note="Over the whole ranking, not the first ten only.",
        ),
        Chart(
            "pixel_recall",
            "Share of the 10 nearest by pixels that are found",
            "bytes",
            "bytes per image",
            log_x=True,
            note="Low values need not be bad: other images may be as good.",
        ),
    ),
    prediction=Prediction(
        "Draw the precision of the AE's codes over the bytes per image.",
        ARMS["ae"],
        lambda found: [NUMBER * size for size in found.sizes],
        0.0,
        1.0,
        winner=("pixels", "AE", "PCA", "equal"),
    ),
    break_it=BreakIt(
        "8 bits",
        "One byte per image: there are only 256 different codes. How many of the first ten are "
        "right now?",
        {"arms": ["pixels", "pca-median", "pca-itq", "ae-median", "ae-itq"], "sizes": [8]},
    ),
    questions=(
        Choice(
            "Half of the collection is dogs. A search by random numbers finds a dog image for a "
            "dog. What is its precision?",
            ("0.5", "0", "It depends on the code"),
            0,
            (
                "A guess is right as often as the class occurs. Compare each precision with that.",
                "A random image is often right by chance.",
                "Random numbers know nothing of the image, whatever their length.",
            ),
        ),
        Choice(
            "With 8 bits, 20 images have exactly the code of the query. Which ten come first?",
            ("Any ten of them: they are tied", "The ten that look most alike"),
            0,
            (
                "The code cannot tell them apart. So the Lab counts the mean over all orders.",
                "What the code does not store cannot be used by the search.",
            ),
        ),
        Numeric(
            "In your result: of the first ten images, how many are right if the AE's code has 16 "
            "bits (ITQ)?",
            _bit_precision,
            "It is the point of “AE bits (ITQ)” at 2 bytes, times ten.",
            0.05,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "sizes": [4, 8, 16, 32, 64, 128],
        "steps": 8000,
        "split": "official",
        "seeds": 3,
    },
    needs=frozenset({"labels"}),
    table=("arm", "size", "bytes", "seed", "setting", "precision", "map", "pixel_recall"),
    recipe=lambda found, row: (
        config(str(row["arm"]).split()[0].lower(), found.dataset, int(row["size"]))
        if row["arm"] in NETWORKS
        else None
    ),
)
