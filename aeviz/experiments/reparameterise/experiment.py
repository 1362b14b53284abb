"""The experiment on the reparameterisation trick: claim, charts, questions, protocol."""

from __future__ import annotations

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.reparameterise.arms import RATES, config
from aeviz.experiments.reparameterise.parameters import ARMS, BATCH, POINTS, WITH, Parameters, check
from aeviz.experiments.reparameterise.tasks import DRAWS, TEST_DRAWS, TEST_IMAGES, tasks, work
from aeviz.experiments.reparameterise.verdict import judge, noise_ratio
from aeviz.experiments.splits import SAME_TEST


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Images", "black and white: a pixel is white from the middle grey on"),
        (
            "Equal for all arms",
            f"network (200 hidden units), start, batches of {BATCH}, {params.steps} steps, "
            f"{params.samples} drawn code{'s' * (params.samples != 1)} per image, the exact KL",
        ),
        (
            "Tuned on validation images",
            f"the learning rate of Adam of each arm and seed, one of {', '.join(map(str, RATES))}",
        ),
        ("Loss", f"negative ELBO of up to {TEST_IMAGES:,} test images, {TEST_DRAWS} codes each"),
        (
            "Noise",
            f"spread of {DRAWS} gradients of the encoder for one batch, divided by the length of "
            "their mean, after a quarter of the training",
        ),
        ("Baseline", "the mean of the other codes of the image, or of the other images"),
        SAME_TEST,
    ]


def _answer(result: Result) -> float | None:
    found = noise_ratio(result, ARMS["score"])
    return found.mean if found else None


EXPERIMENT = Experiment(
    name="reparameterise",
    title="What is the reparameterisation trick for?",
    claim="Without the reparameterisation trick, the gradient is far noisier, and training ends at "
    "a worse loss.",
    why="The encoder must learn how its code should change. With z = mu + sigma eps, the "
    "decoder's gradient says so directly. The score function, loss times the gradient of log "
    "q(z|x), only uses how good a random code was. The more numbers a code has, the less that says "
    "about each. A baseline and more samples help.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "loss",
            "Negative ELBO of test images (nats per image)",
            "step",
            "training steps",
            better="lower",
            note="“No gradient”: the encoder learns from the KL alone. The code then says nothing.",
        ),
        Chart(
            "noise",
            "Noise of the gradient, 1 = as long as the gradient",
            "samples",
            "drawn codes per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="With four times as many draws the noise halves.",
        ),
    ),
    prediction=Prediction(
        "Draw the loss of the score function while it trains.",
        ARMS["score"],
        lambda params: sorted(
            {0, *(round(params.steps * i / (POINTS - 1)) for i in range(1, POINTS))}
        ),
        80.0,
        260.0,
        winner=("with the trick", "score function", "equal"),
    ),
    break_it=BreakIt(
        "One number, 16 samples, tiny digits",
        "With a code of one number, 16 draws and a baseline, how much is the trick still worth?",
        {"dataset": "digits", "size": 1, "samples": 16, "noise_samples": [1, 16], "steps": 250},
    ),
    questions=(
        Choice(
            "Without the trick, does the decoder get a gradient?",
            ("No, nothing passes the random code", "Yes, the decoder does not need the trick"),
            1,
            (
                "The random code stands before the decoder. Between decoder and loss nothing is "
                "random.",
                "The decoder comes after the random code. Only the encoder needs the trick.",
            ),
        ),
        Choice(
            "Why does a baseline make the score function less noisy?",
            (
                "It tells whether a code was better or worse than usual",
                "It makes the gradient shorter, and a shorter gradient is less noisy",
            ),
            0,
            (
                "All losses are large. What matters is how they differ, and the baseline removes "
                "what they share, without changing the mean gradient.",
                "The mean gradient stays exactly the same. Only its spread falls.",
            ),
        ),
        Numeric(
            "In your result: with as many samples as in training, how many times as noisy as with "
            "the trick is the plain score function?",
            _answer,
            "It is the ratio of two points above each other in the second chart.",
            0.15,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "noise_samples": [1, 4, 16, 64], "steps": 6000, "seeds": 5},
    comparable=("dataset", "size", "samples"),
    table=("arm", "seed", "step", "loss", "rate", "samples", "noise"),
    recipe=lambda params, row: (
        config(params, float(row["rate"])) if row["arm"] == WITH and "rate" in row else None
    ),
)
