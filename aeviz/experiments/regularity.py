"""Is the latent space regular? Samples, straight lines and the decoder's Jacobian, of an
autoencoder and of VAEs.

Whether an autoencoder can be sampled depends on how: its codes are no standard normal, but a
mixture of Gaussians that is fitted to them gives images that rival the VAE's (Ghosh et al. 2020).
So it is drawn from in three ways. All distances between codes are in units of each model's own
spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.classifier import Classifier, train_classifier
from aeviz.evaluation.evaluate import decode_all, encode_all
from aeviz.evaluation.memorisation import nearest
from aeviz.evaluation.sample_quality import quality
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
from aeviz.experiments.fitting import codes, fitted
from aeviz.experiments.pictures import grid, strip
from aeviz.experiments.statistics import compare, interval
from aeviz.latent.projection import PCA2
from aeviz.latent.regularity import gap_share, lines, log_volumes, smoothness
from aeviz.latent.space import fit_mixture, sample_prior
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

REAL: Final = "unseen images"
SAMPLERS: Final = {
    "prior": "AE + N(0, I)",
    "gaussian": "AE + Gaussian",
    "mixture": "AE + mixture",
}
MODELS: Final = {"ae": "AE", "vae": "VAE", "beta-vae": "beta-VAE"}
COMPONENTS: Final = 10
MAX_REAL: Final = 1_000
MAX_CODES: Final = 4_000
K: Final = 5
SURE_QUANTILE: Final = 0.05
PATHS: Final = 100
STEPS_OF_PATH: Final = 16
MAP_SIDE: Final = 24
MAP_PIXELS: Final = 6
VOLUMES: Final = 64
SHOWN: Final = 20
HIDDEN: Final = (256,)


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    size: int = p.number(8, "Code size", "How many numbers the code has.", 2, 64)
    sampler: str = p.choice(
        "prior",
        "The autoencoder's codes are drawn from",
        "Which of the three ways counts in the verdict: the standard normal, a Gaussian or a "
        "mixture that is fitted to its codes.",
        (*SAMPLERS,),
    )
    beta: float = p.number(4.0, "beta", "Weight of the KL of the beta-VAE.", 0.0, 100.0)
    steps: int = p.number(800, "Training steps", "The same for each model.", 20, 100_000)
    seeds: int = p.seeds(3)


def tasks(found: Parameters) -> list[Task]:
    """The real images first, then seed by seed."""
    return [Task("real", {})] + [
        Task(f"{kind}-{seed}", {"kind": kind, "seed": seed})
        for seed in range(found.seeds)
        for kind in MODELS
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = datasets.load(found.dataset)
    judge_of = _classifier(dataset)
    if task.key == "real":
        x = to_float(dataset.train.images[:MAX_REAL])
        row = {"arm": REAL, "seed": 0, **_quality(dataset, judge_of, x)}
        row["classifier"] = judge_of.accuracy(dataset.test)
        return Output([row], {"real": Picture(REAL, grid(x[:SHOWN], SHOWN), "Samples")})
    kind, seed = task.values["kind"], task.values["seed"]
    model = fitted(config(found, kind), dataset, found.steps, seed)
    z, test_z = codes(model, dataset.train), codes(model, dataset.test)
    used = _drawn_codes(model, dataset, seed)
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    for arm, drawn in _samples(found, kind, z, seed).items():
        x = decode_all(model, drawn).clamp(0, 1)
        gaps = gap_share(used, drawn)
        rows.append({"arm": arm, "seed": seed, **_quality(dataset, judge_of, x), "gaps": gaps})
        if seed == 0:
            pictures[f"samples{len(rows)}"] = Picture(arm, grid(x[:SHOWN], SHOWN), "Samples")
    rows.append({"arm": MODELS[kind], "seed": seed, **_paths(dataset, judge_of, model, test_z)})
    if seed == 0:
        pictures |= _pictures(kind, model, test_z, z)
    return Output(rows, pictures)


def config(found: Parameters, kind: str) -> RunConfig:
    """The VAE type of Train with one hidden layer, and the same network without noise and KL."""
    settings = settings_for("vae", found.dataset).replace(
        **{"network.hidden": [*HIDDEN], "bottleneck.latent_dim": found.size}
    )
    if kind == "ae":
        return settings.replace(**{"type": "standard", "bottleneck.kind": "deterministic"})
    if kind == "beta-vae":
        return settings.replace(**{"type": "beta-vae", "loss.beta": found.beta})
    return settings


def _samples(found: Parameters, kind: str, z: Tensor, seed: int) -> dict[str, Tensor]:
    """Codes drawn for each arm of this model, as many as there are real images."""
    chance = torch.Generator().manual_seed(seed)
    normal = sample_prior(MAX_REAL, found.size, chance)
    if kind != "ae":
        return {MODELS[kind]: normal}
    return {
        SAMPLERS["prior"]: normal,
        SAMPLERS["gaussian"]: fit_mixture(z, 1, seed).sample(MAX_REAL, chance),
        SAMPLERS["mixture"]: fit_mixture(z, COMPONENTS, seed).sample(MAX_REAL, chance),
    }


def _drawn_codes(model: Autoencoder, dataset: Dataset, seed: int) -> Tensor:
    """Codes that the decoder saw in training: those of a VAE with their noise."""
    mu, logvar = encode_all(model, dataset.train.take(slice(0, MAX_CODES)))
    if logvar is None:
        return mu
    noise = torch.Generator().manual_seed(seed)
    return mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=noise)


@lru_cache(maxsize=2)
def _classifier(dataset: Dataset) -> Classifier:
    return train_classifier(dataset.train, len(dataset.class_names))


@lru_cache(maxsize=2)
def _unseen(dataset: Dataset) -> Tensor:
    """Test and validation images: what samples are compared with."""
    both = torch.cat([dataset.test.images, dataset.validation.images])
    return to_float(both[:MAX_REAL])


def _quality(dataset: Dataset, judge_of: Classifier, x: Tensor) -> Row:
    real = _unseen(dataset)
    limit = torch.quantile(judge_of.answers(real)[0], SURE_QUANTILE)
    found = quality(judge_of.features(real), judge_of.features(x), K)
    return {
        "sure": (judge_of.answers(x)[0] >= limit).float().mean().item(),
        "precision": found.precision,
        "density": found.density,
        "recall": found.recall,
        "coverage": found.coverage,
    }


def _paths(dataset: Dataset, judge_of: Classifier, model: Autoencoder, z: Tensor) -> Row:
    """Straight lines between the codes of pairs of test images, the same pairs for each model."""
    half = min(PATHS, len(z) // 2)
    between = lines(z[:half], z[half : 2 * half], STEPS_OF_PATH)
    x = decode_all(model, between.flatten(0, 1)).clamp(0, 1)
    sure, classes = judge_of.answers(x)
    sure, classes = sure.reshape(half, -1), classes.reshape(half, -1)
    flips = (classes[:, 1:] != classes[:, :-1]).sum(1)
    needed = (classes[:, 0] != classes[:, -1]).long()
    away = nearest(x.flatten(1), to_float(dataset.train.images[:MAX_CODES]).flatten(1))[0]
    volumes = log_volumes(model.decode, z[:VOLUMES].to(next(model.parameters()).device))
    finite = volumes[volumes.isfinite()]
    return {
        "smoothness": smoothness(x.reshape(half, STEPS_OF_PATH, -1)).mean().item(),
        "flips": (flips - needed).float().mean().item(),
        "lowest": sure.amin(1).mean().item(),
        "from_images": (away / x[0].numel() ** 0.5).mean().item(),
        "stretch": finite.std().item() if len(finite) > 1 else 0.0,
        "error": _error(dataset, model, z),
    }


def _error(dataset: Dataset, model: Autoencoder, z: Tensor) -> float:
    x_hat = decode_all(model, z).clamp(0, 1)
    return (x_hat - to_float(dataset.test.images)).square().mean().item()


def _pictures(kind: str, model: Autoencoder, test_z: Tensor, z: Tensor) -> dict[str, Picture]:
    pictures = {}
    for number in range(2):
        (path,) = lines(test_z[2 * number][None], test_z[2 * number + 1][None], 12)
        x = decode_all(model, path).clamp(0, 1)
        pictures[f"path{number}"] = Picture(
            MODELS[kind], strip(x), f"A straight line between two codes, {number + 1}"
        )
    caption = f"{MODELS[kind]}: bright where the decoder stretches"
    pictures["map"] = Picture(caption, _map(model, z), "Stretching over the plane of the codes")
    return pictures


def _map(model: Autoencoder, z: Tensor) -> bytes:
    """log10 of the decoder's volume over the plane of most variance of the codes, from the 1 % to
    the 99 % quantile on both axes. White is the largest, black 10 times less in each dimension."""
    plane = PCA2.fit(z.numpy())
    places = torch.from_numpy(plane.project(z.numpy()))
    low, high = (torch.quantile(places, q, dim=0) for q in (0.01, 0.99))
    axes = [torch.linspace(low[i].item(), high[i].item(), MAP_SIDE) for i in (0, 1)]
    over = torch.cartesian_prod(axes[1].flip(0), axes[0]).flip(1)  # row by row, from the top
    at = torch.from_numpy(plane.inverse(over.numpy())).float()
    volumes = log_volumes(model.decode, at.to(next(model.parameters()).device))
    grey = ((volumes - volumes.amax()) / model.latent_dim + 1).nan_to_num(0).clamp(0, 1).float()
    image = grey.reshape(1, 1, MAP_SIDE, MAP_SIDE)
    return strip(image.repeat_interleave(MAP_PIXELS, 2).repeat_interleave(MAP_PIXELS, 3))


# ---- verdict -----------------------------------------------------------------------------------

MEASURES: Final = {
    "sure": ("complete", "samples that the classifier is sure of", "higher"),
    "coverage": ("without gaps", "unseen images that samples reach", "higher"),
    "smoothness": ("continuous", "unevenness of straight lines", "lower"),
}
"""What counts in the verdict: (the course's word, the measure, which end is good)."""


def judge(result: Result) -> Verdict:
    """VAE against autoencoder in three measures, paired by seed; the autoencoder's samples are
    drawn in the way that was asked for. It holds if the VAE is ahead in all three, and fails if it
    is behind in any."""
    found = result.parameters
    asked, model = SAMPLERS[found.sampler], MODELS["ae"]
    ahead, behind, parts = 0, 0, []
    for measure, (word, what, good) in MEASURES.items():
        vae = result.of(measure, arm=MODELS["vae"])
        ae = result.of(measure, arm=model if measure == "smoothness" else asked)
        both = min(len(vae), len(ae))
        if both < 2:
            return Verdict("open", "Two seeds of the VAE and the autoencoder are needed.")
        better = compare(vae[:both], ae[:both], paired=True).ahead
        wins = {"a": good == "higher", "b": good == "lower"}.get(better)
        ahead += wins is True
        behind += wins is False
        said = {True: "the VAE is ahead", False: "the autoencoder is ahead", None: "too close"}
        parts.append(
            f"{word} ({what}): VAE {_figure(measure, vae)}, autoencoder {_figure(measure, ae)}, "
            f"{said[wins]}"
        )
    text = (
        f"It holds in {ahead} of {len(MEASURES)} parts. With {asked}: {'; '.join(parts)}."
        f"{_rival(result)}"
    )
    if behind:
        return Verdict("fails", text)
    return Verdict("holds" if ahead == len(MEASURES) else "open", text)


def _figure(measure: str, values: list[float]) -> str:
    mean = interval(values).mean
    return f"{mean:.3f}" if measure == "smoothness" else f"{mean:.0%}"


def _rival(result: Result) -> str:
    """What a mixture makes of the autoencoder, if that is not what was asked for."""
    if result.parameters.sampler == "mixture":
        return ""
    sure = result.of("sure", arm=SAMPLERS["mixture"])
    reached = result.of("coverage", arm=SAMPLERS["mixture"])
    if not sure:
        return ""
    return (
        f" If its codes come from a mixture that is fitted to them, the autoencoder has "
        f"{_figure('sure', sure)} and {_figure('coverage', reached)}."
    )


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Equal for all models", f"network {HIDDEN[0]} - {found.size}, {found.steps} steps"),
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
    ]


