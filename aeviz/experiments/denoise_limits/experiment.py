"""The experiment on the limits of a denoiser: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments import parameters as p
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.denoise_limits.arms import COMPONENTS, MOST, WINDOWS, config, percent_of
from aeviz.experiments.denoise_limits.parameters import DENOISER, NOISY, PLAIN, Parameters
from aeviz.experiments.denoise_limits.query import QUERY
from aeviz.experiments.denoise_limits.tasks import tasks, work
from aeviz.experiments.denoise_limits.verdict import falls_below, judge
from aeviz.experiments.statistics import interval


def half_read(result: Result) -> list[tuple[float, str]]:
    """Where the classifier recognises fewer than half of the images, as marks on the axis."""
    found = []
    for arm, label in ((NOISY, "noisy"), (DENOISER, "restored")):
        has = result.of("read", arm=arm)
        end = falls_below(result, arm, 0.5) if has else None
        if end is not None:
            found.append((end, f"{label}: half"))
    return found


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Noise", f"{params.kind}; the same noise for every arm"),
        ("Denoiser", f"trained with {percent_of(params.trained)} noise only, {params.steps} steps"),
        ("Plain autoencoder", "the same network and steps, trained without noise"),
        (
            "Chosen on validation images, for each amount",
            f"components of PCA ({p.as_text(COMPONENTS)}), side of the median's window "
            f"({p.as_text(WINDOWS)})",
        ),
        ("Average image", "the mean of the training images, for every image"),
        ("Error", "mean squared error per pixel of test images; PSNR = -10 log10 of it, in dB"),
        (
            "Other kinds of image",
            "the test images with black and white swapped; squares of two photographs",
        ),
        ("Classifier", f"logistic regression on up to {MOST:,} clean training images"),
    ]


def _answer(result: Result) -> float | None:
    pairs = []
    for amount in result.values("amount", arm=DENOISER):
        own = result.of("psnr", arm=DENOISER, amount=amount)
        before = result.of("psnr", arm=NOISY, amount=amount)
        if own and before:
            pairs.append(interval(own).mean - before[0])
    return max(pairs, default=None)


EXPERIMENT = Experiment(
    name="denoise-limits",
    title="When does a denoiser fail?",
    claim="With 20 % to 90 % noise a denoising autoencoder comes closer to the clean image than "
    "the noisy image, a median filter, PCA and the average image.",
    why="The denoiser knows what these images look like, so it keeps what fits and drops the rest. "
    "With little noise, the code loses more detail than the noise destroys. With so much that "
    "nothing of the image is left, the average of all images is the best answer: a network cannot "
    "know more.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    charts=(
        Chart(
            "psnr",
            "How close to the clean image (PSNR, dB)",
            "amount",
            "amount of noise",
            better="higher",
            note="Gaussian noise of 0.5 (50 %) has a standard deviation of 0.5; black to white is "
            "1.",
        ),
        Chart(
            "read",
            "Share of images that a classifier recognises",
            "amount",
            "amount of noise",
            better="higher",
            marks=half_read,
            note="The classifier learned from clean images only. Marks: half are recognised.",
        ),
        Chart(
            "gain",
            "Gain over the noisy image (dB), by kind of image",
            "images",
            "kind of image",
            kind="bars",
            better="higher",
            note="With the noise of the training. The networks learned from images like the test "
            "images only, and treat every image as one of these.",
        ),
    ),
    prediction=Prediction(
        "Draw the PSNR of the denoiser over the amount of noise.",
        DENOISER,
        lambda params: params.amounts,
        5.0,
        25.0,
        winner=("denoising autoencoder", "PCA", "median filter", "it depends on the amount"),
    ),
    break_it=BreakIt(
        "No noise, and nothing but noise",
        "At 0 % the noisy image is the clean one. At 100 % each pixel is random. Which rival wins "
        "at each end? These ends lie outside the claim, so the claim may still hold: the verdict "
        "names the rival that wins there.",
        {"kind": "salt-and-pepper", "amounts": [0, 0.02, 0.5, 0.95, 1]},
    ),
    questions=(
        Choice(
            "With little noise, why can the noisy image be closer than the denoiser's output?",
            (
                "What does not fit through the code is lost, with and without noise",
                "The denoiser adds noise",
            ),
            0,
            (
                "The output has the error of the reconstruction, even from a clean image. Noise "
                "below that error is the smaller evil.",
                "Noise is added in training only.",
            ),
        ),
        Choice(
            "At 100 % salt and pepper nothing of the image is left. What is the best output?",
            ("A sharp image of some digit", "The average of all images"),
            1,
            (
                "It would be the wrong digit nine times out of ten, and two sharp images differ "
                "more than each differs from the average.",
                "Squared error is least for the mean of all that is possible, and all is.",
            ),
        ),
        Numeric(
            "In your result: how many dB does the denoiser gain over the noisy image where it "
            "gains most?",
            _answer,
            "It is the largest gap between their two lines in the first chart.",
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "amounts": [0, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
        "steps": 6000,
        "seeds": 5,
    },
    comparable=("dataset", "kind", "trained"),
    table=("arm", "amount", "images", "seed", "mse", "psnr", "read", "size", "gain"),
    recipe=lambda params, row: (
        config({DENOISER: "denoising", PLAIN: "plain"}[str(row["arm"])], params)
        if row["arm"] in (DENOISER, PLAIN)
        else None
    ),
    query=QUERY,
)
