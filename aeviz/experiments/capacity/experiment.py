"""The experiment on memorising: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz import datasets
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.capacity.arms import BATCH, code_sizes
from aeviz.experiments.capacity.parameters import GUARDS, PLAIN, Parameters, check, counts, layers
from aeviz.experiments.capacity.tasks import tasks, work
from aeviz.experiments.capacity.verdict import judge
from aeviz.experiments.splits import SAME_TEST
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    sizes = code_sizes(datasets.find(params.dataset).image_shape)
    narrow = " or ".join(map(str, sizes["narrow code"]))
    return [
        ("Training images", "redrawn for each seed; the same ones for all networks of a seed"),
        (
            "Equal for all",
            f"{params.steps} steps of {BATCH} images, {params.width} units per layer",
        ),
        (
            "Code",
            f"comparison of layers: {2 * sizes['narrow code'][-1]} numbers; guards: wide "
            f"{sizes[PLAIN][0]}, narrow {narrow}",
        ),
        ("Tuned on", "validation images: each guard has the better one of two strengths per seed"),
        (
            "Nearer to a training image",
            "share of new images whose reconstruction has a smaller squared distance to some "
            "training image than to the image itself",
        ),
        ("Foreign images", "squares of two photographs; error also as a share of their variance"),
        ("Contractive", "without batch norm and with the narrow code, which its penalty needs"),
        SAME_TEST,
    ]


def _answer(result: Result) -> float | None:
    params = result.parameters
    where = {
        "part": "layers",
        "arm": layers(params.depths[-1]),
        "images": counts(params)[0],
    }
    train, test = result.of("train", **where), result.of("test", **where)
    return interval(test).mean - interval(train).mean if test else None


EXPERIMENT = Experiment(
    name="capacity",
    title="When does a network memorise?",
    claim="Too much capacity memorises the training images, and a narrow code guards against it.",
    why="With few images, many layers can store each of them. The output for a new image is then "
    "a mixture of stored ones. A narrow code does not forbid that: one number is enough to say "
    "which of 50 images is meant. It only tells the decoder less about a new image. More images "
    "help most.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    max_values=3 * 32 * 32,
    charts=(
        Chart(
            "test",
            "Error on new images (MSE)",
            "images",
            "training images",
            log_x=True,
            log_y=True,
            better="lower",
            where={"part": "layers"},
        ),
        Chart(
            "train",
            "Error on training images (MSE)",
            "images",
            "training images",
            log_x=True,
            better="lower",
            where={"part": "layers"},
            note="A small error here and a large one above: the images are learned by heart.",
        ),
        Chart(
            "memorised",
            "Share of outputs nearer to a training image",
            "images",
            "training images",
            log_x=True,
            where={"part": "layers"},
            better="lower",
            note="Nearer than to the new image itself. A blurred output of a network that has "
            "learned little may be nearer, too: see its error on training images.",
        ),
        Chart(
            "test",
            "Error on new images, by guard (MSE)",
            kind="bars",
            better="lower",
            where={"part": "guards"},
        ),
    ),
    prediction=Prediction(
        "Draw the error on new images of the network with the most layers, over the number of "
        "training images.",
        "6 layers",
        counts,
        0.0,
        0.1,
        winner=(PLAIN, "narrow code", "sparse", "noise"),
    ),
    break_it=BreakIt(
        "50 images",
        "Now all networks see 50 images, and those of the guards have one layer. Look at the bars: "
        "does the narrow code prevent anything?",
        {"images": [50], "depths": [1, 6], "guard_images": 50, "guard_depth": 1},
    ),
    questions=(
        Choice(
            "The error on the training images is nearly zero. What does that say?",
            ("The network understands such images", "Nothing about other images"),
            1,
            (
                "Look at the reconstructions of new images: they may show training images "
                "instead.",
                "Only images that the network has not seen show what it has learned.",
            ),
        ),
        Choice(
            "How many numbers does a code need to store 50 images by heart?",
            ("One", "50", "As many as an image has pixels"),
            0,
            (
                "One number can say which image it is; the decoder can know the images themselves.",
                "One number with 50 different values is enough.",
                "Those are needed to copy any image, not to choose among 50.",
            ),
        ),
        Numeric(
            "In your result, with the fewest images and the most layers: what is the error on new "
            "images minus the error on training images?",
            _answer,
            "It is the difference of the first points of the first two charts.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "depths": [1, 2, 3, 4, 6],
        "images": [50, 500, 5000, 50_000],
        "width": 512,
        # the contractive penalty would take 20 minutes per seed
        "guards": [guard for guard in GUARDS if guard != "contractive"],
        "guard_images": 500,
        "steps": 4000,
        "seeds": 3,
    },
    table=(
        "part", "arm", "images", "seed", "strength", "train", "test", "gap", "memorised", "foreign",
        "foreign_share",
    ),
    recipe=lambda params, row: None,
)  # fmt: skip
