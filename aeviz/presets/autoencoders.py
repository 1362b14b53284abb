"""The types of autoencoder, as presets: network x bottleneck x corruption x loss.

Pages, the command line and the tests read this table, so a new type is one entry here.
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
    """A setting that the Train page shows: its dotted RunConfig key and the texts of its control.

    With `choices` it is one of a few words, otherwise a number between `low` and `high`. `log`:
    a logarithmic scale. `formula`: LaTeX, what the setting does.
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
    """A type of autoencoder: its name, an explanation, and the settings it starts with.

    `config` has the settings for its own data set, `on` those for another one. `steps`: the
    approximate number of training steps, whatever the number of images. `hyperparameters`: the
    settings that define the type.
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
    """A short training: one cycle up to a high learning rate, with a short memory in Adam.

    `benchmarks/defaults.py` has the alternatives and the loss that each type reaches.
    """
    return TrainingConfig(lr=lr, batch_size=batch_size, beta2=0.98, schedule="one-cycle")


NOISE = Hyperparameter(
    "corruption.kind",
    "Noise",
    "Noise that is added to the image before it is encoded. The loss compares the output with the "
    "clean image.",
    choices=("none", "gaussian", "salt-and-pepper", "masking", "mixed"),
)
AMOUNT = Hyperparameter(
    "corruption.amount",
    "Noise amount",
    "Gaussian: the standard deviation. Other noise: the share of pixels that change.",
    formula=r"\tilde{x} = x + a\,\epsilon \quad\text{or}\quad P(\text{change}) = a",
)

PRESETS: dict[str, Preset] = _table(
    Preset(
        "standard",
        "Standard (undercomplete)",
        "The encoder turns an image into a short code. The decoder turns the code back into an "
        "image. The code has fewer numbers than the image, so the network cannot copy: it must "
        "find what the images have in common. What does not fit into the code is lost.",
        r"\min_{f,g}\; \mathbb{E}_x\, L\big(x,\, g(f(x))\big)",
        "Halve the code size several times. Which digits become hard to tell apart first?",
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
        "It has no hidden layer and no activation. With squared error, the best network of this "
        "kind spans the same subspace as the first principal components (PCA). On its training "
        "images it can reach PCA's error, but never a lower one.",
        r"\min_{W,V,b,c}\; \mathbb{E}_x \lVert x - V (W x + b) - c \rVert^2 "
        r"\;\Rightarrow\; \mathrm{span}(V) = "
        r"\mathrm{span}(\text{first } d \text{ principal components})",
        "Compare its error with that of a deep autoencoder with the same code size.",
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
        "With several layers on each side, the images that the decoder can make form a curved "
        "surface. It follows the data better than the flat one of PCA. So a deep network can "
        "reconstruct more from the same code size, if it trains long enough.",
        r"z = f_3(f_2(f_1(x))), \quad \hat{x} = g_1(g_2(g_3(z)))",
        "Remove one layer at a time. What happens to the reconstruction error?",
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
        "Small filters slide over the image, so what the network learns in one corner works "
        "everywhere. Each block halves the sides of the image, so the next filters see twice as "
        "far. A filter has few weights, because all places in the image share them.",
        r"h_{l+1} = \sigma(W_l \ast_{\text{stride } 2} h_l + b_l)",
        "Use the code size of the deep network. Which reconstructions are sharper?",
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
        "The code has more numbers than the image, so the network can simply copy every pixel. "
        "Its error can be very low, although the code shows nothing that the images have in "
        "common. Sparse, contractive and denoising autoencoders prevent this in three ways.",
        r"\dim z > \dim x \;\Rightarrow\; g(f(x)) = x \text{ is possible without learning}",
        "Train it on digits, then upload a picture of something else. Does it copy it, too?",
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
        "The code may be large, but each active unit adds to the loss, so every image uses only "
        "a few units. Units often learn to detect parts, such as strokes, loops and ends. "
        "Sparsity replaces the small code as the limit.",
        r"L(x, \hat{x}) + \lambda \sum_j |z_j|",
        "Raise the weight until only about five units are active for each image.",
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
                "How much an activation adds to the loss. Higher: fewer active units, more error.",
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
        "A penalty keeps the mean activation of each unit close to a small value, rho. So most "
        "units are nearly off for most images. The penalty is the KL divergence between rho and "
        "the mean that is measured. Unlike L1, it also activates units that are always off.",
        r"L(x, \hat{x}) + \lambda \sum_j \mathrm{KL}\big(\rho \,\Vert\, \hat\rho_j\big)",
        "Set rho to 0.5, so that the code is no longer sparse. How do the filters change?",
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
                "The mean activation that each unit should have over a batch of images.",
                0.01,
                0.5,
                formula=r"\textstyle\sum_j \mathrm{KL}(\rho \,\Vert\, \hat\rho_j), \quad "
                r"\hat\rho_j = \frac{1}{N}\sum_i z_{ij}",
            ),
            Hyperparameter(
                "loss.weight",
                "Sparsity weight",
                "How strongly the penalty pulls each unit towards rho.",
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
        "A penalty keeps the Jacobian of the encoder small, so that a small change of a pixel "
        "hardly changes the code. The code still follows the directions that matter for the "
        "reconstruction: those that lead from one image to similar ones.",
        r"L(x, \hat{x}) + \lambda \left\lVert \frac{\partial f(x)}{\partial x} \right\rVert_F^2",
        "Raise the weight. What happens to the singular values of the Jacobian, and to the error?",
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
                "How much the loss grows if the code changes with small changes of the image.",
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
        "The network gets a noisy image and has to give back the clean one. Copying does not "
        "help: to remove the noise, it must learn what the images look like. Its best possible "
        "output is the mean of all clean images that could have become this noisy one.",
        r"\mathbb{E}_{\tilde{x} \sim C(x)}\, L\big(x,\, g(f(\tilde{x}))\big)",
        "Train with one kind of noise, then restore images with another. Does it still work?",
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
        "The code of an image is a small Gaussian distribution, not a point. The KL divergence "
        "pulls all of these towards one standard normal distribution, so there are few empty "
        "places between the codes. You can draw a code at random and decode it to a new image.",
        r"\begin{gathered} \mathcal{L} = \mathbb{E}_{q(z|x)}[\log p(x|z)] - "
        r"\mathrm{KL}\big(q(z|x) \,\Vert\, \mathcal{N}(0, I)\big) \\ "
        r"z = \mu + \sigma \odot \epsilon \end{gathered}",
        "Set the code size to 2, then move over the map. Where does one digit turn into another?",
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
                "The weight of the KL. Lower: sharper reconstructions. Higher: codes closer to the "
                "standard normal distribution. With 1, cross-entropy and black or white pixels, "
                "the loss is the negative ELBO.",
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
        "A VAE that gives the KL a higher weight. Information in the code becomes expensive, so "
        "few dimensions stay in use. Often each of them then follows one property, such as "
        "position or size, but nothing guarantees it (Locatello et al. 2019). Here beta starts at "
        "8 and falls to its value: the code begins with the properties that matter most and adds "
        "details later.",
        r"\begin{gathered} \mathbb{E}_{q(z|x)}[\log p(x|z)] - "
        r"\beta\, \mathrm{KL}\big(q(z|x) \,\Vert\, \mathcal{N}(0, I)\big) \\ "
        r"\beta > 1 \end{gathered}",
        "Move one slider at a time. Does only one property of the image change?",
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
                "The weight of the KL. Higher: fewer dimensions in use, and less detail.",
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
    """The preset of this name. If there is none, a UserError lists the names."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UserError(
            f"There is no type called {name[:40]!r}. Choose one of {', '.join(PRESETS)}."
        ) from None


def settings_for(name: str, dataset: str | None = None) -> RunConfig:
    """The settings that this type starts with on this data set, or on its own if none is named.

    UserError for an unknown type. An unknown data set fails when it is loaded.
    """
    row = preset(name)
    source = datasets.get(dataset) if dataset else None
    if source is not None:
        return row.on(source)
    return dataclasses.replace(row.config, dataset=dataset or row.config.dataset)


def title(config: RunConfig) -> str:
    """The name of a run, or its type and data set if it has no name."""
    return config.name or f"{kind_of(config)} on {data_of(config)}"


def kind_of(config: RunConfig) -> str:
    """The title of the run's type; the type itself if it has no preset."""
    return PRESETS[config.type].title if config.type in PRESETS else config.type


def data_of(config: RunConfig) -> str:
    """The title of the run's data set; its name if the data set was removed."""
    source = datasets.get(config.dataset)
    return source.title if source else config.dataset
