"""The settings of a run as the Train page words them: labels, help, choices, numbers."""

from __future__ import annotations

import typing
from functools import reduce
from typing import Any

from aeviz.config import RunConfig
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.presets.autoencoders import AMOUNT, NOISE, PRESETS, Hyperparameter

WORDS = {
    "none": "None",
    "constant": "Constant",
    "bce": "Cross-entropy (BCE)",
    "mse": "Squared error (MSE)",
    "l1": "Absolute error (L1)",
    "dense": "Dense",
    "conv": "Convolutional",
    "auto": "Automatic",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU",
    "mps": "Apple GPU",
    "gaussian": "Gaussian",
    "salt-and-pepper": "Salt and pepper",
    "masking": "Masking",
    "mixed": "All three, mixed",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD with momentum",
    "one-cycle": "One cycle: up, then down",
    "cosine": "Cosine: slowly to 0",
    "shift-flip": "Shift and mirror",
    "crop-flip": "Crop and mirror",
    "batch": "Batch normalisation",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "tanh": "tanh",
    "fp32": "fp32",
    "bf16": "bf16",
}

CODE_SIZE = Hyperparameter(
    "bottleneck.latent_dim", "Code size", "How many numbers one image becomes."
)
KIND = Hyperparameter(
    "network.kind",
    "Network",
    "Dense layers see all pixels at once; convolutions slide small filters over them.",
    choices=("dense", "conv"),  # a unet is for photographs
)
LOSS = Hyperparameter(
    "loss.reconstruction",
    "Reconstruction loss",
    "How the difference between output and image counts. BCE suits pixels that are nearly black or "
    "white; a confident wrong pixel costs most. MSE: twice the error costs four times as much. L1: "
    "twice the error costs twice as much, so a few large errors are forgiven.",
    choices=("bce", "mse", "l1"),
)
EPOCHS = Hyperparameter(
    "training.epochs",
    "Epochs",
    "How many times the network sees each training image. It follows the data set and the batch "
    "size, so that the network learns for enough steps; change it to train for longer.",
)
BATCH = Hyperparameter(
    "training.batch_size",
    "Batch size",
    "Images per step. A larger batch gives a steadier gradient, but each step takes longer.",
)
RATE = Hyperparameter(
    "training.lr",
    "Learning rate",
    "The size of a step. Too large and the loss explodes; too small and nothing happens.",
)
BETA = (
    Hyperparameter(
        "loss.warmup",
        "beta warm-up",
        "Share of the training, or of each cycle, over which β moves from its start to its value. "
        "0: it has its value from the first step.",
        formula=r"\beta(t) = \beta_0 + (\beta - \beta_0) \min(1,\; t / w)",
    ),
    Hyperparameter(
        "loss.beta_start",
        "beta at the start",
        "From 0, the code fills up before the KL costs anything. From a value above β, the code "
        "starts with the few factors that matter most, and takes in details later.",
        0,
        20,
    ),
    Hyperparameter(
        "loss.cycles",
        "beta cycles",
        "How often β starts again (Fu et al. 2019); 1 is a plain warm-up.",
        formula=r"\beta(t) = \beta \cdot \min\big(1,\; (M t \bmod 1) / w\big)",
    ),
    Hyperparameter(
        "loss.free_bits",
        "Free bits",
        "Nats each code dimension may hold at no cost, so that none collapses; in training only.",
        formula=r"\beta \sum_j \max(\lambda,\; \mathrm{KL}_j)",
    ),
)
CORRUPTION = (NOISE, AMOUNT)
LEARNING = (
    Hyperparameter(
        "training.schedule",
        "Schedule",
        "How the learning rate changes during training.",
        formula=r"\text{cosine: } \eta(t) = \eta\, \tfrac{1}{2} (1 + \cos \pi t)",
    ),
    Hyperparameter(
        "training.patience",
        "Early stopping",
        "Ends once the validation loss has not fallen for so many epochs, and keeps the best one; "
        "0 never.",
        formula=r"\text{epoch} - \mathrm{argmin}_e L_{\text{val}}(e) \geq p",
    ),
    Hyperparameter(
        "training.optimizer",
        "Optimiser",
        "The rule that turns gradients into steps.",
        choices=("adam", "adamw", "sgd"),
    ),
    Hyperparameter(
        "training.weight_decay", "Weight decay", "Pulls all weights a little towards zero."
    ),
    Hyperparameter(
        "training.clip", "Gradient clipping", "Longest gradient a step may have; 0 sets no limit."
    ),
    Hyperparameter(
        "training.augment",
        "Augmentation",
        "Changes the training images at random: shifts, crops or mirrors them.",
    ),
)
LAYERS = (
    Hyperparameter(
        "network.activation", "Activation", "What bends the layers; without it they are linear."
    ),
    Hyperparameter(
        "network.norm", "Normalisation", "Keeps each layer's values in one range over a batch."
    ),
    Hyperparameter(
        "network.dropout", "Dropout", "Share of values dropped at random while it trains.", 0, 0.9
    ),
    Hyperparameter(
        "network.residual", "Residual blocks", "Extra blocks per convolution: deeper and slower."
    ),
    Hyperparameter(
        "network.output", "Output layer", "Sigmoid keeps pixels in 0 to 1, as BCE needs; or linear."
    ),
)
MACHINE = (
    Hyperparameter(
        "training.seed", "Seed", "Fixes weights, order and noise: the same seed repeats the run."
    ),
    Hyperparameter(
        "training.device", "Device", "Where it trains. Automatic takes a GPU where there is one."
    ),
    Hyperparameter(
        "training.precision",
        "Precision",
        "bf16 is faster for large networks on new chips. Automatic takes the faster one.",
    ),
)
ALL = (CODE_SIZE, KIND, LOSS, EPOCHS, BATCH, RATE, *BETA, *CORRUPTION, *LEARNING, *LAYERS, *MACHINE)
_LABELS = {
    "network.hidden": "nodes",
    "network.channels": "channels",
    "bottleneck.kind": "code",
    "training.beta2": "Adam’s β₂",
} | {knob.key: knob.label for knob in (*(k for p in PRESETS.values() for k in p.knobs), *ALL)}
PLAIN = ("training.lr", "training.weight_decay", "training.clip", "loss.free_bits")
"""Numbers without an upper end worth a slider."""


