"""How the settings that a type starts with depend on the data set.

The settings of a type were measured on its own data set (`benchmarks/defaults.py`). For another
data set, with `share` times as many numbers in an image:

- The learning rate of a dense network is divided by a share above 1. Adam changes every weight by
  up to the rate, so a unit's input changes by up to rate x pixels, which stays the same.
- Weights of penalties and of the KL follow the sum over pixels in the reconstruction loss
  (`POWERS`).
- The code size is at most an eighth of the numbers in an image, and a twelfth of the number of
  images: with a larger code, the network can memorise a small data set. An overcomplete code stays
  as large as it is.
- A small data set is augmented with shifts; small sets of colour images also with random crops.
- The number of epochs follows from the type's number of steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

from aeviz import datasets
from aeviz.config import MAX_EPOCHS, LossConfig, RunConfig, TrainingConfig

FEW_IMAGES = 1000
"""With fewer images a network memorises them within a few hundred steps, so they are shifted at
random. Colour images, mostly photographs, are also cropped and mirrored; that would spoil digits
and letters."""
MIN_BATCHES = 3
"""In an epoch. With fewer, the gradients of a small data set hardly vary from step to step."""
PIXELS_PER_CODE = 8
IMAGES_PER_CODE = 12
POWERS = {"l1": 0.5, "kl-sparsity": 1.0, "contractive": 2.0}
"""How a penalty's weight depends on the share, as measured. An L1 weight above its own silences
every unit of a large image, so it does not rise. A Jacobian's squared norm falls with the images'
variance, which grows with the pixels as the error does: hence 2."""


def for_data(config: RunConfig, source: datasets.Source, steps: int) -> RunConfig:
    """`config`, measured on its own data set, for the images of `source`."""
    images, pixels = source.counts[0], math.prod(source.image_shape)
    measured_on = math.prod(datasets.DATASETS[config.dataset].image_shape)
    share = pixels / measured_on
    training = with_steps(config.training, images, steps)
    if config.network.kind == "dense" and share > 1:
        training = replace(training, lr=_rounded(training.lr / share))
    if images < FEW_IMAGES and not _is_linear(config):
        colour = source.image_shape[0] == 3
        training = replace(training, augment="crop-flip" if colour else "shift")
    bottleneck = config.bottleneck
    if bottleneck.latent_dim <= measured_on // PIXELS_PER_CODE:
        widest = max(2, min(pixels // PIXELS_PER_CODE, images // IMAGES_PER_CODE))
        bottleneck = replace(bottleneck, latent_dim=min(bottleneck.latent_dim, widest))
    return replace(
        config,
        dataset=source.name,
        bottleneck=bottleneck,
        loss=_loss(config.loss, share),
        training=training,
    )


def _loss(loss: LossConfig, share: float) -> LossConfig:
    """The loss weights for `share` times as many pixels. A beta above 1 stays at 1 or more."""
    if loss.penalty != "none":
        factor = share ** POWERS[loss.penalty]
        factor = min(factor, 1.0) if loss.penalty == "l1" else factor
        loss = replace(loss, weight=_rounded(loss.weight * factor))
    if loss.beta > 1 and share < 1:
        beta, start = (max(1.0, _rounded(value * share)) for value in (loss.beta, loss.beta_start))
        loss = replace(loss, beta=beta, beta_start=start)
    return loss


def with_steps(training: TrainingConfig, images: int, steps: int) -> TrainingConfig:
    """Batches that fit into the data at least `MIN_BATCHES` times, and epochs for `steps` steps."""
    batch = min(training.batch_size, _power_of_two(images // MIN_BATCHES))
    return replace(training, batch_size=batch, epochs=epochs_for(steps, images, batch))


def epochs_for(steps: int, images: int, batch_size: int) -> int:
    """The smallest number of epochs with at least so many steps."""
    per_epoch = math.ceil(images / max(batch_size, 1))
    return min(max(1, math.ceil(steps / max(per_epoch, 1))), MAX_EPOCHS)


def _is_linear(config: RunConfig) -> bool:
    """Whether the network is compared with PCA. Its images are not shifted, as this would change
    their principal components."""
    return config.network.activation == "none" and not config.network.hidden


def _rounded(value: float) -> float:
    """To two significant digits."""
    return float(f"{value:.2g}")


def _power_of_two(number: int) -> int:
    """The largest power of two up to `number`, at least 1."""
    return 1 << max(number.bit_length() - 1, 0)
