"""The experiment on gaps in the latent space: claim, charts, questions and protocol."""

from __future__ import annotations

from collections.abc import Mapping

from aeviz.config import RunConfig
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.regularity.arms import HIDDEN, MAX_REAL, config
from aeviz.experiments.regularity.parameters import MODELS, SAMPLERS, Parameters
from aeviz.experiments.regularity.tasks import PATHS, STEPS_OF_PATH, K, tasks, work
from aeviz.experiments.regularity.verdict import judge
from aeviz.experiments.splits import SAME_TEST
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Equal for all models", f"network {HIDDEN[0]} - {params.size}, {params.steps} steps"),
        ("Samples", f"{MAX_REAL:,} of each arm, against up to {MAX_REAL:,} unseen images"),
        ("Classifier", "pixels - 256 - 64 - classes, trained on the training images"),
        ("Sure", "above the 5 % quantile of its certainty on unseen images"),
        ("Precision, density, recall, coverage", f"k = {K}, on the classifier's 64 features"),
        ("Lines", f"{PATHS} pairs of test images, {STEPS_OF_PATH} codes on each line"),
        (
            "Units",
            "gaps: codes whitened for each model; smoothness and stretching do not depend on the "
            "scale of the codes",
        ),
        ("Tuned on", "nothing; the mixture has 10 Gaussians, fitted to the training codes"),
        SAME_TEST,
    ]


def _answer(result: Result) -> float | None:
    values = result.of("coverage", arm=SAMPLERS["prior"])
    other = result.of("coverage", arm=MODELS["vae"])
    if not values or not other:
        return None
    return 100 * (interval(other).mean - interval(values).mean)


def _recipe(params: Parameters, row: Mapping[str, float | int | str]) -> RunConfig | None:
    arm = str(row["arm"])
    kinds = {label: kind for kind, label in MODELS.items()} | dict.fromkeys(SAMPLERS.values(), "ae")
    return config(params, kinds[arm]) if arm in kinds else None


EXPERIMENT = Experiment(
    name="regularity",
    title="Does the latent space have gaps?",
    claim="A VAE's latent space is continuous and complete, an autoencoder's has gaps.",
    why="An autoencoder's loss leaves open where its codes lie, so a draw from the standard normal "
    "may fall where no image has its code. The KL makes the VAE's codes fill the standard normal, "
    "and the noise makes near codes give near images. But a mixture that is fitted to the "
    "autoencoder's codes knows where they are.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    needs=frozenset({"labels"}),
    min_images=300,
    max_values=3 * 32 * 32,
    charts=(
        Chart(
            "coverage",
            "No gaps: unseen images that samples reach (coverage)",
            kind="bars",
            better="higher",
            note="Share of unseen images with a sample nearer than their fifth nearest unseen "
            "image.",
        ),
        Chart(
            "sure",
            "Complete: samples that the classifier is sure of",
            kind="bars",
            better="higher",
            note="Sure: more certain than on the least certain 5 % of unseen images.",
        ),
        Chart(
            "density",
            "Samples among real images (density)",
            kind="bars",
            better="higher",
            note="About 1 for real images. Blurred but typical samples can have more.",
        ),
        Chart(
            "gaps",
            "Samples that fall far from all codes",
            kind="bars",
            better="lower",
            note="Draws from the middle of the codes fall into no gap, but reach few images: see "
            "the coverage.",
        ),
        Chart(
            "smoothness",
            "Continuous: unevenness of straight lines",
            kind="bars",
            better="lower",
            note="0: all steps along a line change the image equally.",
        ),
        Chart("flips", "Needless changes of class along a line", kind="bars", better="lower"),
        Chart(
            "stretch",
            "Unevenness of the decoder (deviation of log10 volume)",
            kind="bars",
            better="lower",
            note="How much the decoder stretches a small region of codes, compared between test "
            "images. 0: everywhere the same.",
        ),
    ),
    prediction=Prediction(
        "Draw the share of unseen images that the samples of each model reach.",
        MODELS["vae"],
        lambda params: [*SAMPLERS.values(), MODELS["vae"], MODELS["beta-vae"]],
        0.0,
        1.0,
        winner=("AE + N(0, I)", "AE + mixture", "VAE", "beta-VAE"),
    ),
    break_it=BreakIt(
        "Draw the autoencoder's codes from a mixture",
        "Ten Gaussians are fitted to the autoencoder's codes, and the codes are drawn from them. "
        "Which model is ahead now?",
        {"sampler": "mixture"},
    ),
    questions=(
        Choice(
            "Why do draws from N(0, I) suit the VAE?",
            (
                "Its decoder can draw anything",
                "The KL pulls its codes towards N(0, I)",
            ),
            1,
            (
                "It only learned to decode codes that it saw in training.",
                "So a draw lands where the decoder has seen codes.",
            ),
        ),
        Choice(
            "Can an autoencoder make new images?",
            ("No, never", "Yes, if new codes are drawn where its own codes lie"),
            1,
            (
                "Look at the samples of the mixture.",
                "A mixture that is fitted to its codes does this.",
            ),
        ),
        Numeric(
            "In your result: by how many percentage points is the coverage of the VAE above that "
            "of the autoencoder with N(0, I)?",
            _answer,
            "It is the difference of two means in the first chart.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "size": 16, "steps": 8000, "seeds": 5},
    comparable=("dataset", "sampler", "beta"),
    table=(
        "arm", "seed", "sure", "precision", "density", "recall", "coverage", "gaps", "smoothness",
        "flips", "lowest", "from_images", "stretch", "error", "classifier",
    ),
    recipe=_recipe,
)  # fmt: skip
