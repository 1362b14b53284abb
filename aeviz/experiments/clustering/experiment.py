"""The experiment on clusters: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz import datasets
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.clustering.arms import RESTARTS, UMAP_NEIGHBOURS, config
from aeviz.experiments.clustering.parameters import METHODS, Parameters, check
from aeviz.experiments.clustering.tasks import POINTS, tasks, work
from aeviz.experiments.clustering.verdict import judge
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    there = sum(datasets.find(params.dataset).counts)
    return [
        (
            "Images",
            ("all of them" if params.images >= there else f"{params.images:,} drawn for each seed")
            + ", the same for learning and for clustering",
        ),
        ("Number of clusters", "the number of classes; HDBSCAN finds its own"),
        ("ACC", "share of images in the cluster of their class, best one-to-one matching"),
        ("k-means", f"the best of {RESTARTS} starts by its own criterion, never by the labels"),
        ("Mixture", "full covariances, the best of 3 starts by likelihood"),
        ("HDBSCAN", "noise counts as one cluster in ACC; the table also has ACC without it"),
        (
            "Networks",
            {"small": "a hidden layer of 256", "large": "hidden layers of 500, 500 and 2,000"}[
                params.network
            ]
            + f" units, {params.steps:,} steps for both",
        ),
        ("UMAP", f"2 dimensions, {UMAP_NEIGHBOURS} neighbours, minimal distance 0"),
        ("Codes and PCA", params.scale),
        ("Map", f"up to {POINTS:,} images of the first seed"),
        ("Tuned on", "nothing"),
    ]


def _gain(result: Result) -> float | None:
    a, b = (result.of("acc", arm=arm) for arm in ("AE + k-means", "pixels + k-means"))
    return 100 * (interval(a).mean - interval(b).mean) if a and b else None


EXPERIMENT = Experiment(
    name="clustering",
    title="Are the classes groups in the code?",
    claim="Classes form groups in the code: without any label, k-means finds them better in the "
    "codes of an autoencoder than in the pixels, or in as many numbers of PCA.",
    why="k-means looks for round groups. In pixels, slanted and upright 1s are far apart, and a 4 "
    "is close to a 9. An autoencoder's code often pulls a class together, but its loss has nothing "
    "to do with groups. UMAP keeps neighbours together and pulls groups apart.",
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
            note="Clusters are matched with classes one to one. A dot is one seed.",
        ),
        Chart(
            "nmi",
            "Normalised mutual information (NMI)",
            kind="bars",
            better="higher",
            note="0: clusters say nothing of the class. 1: they are the classes.",
        ),
        Chart(
            "ari",
            "Adjusted Rand index (ARI)",
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
        "Drag each dot: how many images lie in the cluster of their class?",
        "",
        lambda params: [
            f"{space} + {method}"
            for space in METHODS
            if space in params.spaces
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
                "UMAP and HDBSCAN find clear groups in many data sets. A group may be slanted 1s.",
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
        "network": "large",
        "scale": "equal spreads",
        "steps": 20_000,
        "seeds": 5,
    },
    comparable=("dataset", "judged"),
    needs=frozenset({"labels"}),
    table=("arm", "seed", "acc", "nmi", "ari", "clusters", "covered", "acc_covered"),
    recipe=lambda params, row: (
        config(str(row["arm"]).split()[0], params)
        if str(row["arm"]).split()[0] in ("AE", "VAE")
        else None
    ),
)
