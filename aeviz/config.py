"""RunConfig: all settings of a training run, as frozen, validated, plain data.

The same RunConfig gives the same network, the same order of images and the same result. It goes to
JSON and back unchanged. Unknown keys and values out of range are a UserError.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aeviz.errors import UserError
from aeviz.io import json_file, plain_data

Activation = Literal["relu", "leaky_relu", "gelu", "silu", "elu", "tanh", "sigmoid", "none"]
CorruptionKind = Literal["none", "gaussian", "salt-and-pepper", "masking", "mixed"]
DegradationKind = Literal["noise", "impulse", "watermark", "holes", "x2", "x4", "jpeg", "grey"]
Device = Literal["auto", "cpu", "cuda", "mps"]

MAX_WIDTH = 8192
MAX_CODE = 4096
MAX_LAYERS = 12
MAX_EPOCHS = 10_000


def _between(key: str, value: float, low: float, high: float, what: str = "The value") -> None:
    if not low <= value <= high:  # NaN fails, too
        text = f"{what} must be between {low:.10g} and {high:.10g}; it is {value:.10g}."
        raise UserError(text, key)


@dataclass(frozen=True)
class NetworkConfig:
    """The encoder; the decoder is its mirror image.

    `kind` dense: `hidden` are the widths of the layers between image and code.
    `kind` conv: one block that halves the image per entry of `channels` (each followed by
    `residual` residual blocks), then dense layers of the `hidden` widths.
    `kind` unet: fully convolutional, for photographs of any size (`aeviz.nn.unet`), with
    `residual` blocks on each side of each of the `channels`, and with or without `skips`. With
    skips, the output is a `change` of the photograph: a value to add to each pixel; or a matte,
    the opacity of something laid over the photograph, such as a watermark.
    `init` of the weights: fan-in is PyTorch's default, glorot is Keras's.
    """

    kind: Literal["dense", "conv", "unet"] = "dense"
    hidden: tuple[int, ...] = (512, 256)
    channels: tuple[int, ...] = (32, 64)
    residual: int = 0
    skips: Literal["all", "none"] = "all"
    change: Literal["add", "matte"] = "add"
    activation: Activation = "relu"
    norm: Literal["none", "batch"] = "none"
    dropout: float = 0.0
    output: Literal["sigmoid", "linear"] = "sigmoid"
    init: Literal["fan-in", "glorot"] = "fan-in"

    def __post_init__(self) -> None:
        for key, widths in (("network.hidden", self.hidden), ("network.channels", self.channels)):
            if len(widths) > MAX_LAYERS:
                raise UserError(f"Use at most {MAX_LAYERS} layers.", key)
            for width in widths:
                _between(key, width, 1, MAX_WIDTH, "Each width")
        if self.kind == "conv" and not self.channels:
            raise UserError("A convolutional network needs at least one layer.", "network.channels")
        if self.kind == "unet" and not 1 <= len(self.channels) <= 3:
            raise UserError("A U-Net needs one to three layers.", "network.channels")
        _between("network.residual", self.residual, 0, 8)
        _between("network.dropout", self.dropout, 0, 0.9)


@dataclass(frozen=True)
class BottleneckConfig:
    """The code: `latent_dim` numbers, a point (deterministic) or a Gaussian (mu, logvar).

    A unet's code is a map with `latent_dim` channels.
    """

    kind: Literal["deterministic", "gaussian"] = "deterministic"
    latent_dim: int = 16
    activation: Literal["none", "relu", "sigmoid"] = "none"

    def __post_init__(self) -> None:
        _between("bottleneck.latent_dim", self.latent_dim, 1, MAX_CODE)
        if self.kind == "gaussian" and self.activation != "none":
            raise UserError(
                "A Gaussian bottleneck has no activation. Set this to none.",
                "bottleneck.activation",
            )


@dataclass(frozen=True)
class CorruptionConfig:
    """The noise on x before it is encoded; the loss always compares with the clean x.

    `amount`: standard deviation on the [0, 1] scale (gaussian), or share of pixels
    (salt-and-pepper, masking). `mixed` draws kind and amount at random for each image. The
    degradations of photographs draw their own amounts (`aeviz.degradations`).
    """

    kind: Literal[CorruptionKind, DegradationKind] = "none"
    amount: float = 0.5

    def __post_init__(self) -> None:
        _between("corruption.amount", self.amount, 0, 1)


@dataclass(frozen=True)
class LossConfig:
    """Reconstruction + beta x KL + weight x penalty, in the reductions of `aeviz.nn.losses`.

    The training has `cycles` equal parts. In the first `warmup` share of each, beta goes from
    `beta_start` to its value. The KL of a latent dimension costs nothing up to `free_bits` nats.
    """

    reconstruction: Literal["bce", "mse", "l1", "log-mse"] = "bce"
    beta: float = 1.0
    beta_start: float = 0.0
    warmup: float = 0.0
    cycles: int = 1
    free_bits: float = 0.0
    penalty: Literal["none", "l1", "kl-sparsity", "contractive"] = "none"
    weight: float = 0.0
    rho: float = 0.05

    def __post_init__(self) -> None:
        _between("loss.beta", self.beta, 0, 1000)
        _between("loss.beta_start", self.beta_start, 0, 1000)
        _between("loss.warmup", self.warmup, 0, 1)
        _between("loss.cycles", self.cycles, 1, 1000)
        if self.cycles > 1 and not self.warmup:
            raise UserError(
                "With several beta cycles, beta must change in each of them. Set the warm-up "
                "above 0; 0.5 is usual.",
                "loss.warmup",
            )
        _between("loss.free_bits", self.free_bits, 0, 100)
        _between("loss.weight", self.weight, 0, 1e6)
        _between("loss.rho", self.rho, 1e-4, 0.999)


@dataclass(frozen=True)
class TrainingConfig:
    """Length, optimizer, seed and device of a training.

    `patience`: training ends early if the validation loss has not fallen for so many epochs (0:
    never), and the best epoch is kept.
    `beta2`: Adam's and AdamW's decay of the squared gradients' moving mean (Kingma & Ba 2015);
    restorers of photographs use 0.99.
    `crop`: side of the random squares of photographs, which are also turned and mirrored.
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: Literal["adam", "adamw", "sgd", "muon"] = "adam"
    lr: float = 1e-3
    beta2: float = 0.999
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    clip: float = 0.0
    patience: int = 0
    augment: Literal["none", "shift", "shift-flip", "crop-flip"] = "none"
    crop: int = 0
    seed: int = 0
    device: Device = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        _between("training.epochs", self.epochs, 1, MAX_EPOCHS)
        _between("training.batch_size", self.batch_size, 1, 65_536)
        _between("training.lr", self.lr, 1e-8, 1e4)
        _between("training.beta2", self.beta2, 0, 0.99999)
        _between("training.weight_decay", self.weight_decay, 0, 10)
        _between("training.clip", self.clip, 0, 1e6)
        _between("training.patience", self.patience, 0, 10_000)
        _between("training.crop", self.crop, 0, 1024)
        _between("training.seed", self.seed, 0, 2**31 - 1)


