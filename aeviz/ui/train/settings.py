"""The settings of a run on the Train page: labels, help texts and choices."""

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
    "cosine": "Cosine: slowly down to 0",
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
    "bottleneck.latent_dim", "Code size", "The number of values in the latent code of one image."
)
KIND = Hyperparameter(
    "network.kind",
    "Network",
    "A dense layer sees all pixels at once. A convolution slides small filters over them.",
    choices=("dense", "conv"),  # a unet is for photographs
)
LOSS = Hyperparameter(
    "loss.reconstruction",
    "Reconstruction loss",
    "How the difference between output and image is measured. BCE suits pixels that are nearly "
    "black or white: a pixel that is certain and wrong costs most. MSE: twice the error costs four "
    "times as much. L1: twice the error costs twice as much, so a few large errors matter less.",
    choices=("bce", "mse", "l1"),
)
EPOCHS = Hyperparameter(
    "training.epochs",
    "Epochs",
    "How many times the network sees each training image. This number follows the data set and the "
    "batch size, so that there are enough training steps. Increase it to train for longer.",
)
BATCH = Hyperparameter(
    "training.batch_size",
    "Batch size",
    "Images per step. A larger batch gives a less noisy gradient, but each step takes longer.",
)
RATE = Hyperparameter(
    "training.lr",
    "Learning rate",
    "The size of a step. If it is too large, the loss grows without limit. If it is too small, the "
    "network learns very slowly.",
)
BETA = (
    Hyperparameter(
        "loss.warmup",
        "beta warm-up",
        "The part of the training, or of each cycle, in which β moves from its start to its value. "
        "0: β has its value from the first step.",
        formula=r"\beta(t) = \beta_0 + (\beta - \beta_0) \min(1,\; t / w)",
    ),
    Hyperparameter(
        "loss.beta_start",
        "beta at the start",
        "From 0, the code can become informative before the KL costs anything. From a value above "
        "β, the code begins with the few factors that matter most and adds details later.",
        0,
        20,
    ),
    Hyperparameter(
        "loss.cycles",
        "beta cycles",
        "How many times β starts again (Fu et al. 2019). 1 is a simple warm-up.",
        formula=r"\beta(t) = \beta \cdot \min\big(1,\; (M t \bmod 1) / w\big)",
    ),
    Hyperparameter(
        "loss.free_bits",
        "Free bits",
        "Each dimension of the code may hold this many nats at no cost, so that it does not "
        "collapse. Only in training.",
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
        "Training ends if the validation loss has not fallen for this many epochs. The model of "
        "the best epoch is kept. 0: no early stopping.",
        formula=r"\text{epoch} - \mathrm{argmin}_e L_{\text{val}}(e) \geq p",
    ),
    Hyperparameter(
        "training.optimizer",
        "Optimiser",
        "The rule that turns gradients into steps.",
        choices=("adam", "adamw", "sgd"),
    ),
    Hyperparameter(
        "training.weight_decay", "Weight decay", "Pulls all weights slightly towards zero."
    ),
    Hyperparameter(
        "training.clip", "Gradient clipping", "The largest norm of a gradient. 0: no limit."
    ),
    Hyperparameter(
        "training.augment",
        "Augmentation",
        "Randomly shifts, crops or mirrors the training images.",
    ),
)
LAYERS = (
    Hyperparameter("network.activation", "Activation", "The non-linear function after each layer."),
    Hyperparameter(
        "network.norm", "Normalisation", "Keeps the values of each layer in a similar range."
    ),
    Hyperparameter(
        "network.dropout", "Dropout", "Share of values set to 0 at random in training.", 0, 0.9
    ),
    Hyperparameter(
        "network.residual", "Residual blocks", "Extra blocks after each convolution. Slower."
    ),
    Hyperparameter(
        "network.output", "Output layer", "Sigmoid keeps pixels between 0 and 1. BCE needs it."
    ),
)
MACHINE = (
    Hyperparameter(
        "training.seed", "Seed", "Fixes all random numbers. The same seed repeats the run."
    ),
    Hyperparameter(
        "training.device", "Device", "Where the network trains. Automatic uses a GPU if possible."
    ),
    Hyperparameter(
        "training.precision",
        "Precision",
        "bf16 is faster for large networks on new processors. Automatic chooses the faster one.",
    ),
)
ALL = (CODE_SIZE, KIND, LOSS, EPOCHS, BATCH, RATE, *BETA, *CORRUPTION, *LEARNING, *LAYERS, *MACHINE)
_LABELS = {
    "network.hidden": "Nodes",
    "network.channels": "Channels",
    "bottleneck.kind": "Code",
    "training.beta2": "Adam’s β₂",
} | {
    setting.key: setting.label
    for setting in (*(h for p in PRESETS.values() for h in p.hyperparameters), *ALL)
}
UNBOUNDED = ("training.lr", "training.weight_decay", "training.clip", "loss.free_bits")
"""Numbers that have no useful upper end for a slider."""


def log_steps(low: float, high: float, value: float) -> list[float]:
    """1, 2, 5, 10, ... from low to high, and `value`."""
    series = (float(f"{m}e{e}") for e in range(-6, 7) for m in (1, 2, 5))
    return sorted({value, *(number for number in series if low <= number <= high)})


def value_of(config: RunConfig, key: str) -> Any:
    """The value of the setting with this dotted key."""
    return reduce(getattr, key.split("."), config)


def choices_of(setting: Hyperparameter) -> list[str]:
    """The words that a setting accepts, as RunConfig's types list them; only devices that exist."""
    group: Any = RunConfig()
    *path, last = setting.key.split(".")
    group = type(reduce(getattr, path, group))
    words = list(setting.choices or typing.get_args(typing.get_type_hints(group)[last]))
    if setting.key != "training.device":
        return words

    def exists(word: str) -> bool:
        try:
            pick_device(word)
        except UserError:
            return False
        return True

    return [word for word in words if exists(word)]


def label_of(key: str) -> str:
    """The label of a setting on the Train page: "Code size"; of one without a control, the last
    part of its key."""
    return _LABELS.get(key, key.rpartition(".")[2].replace("_", " ").capitalize())


def with_value(key: str, value: Any) -> str:
    """A setting and its value in few words: "code size 2", "nodes 512, 256", "optimiser AdamW"."""
    label = label_of(key)
    return f"{label[:1].lower()}{label[1:]} {value_in_words(value)}"


def value_in_words(value: Any) -> str:
    """ "2", "512, 256", "AdamW"."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, str):
        return WORDS.get(value, value).partition(":")[0]
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"


def help_of(setting: Hyperparameter) -> str:
    """What a setting does, in one line, and its formula."""
    formula = f"  \n$\\displaystyle {setting.formula}$" if setting.formula else ""
    return setting.help + formula
