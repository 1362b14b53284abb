"""The classifier learns, keeps its best epoch, and leaves the encoder unchanged."""

from __future__ import annotations

import torch

from aeviz.experiments.classifier import SCALE, Classifier, distorted, learn, predicted
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for


def encoder() -> Autoencoder:
    changes = {"network.hidden": [16], "network.norm": "none", "bottleneck.latent_dim": 4}
    return Autoencoder(settings_for("standard", "digits").replace(**changes), (1, 4, 4))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Bright above, or bright below."""
    y = torch.arange(40) % 2
    x = 0.2 * torch.rand(40, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    x[y == 0, :, :2] += 0.7
    x[y == 1, :, 2:] += 0.7
    return x, y


def test_it_learns_and_the_encoder_stays() -> None:
    x, y = data()
    start = encoder()
    before = {key: value.clone() for key, value in start.state_dict().items()}

    def error(model: Classifier) -> float:
        return (predicted(model, x) != y).float().mean().item()

    model = learn(start, x, y, 2, error, steps=60)
    assert error(model) == 0
    assert all(torch.equal(before[key], value) for key, value in start.state_dict().items())
    again = learn(start, x, y, 2, error, steps=60)
    assert torch.equal(model(x), again(x))


def test_the_best_moment_is_kept() -> None:
    """If the error grows with each check, the first state is kept."""
    x, y = data()
    seen: list[torch.Tensor] = []

    def error(model: Classifier) -> float:
        seen.append(model(x).detach())
        return float(len(seen))

    model = learn(encoder(), x, y, 2, error, steps=12)
    assert len(seen) == 6
    assert torch.equal(model(x), seen[0])


def test_distorted_images_keep_their_place_and_size_within_bounds() -> None:
    x = torch.zeros(200, 1, 40, 40)
    x[:, :, 12:28, 12:28] = 1
    found = distorted(x, torch.Generator().manual_seed(0))
    area = found.sum((1, 2, 3)) / 256
    assert (1 + SCALE) ** -2 - 0.02 < area.min() < 0.9
    assert 1.1 < area.max() < (1 - SCALE) ** -2 + 0.02
    places = torch.arange(40) - 19.5
    right = (found.sum((1, 2)) * places).sum(1) / found.sum((1, 2, 3))
    assert 2 < right.abs().max() < 4  # at most 7 % of 40 pixels, more for a smaller image
    assert right.mean().abs() < 0.4
    # the furthest corner of a square of 16 that is turned by up to 10 degrees
    assert not found[:, :, :4].any()


def test_the_first_axis_of_a_turned_image_is_not_sheared() -> None:
    """A disc stays a disc."""
    places = torch.arange(41) - 20.0
    x = (places[:, None] ** 2 + places**2 < 100).float().expand(50, 1, 41, 41)
    found = distorted(x, torch.Generator().manual_seed(1))[:, 0]
    width, height = (found.amax(side).sum(1) for side in (1, 2))
    assert torch.allclose(width, height, rtol=0.06)
