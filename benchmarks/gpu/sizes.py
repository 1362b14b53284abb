"""The sizes of a session: on a GPU, on a CPU, and in a dry run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sizes:
    """Seconds are those of a session of `planned` seconds, and fewer in a shorter one. `crop`,
    `batch`: sizes of the squares and batches of restorers; `matte_crop`, `matte_batch`: the same
    for the network that predicts a watermark's matte, which needs more context. `most_steps`: the
    most steps of a restorer, even if there is time left. `network`, `image_network`: changes to a
    configuration that make the networks small. `workers`: processes that train autoencoders side by
    side; 0 for none."""

    planned: float = 540
    check_steps: int = 50
    figure_images: int = 55_000
    figure_epochs: int = 3
    example_images: int = 10_000
    figure_rounds: int = 2
    figure_seconds: float = 60
    megapixels: tuple[float, ...] = (12, 50)
    crop: int = 128
    batch: int = 128
    matte_crop: int = 160
    matte_batch: int = 80
    validate_seconds: float = 20
    held_out: int = 12
    most_steps: int = 10**9
    restorer_share: float = 0.79
    workers: int = 6
    beta_steps: int = 4_000
    beta_seeds: int = 5
    betas: tuple[float, ...] = (0.15, 0.4, 1.5, 4.0)
    most_epochs: int = 150
    network: dict[str, Any] = field(default_factory=dict)
    image_network: dict[str, Any] = field(default_factory=dict)


GPU = Sizes()
CPU = Sizes(
    figure_images=10_000,
    figure_epochs=1,
    figure_rounds=1,
    megapixels=(1,),
    crop=96,
    batch=16,
    matte_batch=6,
    validate_seconds=300,
    workers=0,
)
DRY = Sizes(
    planned=180,
    check_steps=3,
    figure_images=256,
    figure_epochs=1,
    example_images=256,
    figure_rounds=1,
    figure_seconds=60,
    megapixels=(0.02,),
    crop=32,
    batch=8,
    matte_crop=32,
    matte_batch=4,
    validate_seconds=0.2,
    held_out=1,
    most_steps=6,
    workers=0,
    beta_steps=4,
    beta_seeds=1,
    betas=(1.0, 4.0),
    most_epochs=1,
    network={"network.channels": [4, 6, 8], "bottleneck.latent_dim": 8},
    image_network={"network.channels": [4, 6], "network.hidden": [16]},
)