def _answer(result: Result) -> float | None:
    values = result.of("coverage", arm=SAMPLERS["prior"])
    other = result.of("coverage", arm=MODELS["vae"])
    if not values or not other:
        return None
    return 100 * (interval(other).mean - interval(values).mean)


def _recipe(found: Parameters, row: Mapping[str, float | int | str]) -> RunConfig | None:
    arm = str(row["arm"])
    kinds = {label: kind for kind, label in MODELS.items()} | dict.fromkeys(SAMPLERS.values(), "ae")
    return config(found, kinds[arm]) if arm in kinds else None


EXPERIMENT = Experiment(
    name="regularity",
    title="Does the latent space have gaps?",
    claim="A VAE's latent space is continuous and complete, an autoencoder's has gaps.",
    why="Nothing tells an autoencoder where to put its codes, so a draw from the standard normal "
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
        ),
        Chart(
            "sure",
            "Complete: samples that the classifier is sure of",
            kind="bars",
            better="higher",
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
        ),
    ),
    prediction=Prediction(
        "Draw the share of unseen images that the samples of each model reach.",
        MODELS["vae"],
        lambda found: [*SAMPLERS.values(), MODELS["vae"], MODELS["beta-vae"]],
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
            ("No, never", "Yes, if its codes are drawn from where its codes are"),
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
    table=(
        "arm", "seed", "sure", "precision", "density", "recall", "coverage", "gaps", "smoothness",
        "flips", "lowest", "from_images", "stretch", "error", "classifier",
    ),
    recipe=_recipe,
)  # fmt: skip