def log_steps(low: float, high: float, value: float) -> list[float]:
    """1, 2, 5, 10, ... from low to high, and the value the preset has."""
    series = (float(f"{m}e{e}") for e in range(-6, 7) for m in (1, 2, 5))
    return sorted({value, *(number for number in series if low <= number <= high)})


def value_of(config: RunConfig, key: str) -> Any:
    """The setting a dotted key names."""
    return reduce(getattr, key.split("."), config)


def usable_words(knob: Hyperparameter) -> list[str]:
    """The words a setting knows, as RunConfig's types list them; devices only where they are."""
    group: Any = RunConfig()
    *path, last = knob.key.split(".")
    group = type(reduce(getattr, path, group))
    words = list(knob.choices or typing.get_args(typing.get_type_hints(group)[last]))
    if knob.key != "training.device":
        return words

    def is_there(word: str) -> bool:
        try:
            pick_device(word)
        except UserError:
            return False
        return True

    return [word for word in words if is_there(word)]


def in_words(problem: str) -> str:
    """A sentence about settings, with the names the page has for them."""
    for knob in ALL:
        for form in (f" ({knob.key})", knob.key):
            problem = problem.replace(form, "" if form[0] == " " else f"“{knob.label}”")
    return problem.replace("network.hidden", "“Nodes”").replace("network.channels", "“Channels”")


def told(key: str, value: Any) -> str:
    """A setting and its value in few words: "code size 2", "nodes 512, 256", "optimiser AdamW"."""
    label = _LABELS.get(key, key.rpartition(".")[2].replace("_", " "))
    if isinstance(value, tuple):
        text = ", ".join(map(str, value)) or "none"
    elif isinstance(value, str):
        text = WORDS.get(value, value).partition(":")[0]
    else:
        text = f"{value:g}" if isinstance(value, float) else f"{value:,}"
    return f"{label[:1].lower()}{label[1:]} {text}"


def help_of(knob: Hyperparameter) -> str:
    """What a setting does, in one line, and its formula."""
    return f"{knob.help}  \n$\\displaystyle {knob.formula}$" if knob.formula else knob.help


def size_in_words(count: float) -> str:
    """Bytes for people: "4.4 MB", "310 MB", "1.2 GB"."""
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if count >= size:
            return f"{count / size:.{0 if count >= 10 * size else 1}f} {unit}"
    return f"{max(1, round(count / 2**10))} kB"


def times(number: int) -> str:
    """How often, in words: "once", "twice", "38 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def count_in_words(number: int) -> str:
    """1,137,184 as "1.1 M"."""
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 10_000 else f"{number:,}"


def duration(seconds: float) -> str:
    """Seconds for people: "40 s", "3 min", "2 h"; rounded as far as a guess deserves."""
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