@dataclass(frozen=True)
class RunConfig:
    """One run: data set, network, bottleneck, corruption, loss and training."""

    name: str = ""
    type: str = "standard"
    dataset: str = "mnist-5k"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    bottleneck: BottleneckConfig = field(default_factory=BottleneckConfig)
    corruption: CorruptionConfig = field(default_factory=CorruptionConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        for key, limit in (("name", 80), ("type", 40), ("dataset", 80)):
            if len(getattr(self, key)) > limit:
                raise UserError(f"Use at most {limit} characters.", key)
            if not getattr(self, key).isprintable():
                raise UserError("Some characters cannot be shown. Use plain text.", key)
        if self.loss.reconstruction == "bce" and self.network.output != "sigmoid":
            raise UserError(
                "Binary cross-entropy needs outputs between 0 and 1. Use a sigmoid output layer, "
                "or squared error (mse) as the reconstruction loss.",
                "network.output",
            )
        if self.loss.penalty == "kl-sparsity" and self.bottleneck.activation != "sigmoid":
            raise UserError(
                "KL sparsity compares activations with rho, which is between 0 and 1. Use a "
                "sigmoid activation for the code.",
                "bottleneck.activation",
            )
        self._check_unet()
        if self.bottleneck.kind == "gaussian" and self.loss.penalty != "none":
            raise UserError(
                "The KL already regularises a Gaussian bottleneck. Set the penalty to none.",
                "loss.penalty",
            )

    def _check_unet(self) -> None:
        degradations = typing.get_args(DegradationKind)
        degraded = self.corruption.kind in degradations
        if degraded != (self.network.kind == "unet"):
            if degraded:
                raise UserError("This corruption is for photographs. Use a unet.", "network.kind")
            raise UserError(
                f"A unet is for photographs. Use one of {', '.join(degradations)}.",
                "corruption.kind",
            )
        if not degraded:
            if self.training.optimizer == "muon":
                raise UserError("Muon is for a unet. Use adam, adamw or sgd.", "training.optimizer")
            return
        if self.training.crop < 32 or self.training.crop % 8:
            raise UserError("For a unet, use a multiple of 8, at least 32.", "training.crop")
        if self.training.optimizer not in ("muon", "adamw"):
            raise UserError("For a unet, use muon or adamw.", "training.optimizer")
        if self.bottleneck.kind != "deterministic":
            raise UserError("For a unet, use deterministic.", "bottleneck.kind")
        matte = self.network.change == "matte"
        if self.network.output != ("sigmoid" if matte else "linear"):
            raise UserError(
                "For a unet, use sigmoid if network.change is matte, and linear otherwise.",
                "network.output",
            )
        if matte != (self.loss.reconstruction == "bce"):
            raise UserError(
                "For a unet, use bce if network.change is matte, and another loss otherwise.",
                "loss.reconstruction",
            )
        if matte and self.network.skips == "none":
            raise UserError("A matte needs skip connections. Use all.", "network.skips")
        if matte and self.corruption.kind != "watermark":
            raise UserError("A matte is for watermarks. Use watermark.", "corruption.kind")

    def to_dict(self) -> dict[str, Any]:
        """As plain data. The inverse of `from_dict`."""
        return dataclasses.asdict(self)

    def flat(self) -> dict[str, Any]:
        """As plain data by dotted key: `{"network.hidden": (400,), ...}`."""
        return plain_data.flatten(self.to_dict())

    def to_json(self) -> str:
        """As JSON with sorted keys. The inverse of `from_json`."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Builds and validates. A wrong key, type or range is a UserError."""
        return plain_data.build(cls, data)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Builds and validates. Text that is not JSON is a UserError, too."""
        try:
            data = json_file.parse(text)
        except ValueError as error:
            raise UserError("The configuration is not valid JSON.") from error
        return cls.from_dict(data)

    def replace(self, **dotted: Any) -> Self:
        """A copy with dotted keys changed: `replace(**{"network.hidden": [400]})`."""
        data = self.to_dict()
        for key, value in dotted.items():
            *path, last = key.split(".")
            node = data
            for part in path:
                child = node.get(part)
                if not isinstance(child, dict):
                    raise UserError(f"There is no setting called {key[:80]!r}.")
                node = child
            if last not in node:
                raise UserError(f"There is no setting called {key[:80]!r}.")
            if isinstance(node[last], dict):
                group = ", ".join(node[last])
                raise UserError(f"This is a group of settings. Name one of {group} in it.", key)
            node[last] = value
        return type(self).from_dict(data)
