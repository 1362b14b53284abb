"""The Restore page's small images, tried on noise and on uploads, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from page_tools import again, html, press, run, upload
from small_models import digits, identity_model, pca_denoiser, save

from aeviz.images import encode_png
from aeviz.restoration.denoising_demo import run_trial


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model trained to denoise, and one that copies."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    save(tmp_path / "copy.safetensors", identity_model())
    save(tmp_path / "pca.safetensors", pca_denoiser())
    return tmp_path


def noisy_png(index: int, amount: float = 0.2) -> bytes:
    x = digits()[0][index]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(index))
    return encode_png((x + amount * noise).clamp(0, 1))


def own(model: str = "pca") -> object:
    return press(run("restore", model=model), "restore-source", "Your images")


def test_the_verdict_shows_what_the_trial_measures(models: Path) -> None:
    verdict = html(run("restore", model="pca"), "aeviz-verdict")
    trial = run_trial(pca_denoiser(), _gallery()[:200], "gaussian", 0.3, seed=0)
    text = re.sub(r"<[^>]+>", "", verdict)
    assert f"{trial.noisy.mean_psnr:.1f} → {trial.restored.mean_psnr:.1f} dB" in text
    assert f"{trial.noisy.mean_ssim:.2f} → {trial.restored.mean_ssim:.2f}" in text
    assert f"{trial.filtered.mean_psnr:.1f} dB" in text


def _gallery() -> torch.Tensor:
    return (digits()[0][-300:] * 255).round() / 255


def test_noise_starts_where_the_model_was_trained(models: Path) -> None:
    app = run("restore", model="pca")
    assert app.slider[0].value == 30
    assert next(g for g in app.button_group if g.key == "noise-pca").value == "gaussian"


def test_kind_amount_and_new_noise_change_what_is_seen(models: Path) -> None:
    app = run("restore", model="pca")
    seen = [html(app, "aeviz-flow")]
    seen.append(html(press(app, "noise-pca", "masking"), "aeviz-flow"))
    app.slider[0].set_value(60)
    seen.append(html(again(app), "aeviz-flow"))
    next(button for button in app.button if button.label == "New noise").click()
    seen.append(html(again(app), "aeviz-flow"))
    assert len(set(seen)) == 4


def test_the_grid_stands_noisy_restored_filtered_clean_with_psnr_of_each(models: Path) -> None:
    grid = html(run("restore", model="pca"), "restore-grid")
    assert grid.count("<img") == 40
    pairs = re.findall(r"([\d.]+) → ([\d.]+) dB", grid)
    assert len(pairs) == 10
    assert np.mean([float(after) - float(before) for before, after in pairs]) > 1


def test_models_trained_to_denoise_come_first_and_others_with_a_note(models: Path) -> None:
    app = run("restore", view="small")
    assert [option.split()[0] for option in app.selectbox[0].options] == ["pca"]
    app.toggle[0].set_value(True)
    again(app)
    assert {option.split()[0] for option in app.selectbox[0].options} == {"pca", "copy"}
    app.selectbox[0].select("copy")
    assert "was not trained to denoise" in again(app).info[0].value


def test_a_link_to_a_model_that_copies_opens_it(models: Path) -> None:
    app = run("restore", model="copy")
    assert app.selectbox[0].value == "copy"
    assert not app.warning
    assert "was not trained to denoise" in app.info[0].value


def test_a_model_that_is_gone_is_named_and_a_denoiser_opens(models: Path) -> None:
    app = run("restore", model="deleted")
    assert "“deleted”" in app.warning[0].value
    assert app.selectbox[0].value == "pca"


def test_where_no_model_denoises_all_are_offered(models: Path) -> None:
    (models / "pca.safetensors").unlink()
    app = run("restore", view="small")
    assert app.selectbox[0].value == "copy"
    assert not app.toggle


def test_uploads_are_restored_and_bad_ones_named_in_a_sentence_each(models: Path) -> None:
    app = own()
    photo = encode_png(np.full((40, 60, 3), 200, np.uint8))
    upload(
        app,
        ("a.png", noisy_png(1500)),
        ("**bad**.png", b"GIF89a"),
        ("empty.png", b""),
        ("photo.png", photo),
    )
    assert len(app.error) == 2
    assert app.error[0].value.startswith(r"\*\*bad\*\*.png: ")
    assert app.error[1].value == "empty.png: This file is empty; choose an image file."
    assert not app.warning
    assert "a.png" in html(app, "aeviz-flow")
    grid = html(app, "restore-grid")
    assert grid.count("<button") == 2


def test_an_image_of_another_size_says_how_it_was_fitted(models: Path) -> None:
    app = own()
    upload(app, ("photo.png", encode_png(np.full((40, 60, 3), 20, np.uint8))))
    assert "60x40 to 8x8" in app.info[0].value
    assert html(app, "restore-grid") == ""


def test_an_image_of_another_kind_is_warned_of(models: Path) -> None:
    app = own()
    upload(app, ("inverted.png", encode_png(1 - digits()[0][1500])))
    assert "looks unlike" in app.warning[0].value


def test_uploads_work_without_a_gallery(models: Path) -> None:
    save(models / "bare.safetensors", pca_denoiser(), gallery=False)
    app = run("restore", model="bare")
    assert "upload one of your own" in app.info[0].value
    app = press(app, "restore-source", "Your images")
    upload(app, ("a.png", noisy_png(1500)))
    assert not app.warning
    assert html(app, "aeviz-flow")
