"""The experiment on disentanglement: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.evaluation import disentanglement_scores as scores
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.disentangle.arms import config
from aeviz.experiments.disentangle.parameters import Parameters, arm_of, check
from aeviz.experiments.disentangle.tasks import REACH, tasks, work
from aeviz.experiments.disentangle.verdict import SCORES, judge
from aeviz.experiments.splits import SAME_TEST


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Equal for all weights",
            f"{params.network} network, code of {params.size}, {params.steps} steps, "
            f"{params.images:,} training images; beta is constant",
        ),
        ("Codes", "posterior means of the test images; collapsed dimensions count as constant"),
        ("MIG", "20 bins of equal width for codes and for factors"),
        ("SAP", "squared correlation; for the shape a linear support vector machine"),
        (
            "DCI",
            f"random forests of {scores.TREES} trees (not gradient boosting), half of the images "
            "to learn from",
        ),
        (
            "FactorVAE score",
            f"{scores.VOTES} votes and as many new ones, each of the {scores.GROUP} images nearest "
            "in one factor",
        ),
        (
            "Pictures",
            "first seed; of each factor the dimension with the largest rank correlation, of the "
            "shape that with the largest share of its information; "
            f"{REACH:g} standard deviations to each side of its mean",
        ),
        (
            "Tuned on validation images",
            "which beta above 1 is compared with beta = 1. Validation and test measure the same "
            "networks: even if beta made no difference, one of four weights would seem ahead in "
            "about 6 % of experiments, a single one in 2 %",
        ),
        SAME_TEST,
    ]


def _answer(result: Result) -> float | None:
    """How far apart the seeds of beta = 1 are."""
    found = result.of("mig", arm=arm_of(1.0))
    return max(found) - min(found) if len(found) > 1 else None


EXPERIMENT = Experiment(
    name="disentangle",
    title="Does beta separate the factors?",
    claim="With beta > 1, for each true factor one dimension says clearly more about it than any "
    "other, and more clearly than with beta = 1.",
    why="A higher beta makes information in the code expensive, so fewer dimensions stay in use. "
    "The noise of each dimension costs least if each changes the image in a way of its own. On "
    "shapes these are often position and size. Nothing in the loss names the factors. Another seed "
    "may mix them, and a category has no direction.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    needs=frozenset({"factors"}),
    charts=(
        Chart(
            "score",
            "Mutual information gap (MIG) of the chosen factor",
            kind="bars",
            better="higher",
            note="1: one dimension gives the factor, and no other does. A dot is a seed.",
        ),
        Chart(
            "sap",
            "SAP",
            kind="bars",
            better="higher",
            note="How much better the best dimension predicts a factor than the second best. 1 is "
            "best.",
        ),
        Chart(
            "disentanglement",
            "DCI disentanglement",
            kind="bars",
            better="higher",
            note="1: each dimension serves to predict one factor only. By random forests, so it "
            "does not compare with figures by gradient boosting.",
        ),
        Chart(
            "factor_vae",
            "FactorVAE score",
            kind="bars",
            better="higher",
            note="Images share one factor: does the dimension that varies least tell which? 1: "
            "always.",
        ),
        Chart(
            "modularity",
            "Modularity",
            kind="bars",
            better="higher",
            note="1: each dimension says something about one factor only.",
        ),
        Chart(
            "mse",
            "Error per pixel (MSE)",
            kind="bars",
            better="lower",
            note="What the separation costs.",
        ),
    ),
    prediction=Prediction(
        "How well separated are the factors with each beta? 1 is perfect.",
        "",
        lambda params: [arm_of(beta) for beta in params.betas],
        0.0,
        1.0,
    ),
    break_it=BreakIt(
        "The shape alone",
        "Square, ellipse and heart have no order. Does any beta give the shape its own dimension?",
        {"factor": "shape", "seeds": 3},
    ),
    questions=(
        Choice(
            "A beta above 1 wins with one seed. Is it better?",
            ("Yes, the images were the same", "One seed does not say so"),
            1,
            (
                "The start and the order of the images differ from seed to seed, and the scores "
                "with them.",
                "Seeds of one beta can differ as much as two betas do. Look at the dots.",
            ),
        ),
        Choice(
            "Each dimension of a code follows one factor. Now the code is rotated by 45 degrees. "
            "What happens to the reconstruction and to the MIG?",
            (
                "Both get worse",
                "The reconstruction can stay the same, the MIG falls",
            ),
            1,
            (
                "The decoder can undo a rotation exactly.",
                "A decoder that starts with the opposite rotation gives the same images. But now "
                "two dimensions share each factor.",
            ),
        ),
        Numeric(
            "In your result: how far apart are the best and the worst seed of beta = 1 in their "
            "MIG of all factors?",
            _answer,
            "It is the largest MIG of these rows of the table less the smallest.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "shapes",
        "betas": [1, 2, 4, 8, 16],
        "network": "conv",
        "size": 10,
        "images": 16000,
        "steps": 4000,
        "seeds": 5,
    },
    comparable=("dataset", "factor"),
    table=("arm", "seed", *SCORES, "informativeness", "active", "mse"),
    recipe=lambda params, row: config(params, float(row["beta"])),
)
