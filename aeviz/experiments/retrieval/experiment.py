"""The experiment on image search: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.retrieval.arms import NUMBER, config
from aeviz.experiments.retrieval.images import QUERIES, K
from aeviz.experiments.retrieval.parameters import ARMS, FOCUS, NETWORKS, Parameters, check
from aeviz.experiments.retrieval.query import QUERY
from aeviz.experiments.retrieval.tasks import RANKED, tasks, work
from aeviz.experiments.retrieval.verdict import judge
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    pooled_text = (
        f"all images pooled, at most {params.images:,}; 70 % of each class are the collection and "
        f"what is learned from, 10 % queries to choose with, 20 % (at most {QUERIES:,}) queries; "
        "another split for each seed"
    )
    official = "the data set's own split: the training images are the collection"
    return [
        ("Split", pooled_text if params.split == "pooled" else official),
        ("Networks", f"dense, 256 hidden units, {params.steps} training steps whatever the size"),
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
            note="A dot is one seed. ITQ rotates the codes before they become bits.",
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
        lambda params: [NUMBER * size for size in params.sizes],
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
            "Half of the images in a collection show dogs. A search with random codes gets the "
            "image of a dog. Which precision do you expect?",
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
    query=QUERY,
    table=("arm", "size", "bytes", "seed", "setting", "precision", "map", "pixel_recall"),
    recipe=lambda params, row: (
        config(str(row["arm"]).split()[0].lower(), params.dataset, int(row["size"]))
        if row["arm"] in NETWORKS
        else None
    ),
)
