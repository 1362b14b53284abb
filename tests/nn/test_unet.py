"""The network of the photo restorers."""

from __future__ import annotations

import pytest
import torch
from small_restorer import tiny

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS


def stirred(name: str = "restore-denoise") -> Restorer:
    """A small restorer with changed weights: a new one is the identity."""
    model = Restorer(tiny(name))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", RESTORERS)
def test_every_restorer_gives_back_the_size_it_gets(name: str) -> None:
    model = Restorer(tiny(name))
    channels = 1 if model.matte else 3
    for h, w in ((16, 16), (8, 24), (17, 31), (1, 1), (3, 50)):
        assert model.restore(picture(2, 3, h, w)).shape == (2, channels, h, w)


@pytest.mark.parametrize("name", [name for name in RESTORERS if name != "bottleneck-photo"])
def test_with_skips_it_starts_as_the_identity(name: str) -> None:
    x, model = picture(2, 3, 16, 24), Restorer(RESTORERS[name])
    assert torch.equal(model(x), torch.zeros(2, 1, 16, 24) if model.matte else x)


def test_a_matte_is_learnt_in_bce_and_read_as_a_share() -> None:
    model, x = Restorer(tiny("restore-watermark")), picture(1, 3, 16, 16)
    assert torch.equal(model.restore(x), torch.full((1, 1, 16, 16), 0.5))
    target = torch.full((1, 1, 16, 16), 0.25)  # -log(1/2) for each pixel, whatever the target
    assert model.loss(model(x), target).item() == pytest.approx(256 * 0.693147, rel=1e-5)


def test_without_skips_all_has_to_pass_through_the_code() -> None:
    """Without the code, nothing of the image is left."""
    x, y = picture(1, 3, 16, 16), 1 - picture(1, 3, 16, 16)
    for name, passes in (("bottleneck-photo", False), ("restore-denoise", True)):
        model = stirred(name)
        with torch.no_grad():
            model.to_code.weight.zero_()
        assert (not torch.equal(model(x), model(y))) == passes, name


def test_the_code_of_the_bottleneck_is_smaller_than_the_picture() -> None:
    model = Restorer(RESTORERS["bottleneck-photo"])
    seen: list[torch.Size] = []
    model.to_code.register_forward_hook(lambda *args: seen.append(args[2].shape))
    model(picture(1, 3, 64, 64))
    assert seen == [(1, 24, 8, 8)]


def test_what_is_known_changes_the_answer_and_zeros_say_nothing() -> None:
    model, x = stirred(), picture(1, 3, 16, 16)
    assert torch.equal(model(x, torch.zeros(1, 1, 16, 16)), model(x))
    assert not torch.allclose(model(x, torch.full((1, 1, 16, 16), 0.2)), model(x))


def test_restoring_is_the_network_padded_and_clipped() -> None:
    model, x = stirred(), picture(1, 3, 16, 24)
    assert torch.equal(model.restore(x), model(x).clamp(0, 1))
    odd = x[..., :13, :21]
    padded = torch.nn.functional.pad(odd, (0, 3, 0, 3), mode="replicate")
    assert torch.equal(model.restore(odd), model(padded)[..., :13, :21].clamp(0, 1))


def test_moving_the_picture_by_its_step_moves_the_answer() -> None:
    """Fully convolutional: away from the edges a shift by 8 pixels commutes with the network."""
    model, x = stirred(), picture(1, 3, 160, 160)
    moved = model(x.roll((8, 16), (2, 3)))
    middle = (..., slice(72, 88), slice(72, 88))
    back = (..., slice(64, 80), slice(56, 72))
    assert torch.allclose(moved[middle], model(x)[back], atol=1e-5)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two = Restorer(tiny("bottleneck-photo")), Restorer(tiny("bottleneck-photo"))
    other = Restorer(tiny("bottleneck-photo", **{"training.seed": 1}))
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not all(map(torch.equal, one.parameters(), other.parameters()))


def test_another_network_is_refused() -> None:
    with pytest.raises(UserError, match="cannot restore photographs"):
        Restorer(RunConfig())


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"corruption.kind": "gaussian"}, "corruption.kind"),
        ({"network.kind": "conv"}, "network.kind"),
        ({"training.crop": 0}, "training.crop"),
        ({"training.crop": 100}, "training.crop"),
        ({"bottleneck.kind": "gaussian"}, "bottleneck.kind"),
        ({"network.output": "sigmoid"}, "network.output"),
        ({"network.change": "matte"}, "network.output"),
        ({"network.change": "matte", "network.output": "sigmoid"}, "loss.reconstruction"),
        (
            {
                "network.change": "matte",
                "network.output": "sigmoid",
                "loss.reconstruction": "bce",
            },
            "corruption.kind",
        ),
        ({"network.channels": []}, "network.channels"),
        ({"network.channels": [4, 4, 4, 4]}, "network.channels"),
    ],
)
def test_a_unet_that_cannot_be_is_refused_in_a_sentence(
    changes: dict[str, object], key: str
) -> None:
    with pytest.raises(UserError) as caught:
        RESTORERS["restore-denoise"].replace(**changes)
    assert caught.value.key == key
