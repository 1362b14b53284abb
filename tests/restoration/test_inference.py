"""The measures of restored photographs."""

from __future__ import annotations

import math

import pytest
import torch
from small_restorer import tiny

from aeviz.degradations import DEGRADATIONS, Degraded
from aeviz.nn.unet import Restorer
from aeviz.restoration import inference
from aeviz.restoration.inference import RESTORATION_CASES, RestorationCase


def photos(n: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    y, x = torch.linspace(0, 2, 40).view(-1, 1), torch.linspace(0, 3, 50)
    smooth = [torch.sin(x + p) * torch.cos(y - p) for p in range(3)]
    base = 127 + 90 * torch.stack(smooth)
    return [
        (base + 8 * torch.randn(base.shape, generator=generator)).clamp(0, 255).to(torch.uint8)
        for _ in range(n)
    ]


def test_every_damage_is_measured() -> None:
    assert RESTORATION_CASES.keys() == DEGRADATIONS.keys()
    for damage, trials in RESTORATION_CASES.items():
        assert all(trial.damage == damage for trial in trials)
        assert len({trial.name for trial in trials}) == len(trials)


@pytest.mark.parametrize("damage", RESTORATION_CASES)
def test_a_network_that_changes_nothing_gains_nothing(damage: str) -> None:
    name = {"holes": "inpaint", "noise": "denoise", "grey": "colour"}.get(damage, damage)
    model = Restorer(tiny(f"restore-{name}")).eval()
    figures = inference.card_figures(model, photos())
    assert len(figures) == len(RESTORATION_CASES[damage])
    for told in figures.values():
        assert told["psnr"] == pytest.approx(told["psnr_before"], abs=0.02)
        assert told["ssim"] == pytest.approx(told["ssim_before"], abs=0.002)


def test_a_perfect_answer_counts_a_hundred() -> None:
    for damage in ("noise", "x2", "holes", "grey"):
        trial = RESTORATION_CASES[damage][0]
        told = inference.measure(trial, photos(), lambda x, damaged: x)
        assert told["psnr"] == 100
        assert told["psnr_before"] < 60
        assert told.get("outside", 100) == 100
        assert told.get("chroma", 1) == pytest.approx(1)


def test_the_photographs_are_damaged_alike_each_time_and_each_in_its_own_way() -> None:
    trial, same = RestorationCase("noise", 25), photos(1) * 2
    first = [damaged.x for _, damaged in inference.degraded(trial, same)]
    again = [damaged.x for _, damaged in inference.degraded(trial, same)]
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], first[1])


def test_psnr_inside_and_outside_by_hand() -> None:
    x = torch.full((1, 3, 20, 20), 0.5)
    where = torch.zeros(1, 1, 20, 20)
    where[..., :5] = 1
    given = Degraded(x + 0.1 * where, where, where)
    told = inference.figures("watermark", x, given, x + 0.01)
    assert told["inside_before"] == pytest.approx(20, abs=1e-3)
    assert told["inside"] == pytest.approx(40, abs=1e-3)
    assert told["outside"] == pytest.approx(40, abs=1e-3)
    assert told["psnr_before"] == pytest.approx(20 + 10 * math.log10(4), abs=1e-3)
    assert told["worse"] == 0
    assert inference.figures("watermark", x, given, x + 0.2)["worse"] == 1


def test_enlarged_pictures_are_measured_on_luminance_without_their_border() -> None:
    x = torch.full((1, 3, 30, 30), 0.5)
    x_hat = x.clone()
    x_hat[..., :4, :] = 0  # within the border of x4
    x_hat[:, 0] += 0.1
    x_hat[:, 1] -= 0.1 * 0.299 / 0.587  # other colours, the same luminance
    given = Degraded(x + 0.1, torch.zeros(1, 1, 30, 30), torch.ones(1, 1, 30, 30))
    told = inference.figures("x4", x, given, x_hat)
    assert told["psnr"] > 90
    assert told["psnr_before"] == pytest.approx(20, abs=1e-3)


def test_chroma_of_known_colours() -> None:
    """BT.601: red has Cb = -0.1687 and Cr = 0.5, blue Cb = 0.5, and greys have none."""
    colours = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0.3, 0.3, 0.3]]).view(3, 3, 1, 1)
    cb_cr = inference.chroma(colours).flatten(1)
    assert cb_cr[0].tolist() == pytest.approx([-0.1687, 0.5], abs=1e-3)
    assert cb_cr[1].tolist() == pytest.approx([0.5, -0.0813], abs=1e-3)
    assert cb_cr[2].tolist() == pytest.approx([0, 0], abs=1e-6)


def test_recolouring_keeps_the_luminance_and_takes_the_colour() -> None:
    grey = torch.full((1, 3, 4, 4), 0.5)
    guess = torch.tensor([0.6, 0.4, 0.2]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    once = inference.recoloured(grey, guess)
    twice = inference.recoloured(grey, guess, vividness=2)
    assert torch.allclose(inference.luminance(once), grey[:, :1], atol=1e-6)
    assert torch.allclose(inference.chroma(once), inference.chroma(guess), atol=1e-6)
    assert torch.allclose(inference.chroma(twice), 2 * inference.chroma(guess), atol=1e-6)


def test_pale_guesses_are_made_more_vivid_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Restorer(tiny("restore-colour")).eval()
    for share, factor in ((0.4, 1.375), (0.9, 1.0), (0.05, 1.8)):
        monkeypatch.setattr(inference, "measure", lambda *rest, share=share: {"chroma": share})
        assert inference.vividness(model, []) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("name", "same"), [("restore-x2", True), ("restore-inpaint", True), ("restore-jpeg", False)]
)
def test_a_picture_turned_and_restored_is_the_restored_turned(name: str, same: bool) -> None:
    """Because of the mean over the views, for any network."""
    chance = torch.Generator().manual_seed(0)
    model = Restorer(tiny(name)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=chance)
    x, known = torch.rand(1, 3, 32, 48, generator=chance), torch.zeros(1, 1, 32, 48)
    with torch.inference_mode():
        turned = inference.restore(model, turn(x), turn(known), "fp32")
        plain = inference.restore(model, x, known, "fp32")
        assert torch.allclose(turn(turned), plain, atol=1e-6) == same


def turn(x: torch.Tensor) -> torch.Tensor:
    """Transposes over the other diagonal: (N, C, H, W) -> (N, C, W, H)."""
    return x.flip(2, 3).transpose(2, 3)


def test_of_a_matte_the_photograph_without_the_mark_is_made() -> None:
    """A network that predicts the true matte: the covered pixels are restored."""
    chance = torch.Generator().manual_seed(0)
    x = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 8, generator=chance), (96, 128))
    given = DEGRADATIONS["watermark"].at(x, 50, chance)
    model = Restorer(tiny("restore-watermark")).eval()
    model.restore = lambda seen, known: _matte_like(seen, given)  # type: ignore[method-assign]
    told = inference.figures("watermark", x, given, inference.restore_8bit(model, given, "fp32"))
    assert told["inside"] > told["inside_before"] + 4
    assert told["outside"] > 40


def _matte_like(seen: torch.Tensor, given: inference.Damaged) -> torch.Tensor:
    """The matte, in the orientation of the network's input."""
    for view in inference._VIEWS:
        turned = view(given.x)
        if turned.shape == seen.shape and torch.equal(turned, seen):
            return view(given.where)
    raise AssertionError("no view of the picture")
