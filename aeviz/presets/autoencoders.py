"""The types of autoencoder: each a named preset over network x bottleneck x corruption x loss.

One table. Pages, the command line and the tests read it, so a new type is one entry here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from aeviz import datasets
from aeviz.config import (
    BottleneckConfig,
    CorruptionConfig,
    LossConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from aeviz.errors import UserError
from aeviz.presets.defaults import for_data


@dataclass(frozen=True)
class Hyperparameter:
    """The setting that makes a type what it is: a dotted RunConfig key, shown as a control.

    `choices` where it is one of a few words; else a number between low and high, on a logarithmic
    scale where `log`. `formula`: in LaTeX, what the number does.
    """

    key: str
    label: str
    help: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[str, ...] = ()
    formula: str = ""


@dataclass(frozen=True)
class Preset:
    """A type of autoencoder: what it is called, how it works, and where its settings start.

    `config` has the settings for its own data set; `on` has those for another one. `steps`: how
    many times a training moves the weights, about, whatever the number of images.
    """

    name: str
    title: str
    idea: str
    formula: str
    try_this: str
    config: RunConfig
    hyperparameters: tuple[Hyperparameter, ...] = ()
    steps: int = 1200

    def on(self, source: datasets.Source) -> RunConfig:
        """The settings for this data set (`aeviz/presets/defaults.py` has the rules)."""
        return for_data(self.config, source, self.steps)


def _table(*presets: Preset) -> dict[str, Preset]:
    return {preset.name: _sized(preset) for preset in presets}


def _sized(preset: Preset) -> Preset:
    return dataclasses.replace(preset, config=preset.on(datasets.DATASETS[preset.config.dataset]))


_CONV = NetworkConfig(kind="conv", hidden=(256,), channels=(32, 64))


def _short(lr: float, batch_size: int = 128) -> TrainingConfig:
    """A training of few steps: one cycle up to a high rate, with an Adam that soon forgets.

    `benchmarks/defaults.py` has what was tried and what each type reaches.
    """
    return TrainingConfig(lr=lr, batch_size=batch_size, beta2=0.98, schedule="one-cycle")


NOISE = Hyperparameter(
    "corruption.kind",
    "Noise",
    "What is done to the image before it is encoded. The loss compares with the clean image.",
    choices=("none", "gaussian", "salt-and-pepper", "masking", "mixed"),
)
AMOUNT = Hyperparameter(
    "corruption.amount",
    "Noise amount",
    "Standard deviation (Gaussian) or share of pixels hit (the others).",
    formula=r"\tilde{x} = x + a\,\epsilon \quad\text{or}\quad P(\text{hit}) = a",
)

PRESETS: dict[str, Preset] = _table(
    Preset(
        "standard",
        "Standard (undercomplete)",
        "The code is narrower than the image, so the network cannot copy: it must find what "
        "images have in common. The encoder turns an image into the code, the decoder turns the "
        "code back into an image. What does not fit into the code is lost.",
        r"\min_{f,g}\; \mathbb{E}_x\, L\big(x,\, g(f(x))\big)",
        "Halve the code size again and again: which digits blur into which first?",
        RunConfig(
            type="standard",
            network=NetworkConfig(hidden=(128,), norm="batch"),
            bottleneck=BottleneckConfig(latent_dim=32),
            training=_short(0.006),
        ),
    ),
    Preset(
        "linear",
        "Linear (= PCA)",
        "No hidden layer and no activation. With squared error, the best such network spans "
        "exactly the subspace of the first principal components: on the images that it learns "
        "from it can reach PCA's error, and never beat it.",
        r"\min_{W,V,b,c}\; \mathbb{E}_x \lVert x - V (W x + b) - c \rVert^2 "
        r"\;\Rightarrow\; \mathrm{span}(V) = "
        r"\mathrm{span}(\text{first } d \text{ principal components})",
        "Compare its error with a deep autoencoder's at the same code size.",
        RunConfig(
            type="linear",
            network=NetworkConfig(hidden=(), activation="none", output="linear"),
            bottleneck=BottleneckConfig(latent_dim=16),
            loss=LossConfig(reconstruction="mse"),
            training=_short(0.02, batch_size=512),
        ),
        steps=3000,
    ),
    Preset(
        "deep",
        "Deep (stacked)",
        "Several layers on each side let the decoder's images form a curved surface, which "
        "follows the data better than PCA's flat one. So a deep network that is trained long "
        "enough can rebuild more from the same number of code values.",
        r"z = f_3(f_2(f_1(x))), \quad \hat{x} = g_1(g_2(g_3(z)))",
        "Take layers away one at a time. What happens to the reconstruction error?",
        RunConfig(
            type="deep",
            network=NetworkConfig(hidden=(512, 256, 128), norm="batch"),
            bottleneck=BottleneckConfig(latent_dim=16),
            training=_short(0.004),
        ),
    ),
    Preset(
        "convolutional",
        "Convolutional",
        "Small filters slide over the image, so what is learnt in one corner holds in all of "
        "them. Each block halves the image and sees twice as far. A filter has few weights, as "
        "all places of the image share them.",
        r"h_{l+1} = \sigma(W_l \ast_{\text{stride } 2} h_l + b_l)",
        "Give it the deep network's code size. Whose reconstructions are sharper?",
        RunConfig(
            type="convolutional",
            network=_CONV,
            bottleneck=BottleneckConfig(latent_dim=16),
            training=_short(0.004),
        ),
        steps=800,
    ),
    Preset(
        "overcomplete",
        "Overcomplete (learns to copy)",
        "If the code is wider than the image and nothing else holds it back, the network can "
        "pass every pixel through. Its error can be very low although the code says nothing "
        "about what images have in common. Sparse, contractive and denoising autoencoders are "
        "made to prevent that.",
        r"\dim z > \dim x \;\Rightarrow\; g(f(x)) = x \text{ is possible without learning}",
        "Train it on digits, then upload a picture of something else. Does it copy that, too?",
        RunConfig(
            type="overcomplete",
            network=NetworkConfig(hidden=(), output="linear"),
            bottleneck=BottleneckConfig(latent_dim=1024),
            loss=LossConfig(reconstruction="mse"),
            training=_short(0.002),
        ),
    ),
    Preset(
        "sparse",
        "Sparse (L1)",
        "The code may be wide, but each active unit costs something, so every image uses only a "
        "few. Units often become detectors of parts: strokes, loops, ends. Sparsity takes the "
        "place of a narrow code.",
        r"L(x, \hat{x}) + \lambda \sum_j |z_j|",
        "Raise the weight until only a handful of units are active for each image.",
        RunConfig(
            type="sparse",
            network=NetworkConfig(hidden=(), init="glorot"),
            bottleneck=BottleneckConfig(latent_dim=256, activation="relu"),
            loss=LossConfig(penalty="l1", weight=1.4),
            training=_short(0.003),
        ),
        (
            Hyperparameter(
                "loss.weight",
                "L1 weight",
                "What each unit of activation costs. More: fewer active units, more error.",
                1e-3,
                100,
                log=True,
                formula=r"\lambda \sum_j |z_j|",
            ),
        ),
    ),
    Preset(
        "sparse-kl",
        "Sparse (KL)",
        "Each unit's mean activation over the images is held at a small rho, so most units are "
        "nearly off for most images. The penalty is the KL divergence between rho and the mean "
        "that is observed. Unlike L1 it also wakes up units that never fire.",
        r"L(x, \hat{x}) + \lambda \sum_j \mathrm{KL}\big(\rho \,\Vert\, \hat\rho_j\big)",
        "Set rho to 0.5: the code is not sparse any more. What has become of the filters?",
        RunConfig(
            type="sparse-kl",
            network=NetworkConfig(hidden=()),
            bottleneck=BottleneckConfig(latent_dim=256, activation="sigmoid"),
            loss=LossConfig(penalty="kl-sparsity", weight=2.0, rho=0.05),
            training=_short(0.01),
        ),
        (
            Hyperparameter(
                "loss.rho",
                "Target activity rho",
                "The mean activation that each unit is held at, over the images of a batch.",
                0.01,
                0.5,
                formula=r"\textstyle\sum_j \mathrm{KL}(\rho \,\Vert\, \hat\rho_j), \quad "
                r"\hat\rho_j = \frac{1}{N}\sum_i z_{ij}",
            ),
            Hyperparameter(
                "loss.weight",
                "Sparsity weight",
                "How strongly each unit is held to rho.",
                1e-3,
                100,
                log=True,
                formula=r"\lambda \sum_j \mathrm{KL}(\rho \,\Vert\, \hat\rho_j)",
            ),
        ),
    ),
    Preset(
        "contractive",
        "Contractive",
        "The encoder's Jacobian is kept small: moving a pixel a little must hardly move the "
        "code. Only directions that matter for rebuilding the data keep their size: those "
        "that lead from one image to another like it.",
        r"L(x, \hat{x}) + \lambda \left\lVert \frac{\partial f(x)}{\partial x} \right\rVert_F^2",
        "Raise the weight. What happens to the Jacobian's singular values, and to the error?",
        RunConfig(
            type="contractive",
            network=NetworkConfig(hidden=(128,), activation="tanh"),
            bottleneck=BottleneckConfig(latent_dim=16),
            loss=LossConfig(penalty="contractive", weight=0.5),
            training=_short(0.01),
        ),
        (
            Hyperparameter(
                "loss.weight",
                "Jacobian weight",
                "What it costs if the code moves when the image does.",
                1e-3,
                100,
                log=True,
                formula=r"\lambda\, \lVert \partial z / \partial x \rVert_F^2",
            ),
        ),
        steps=700,
    ),
    Preset(
        "denoising",
        "Denoising",
        "It sees a corrupted image and is asked for the clean one. Copying no longer pays: to "
        "remove the noise it must know what images look like. At best it answers with the "
        "average of the clean images that the noisy one may have come from.",
        r"\mathbb{E}_{\tilde{x} \sim C(x)}\, L\big(x,\, g(f(\tilde{x}))\big)",
        "Train on one kind of noise and restore another: what carries over?",
        RunConfig(
            type="denoising",
            network=NetworkConfig(hidden=(512,), norm="batch"),
            bottleneck=BottleneckConfig(latent_dim=64),
            corruption=CorruptionConfig(kind="mixed", amount=0.5),
            training=_short(0.004),
        ),
        (
            Hyperparameter("corruption.kind", NOISE.label, NOISE.help, choices=NOISE.choices[1:]),
            AMOUNT,
        ),
    ),
    Preset(
        "vae",
        "Variational (VAE)",
        "Each image's code is a small Gaussian cloud, not a point, and the KL pulls every cloud "
        "towards one standard normal. That leaves few empty places between the codes, so you can "
        "draw a code from the standard normal and decode it to a new image.",
        r"\mathcal{L} = \mathbb{E}_{q(z|x)}[\log p(x|z)] - \mathrm{KL}\big(q(z|x) \,\Vert\, "
        r"\mathcal{N}(0, I)\big), \quad z = \mu + \sigma \odot \epsilon",
        "Set the code size to 2 and walk over the map: digits turn into one another.",
        RunConfig(
            type="vae",
            network=NetworkConfig(hidden=(512, 256, 256, 128), norm="batch"),
            bottleneck=BottleneckConfig(kind="gaussian", latent_dim=4),
            training=_short(0.006),
        ),
        (
            Hyperparameter(
                "loss.beta",
                "beta",
                "Weight of the KL. Less: sharper reconstructions. More: codes closer to the "
                "standard normal. 1 is the ELBO if the loss is cross-entropy and pixels are black "
                "or white.",
                0.01,
                20,
                log=True,
                formula=r"L(x, \hat{x}) + \beta\, \mathrm{KL}(q(z|x) \,\Vert\, p(z))",
            ),
        ),
        steps=2000,
    ),
    Preset(
        "beta-vae",
        "beta-VAE (disentangling)",
        "A VAE whose KL counts more than once. Information becomes expensive, so few dimensions "
        "stay in use. Often each then follows one property, such as place or size, but nothing "
        "guarantees that (Locatello et al. 2019). Here beta starts at 8 and falls to its value: "
        "the code finds the properties that matter most first, and takes in details later.",
        r"\mathbb{E}_{q(z|x)}[\log p(x|z)] - \beta\, \mathrm{KL}\big(q(z|x) \,\Vert\, "
        r"\mathcal{N}(0, I)\big), \quad \beta > 1",
        "Move one slider at a time. Does a single property of the picture change?",
        RunConfig(
            type="beta-vae",
            dataset="shapes",
            network=NetworkConfig(kind="conv", hidden=(128,), channels=(16, 32)),
            bottleneck=BottleneckConfig(kind="gaussian", latent_dim=10),
            loss=LossConfig(beta=2.0, beta_start=8.0, warmup=0.8),
            training=_short(0.004),
        ),
        (
            Hyperparameter(
                "loss.beta",
                "beta",
                "Weight of the KL. More: fewer dimensions in use, and less detail.",
                1,
                50,
                log=True,
                formula=r"L(x, \hat{x}) + \beta\, \mathrm{KL}(q(z|x) \,\Vert\, p(z))",
            ),
        ),
        steps=1600,
    ),
)


def preset(name: str) -> Preset:
    """The preset of this name; UserError with the list of names where there is none."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UserError(
            f"There is no type called {name[:40]!r}: choose one of {', '.join(PRESETS)}."
        ) from None


def settings_for(name: str, dataset: str | None = None) -> RunConfig:
    """Where the settings of this type start on this data set; on its own where none is named.

    UserError for an unknown type; an unknown data set fails when it is loaded.
    """
    row = preset(name)
    source = datasets.get(dataset) if dataset else None
    if source is not None:
        return row.on(source)
    return dataclasses.replace(row.config, dataset=dataset or row.config.dataset)


def title(config: RunConfig) -> str:
    """What a run is called: by its own name, or by its type and data."""
    return config.name or f"{kind_of(config)} on {data_of(config)}"


def kind_of(config: RunConfig) -> str:
    """Its type as people read it; a type without a preset by its own name."""
    return PRESETS[config.type].title if config.type in PRESETS else config.type


def data_of(config: RunConfig) -> str:
    """Its data set as people read it; one that is gone by its own name."""
    source = datasets.get(config.dataset)
    return source.title if source else config.dataset
