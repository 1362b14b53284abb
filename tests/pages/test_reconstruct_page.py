"""The Reconstruct page, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from page_tools import again, data, html, press, run, upload
from small_models import digits, identity_model, pca_denoiser, save

from aeviz.experiments.photo_crops import photo_crops
from aeviz.handwriting import Box
from aeviz.images import encode_png
from aeviz.ui.reconstruct.page import _pca_text

METRICS = {"mse": 0.0123, "psnr": 19.1, "ssim": 0.812, "pca_mse": 0.0246}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that copies, one that projects, and one without a gallery."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    card = {"metrics": METRICS, "test_images": 300, "dataset_title": "Digits"}
    save(tmp_path / "copy.safetensors", identity_model(), **card)
    save(tmp_path / "measured.safetensors", pca_denoiser(), **card)
    save(tmp_path / "pca.safetensors", pca_denoiser())
    save(tmp_path / "no-gallery.safetensors", identity_model(), gallery=False)
    return tmp_path


def figure(page: str, testid: str) -> str:
    found = re.search(rf'data-testid="{testid}".*?<strong>([^<]+)', page)
    assert found is not None
    return found[1].strip()


def test_a_model_that_copies_has_no_error(models: Path) -> None:
    flow = html(run("reconstruct", model="copy"), "aeviz-flow")
    assert figure(flow, "aeviz-mse") == "0.0000"
    assert figure(flow, "aeviz-ssim") == "1.000"
    assert "64 numbers" in flow


def test_ten_images_of_all_classes_each_with_its_psnr(models: Path) -> None:
    grid = html(run("reconstruct", model="pca"), "reconstruct-grid")
    assert re.findall(r'av-caption">(\d)<', grid) == list("0123456789")
    assert len(re.findall(r"[\d.]+ dB", grid)) == 10
    assert grid.count("<img") == 30


def test_class_chips_and_a_new_sample(models: Path) -> None:
    app = run("reconstruct", model="pca")
    app = press(app, "classes-pca", [3, 7])
    grid = html(app, "reconstruct-grid")
    assert set(re.findall(r'av-caption">(\d)<', grid)) == {"3", "7"}
    app.button[0].click()
    assert html(again(app), "reconstruct-grid") != grid


def test_the_chosen_image_is_shown_large_and_a_new_sample_forgets_it(models: Path) -> None:
    app = run("reconstruct", model="pca")
    first = html(app, "aeviz-flow")
    app.session_state["reconstruct-chosen"] = "test-17"
    chosen = html(again(app), "aeviz-flow")
    assert chosen != first
    app.button[0].click()
    assert html(again(app), "aeviz-flow") != chosen
    assert app.session_state["reconstruct-chosen"] is None


def test_a_choice_that_this_model_does_not_have_is_no_obstacle(models: Path) -> None:
    app = run("reconstruct", model="pca")
    app.session_state["reconstruct-chosen"] = "test-99999"
    assert html(again(app), "aeviz-flow")


def test_the_error_is_signed_or_absolute_on_a_labelled_scale(models: Path) -> None:
    app = run("reconstruct", model="pca")
    signed = html(app, "aeviz-flow")
    assert "Error, signed" in signed
    assert re.search(r"<span>−([\d.]+)</span><span>0</span><span>\+\1</span>", signed)
    absolute = html(press(app, "error-map", "Absolute"), "aeviz-flow")
    assert "Error, absolute" in absolute
    assert re.search(r'av-ticks"><span>0</span><span>[\d.]+</span>', absolute)


def test_the_card_speaks_for_the_whole_test_split(models: Path) -> None:
    app = run("reconstruct", model="measured")
    assert any("Digits, 300 images" in markdown.value for markdown in app.markdown)
    figures = html(app, "aeviz-test-figures")
    assert "0.0123" in figures
    assert "19.1" in figures
    assert "2 times this model" in figures


def test_pca_is_left_out_if_the_code_is_as_wide_as_the_image(models: Path) -> None:
    """It copies every image then: its error is rounding, and a ratio to it nonsense."""
    figures = html(run("reconstruct", model="copy"), "aeviz-test-figures")
    assert "0.0123" in figures
    assert "PCA" not in figures


@pytest.mark.parametrize(
    ("mse", "pca", "says"),
    [
        (0.01, 0.02, "2 times"),
        (0.02, 0.01, "0.5 times"),
        (0.0168, 0.01681, "the same as"),
        (0.0074, 4e-30, ""),  # 1.8e+27 times as large, it said
        (0.0, 0.01, ""),
        (3e-5, 4e-5, ""),  # both are 0.0000 on the page
        (1e6, 0.01, "far smaller"),
        (6e-5, 0.03, "far larger"),
    ],
)
def test_an_error_has_no_ratio_to_nothing(mse: float, pca: float, says: str) -> None:
    text = _pca_text(mse, pca, 32)
    assert text.startswith("with 32 components")
    assert says in text
    assert ("model" in text) == bool(says)


def test_a_card_without_metrics(models: Path) -> None:
    app = run("reconstruct", model="pca")
    assert any("no results for test images" in caption.value for caption in app.caption)


def test_the_worst_and_the_best_are_sorted_by_error(models: Path) -> None:
    app = run("reconstruct", model="pca")
    assert html(app, "reconstruct-Worst") == ""
    app.session_state["worst-and-best"] = True
    again(app)
    worst, best = (
        [float(v) for v in re.findall(r"([\d.]+) dB", html(app, f"reconstruct-{name}"))]
        for name in ("Worst", "Best")
    )
    assert len(worst) == len(best) == 10
    assert worst == sorted(worst)
    assert best == sorted(best, reverse=True)
    assert worst[-1] < best[-1]


def test_uploads_are_fitted_with_a_note_and_a_bad_one_is_one_sentence(models: Path) -> None:
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Upload")
    large = encode_png(np.zeros((30, 40, 3), np.uint8))
    upload(
        app,
        ("large.png", large),
        ("bad.png", b"no image"),
        ("fits.png", encode_png(digits()[0][0])),
    )
    assert [error.value for error in app.error] == [
        "bad.png: This is not an image; choose a PNG, JPEG, WebP, AVIF, BMP, TIFF or GIF file."
    ]
    assert "40x30 to 8x8" in app.info[0].value
    grid = html(app, "reconstruct-grid")
    assert "large.png" in grid
    assert "fits.png" in grid
    assert "bad.png" not in grid


def test_a_photo_is_read_within_its_frame(models: Path) -> None:
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Upload")
    sheet = np.full((300, 500), 230, np.uint8)
    sheet[60:240, 120:132] = sheet[60:240, 380:392] = 30  # two ones, the second one lower
    sheet[60:140, 380:392] = 230
    upload(app, ("ones.png", encode_png(sheet[..., None])))
    assert "digit was found" in app.info[0].value
    key = app.file_uploader[0].value[0].file_id
    found = data(app, f"aeviz-photo-{key}")["found"]
    assert len(found) == 2
    first = html(app, "aeviz-flow")
    for chosen in (Box(*found[1]), "whole", Box(0, 0, 0.1, 0.1)):
        app.session_state[f"frame-{key}"] = chosen
        again(app)
        notes = app.info[0].value
        if chosen == "whole":
            assert "500x300 to 8x8" in notes
            assert html(app, "aeviz-flow") != first
        elif chosen == Box(*found[1]):
            assert "digit was found" in notes
        else:
            assert "no digit in this frame" in notes
            assert html(app, "aeviz-flow") == first


def test_a_dark_digit_of_the_models_own_size_is_inverted(models: Path) -> None:
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Upload")
    x = (255 * digits()[0][0]).byte().permute(1, 2, 0).numpy()
    upload(app, ("dark.png", encode_png(255 - x)))
    assert "Inverted" in app.info[0].value
    dark = html(app, "aeviz-flow")
    upload(app, ("dark.png", encode_png(x)))
    assert html(app, "aeviz-flow") == dark


def test_drawing_waits_for_the_pen(models: Path) -> None:
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Draw")
    assert html(app, "aeviz-flow") == ""


def test_a_model_without_a_gallery_says_what_to_do(models: Path) -> None:
    app = run("reconstruct", model="no-gallery")
    assert "upload one of your own" in app.info[0].value
    app = press(app, "reconstruct-source", "Upload")
    upload(app, ("a.png", encode_png(digits()[0][0])))
    assert figure(html(app, "aeviz-flow"), "aeviz-ssim") == "1.000"


def test_a_model_that_is_gone_is_named_and_another_opens(models: Path) -> None:
    app = run("reconstruct", model="deleted")
    assert "“deleted”" in app.warning[0].value
    assert html(app, "aeviz-flow")


def test_a_damaged_model_is_one_sentence(models: Path) -> None:
    path = models / "pca.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    app = run("reconstruct", model="pca")
    assert [error.value for error in app.error] == [
        "pca.safetensors is damaged or truncated: download it again."
    ]


def test_a_file_that_changes_is_opened_anew(models: Path) -> None:
    before = html(run("reconstruct", model="pca"), "aeviz-flow")
    save(models / "pca.safetensors", identity_model())
    after = html(run("reconstruct", model="pca"), "aeviz-flow")
    assert figure(before, "aeviz-mse") != "0.0000" == figure(after, "aeviz-mse")


def test_images_of_another_kind_go_through_the_model(models: Path) -> None:
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Other kinds")
    grid = html(app, "reconstruct-grid")
    for name in ("photograph", "noise"):
        assert grid.count(f">{name}<") == 5
    assert "photograph" in html(app, "aeviz-flow")
    # with a bundled model of other images, some of these come first
    save(models / "clothes.safetensors", identity_model(dataset="fashion-mnist"))
    app = press(run("reconstruct", model="copy"), "reconstruct-source", "Other kinds")
    assert "from Fashion-MNIST" in html(app, "aeviz-flow")


def noisy_png(index: int, amount: float = 0.2) -> bytes:
    x = digits()[0][index]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(index))
    return encode_png((x + amount * noise).clamp(0, 1))


def test_noise_is_offered_for_denoisers_only(models: Path) -> None:
    assert html(run("reconstruct", model="pca"), "aeviz-flow")
    assert not any(
        group.key == "noise-copy" for group in run("reconstruct", model="copy").button_group
    )
    app = run("reconstruct", model="pca")
    assert next(group for group in app.button_group if group.key == "noise-pca").value == "none"
    assert not app.slider


def test_added_noise_is_removed_and_the_error_is_that_of_the_original(models: Path) -> None:
    app = run("reconstruct", model="pca")
    seen = [html(app, "aeviz-flow")]
    app = press(app, "noise-pca", "gaussian")
    assert app.slider[0].value == 30, "as in training"
    seen.append(html(app, "aeviz-flow"))
    grid = html(app, "reconstruct-grid")
    assert grid.count("<img") == 40
    pairs = re.findall(r"([\d.]+) → ([\d.]+) dB", grid)
    assert len(pairs) == 10
    assert np.mean([float(after) - float(before) for before, after in pairs]) > 1
    assert f"0, {pairs[0][0]} dB" in seen[-1], "the large image has the noise of the grid"
    assert figure(seen[-1], "aeviz-psnr").split()[0] == pairs[0][1]
    seen.append(html(press(app, "noise-pca", "masking"), "aeviz-flow"))
    app.slider[0].set_value(60)
    seen.append(html(again(app), "aeviz-flow"))
    next(button for button in app.button if button.label == "New noise").click()
    seen.append(html(again(app), "aeviz-flow"))
    assert len(set(seen)) == 5
    assert html(press(app, "reconstruct-source", "Other kinds"), "aeviz-flow")
    assert "aeviz-original" in html(press(app, "noise-pca", "none"), "aeviz-flow")


def test_a_noisy_upload_is_cleaned_up_and_can_be_downloaded(models: Path) -> None:
    app = press(run("reconstruct", model="pca"), "reconstruct-source", "Upload")
    upload(app, ("a.png", noisy_png(1500)), ("b.png", noisy_png(1501)))
    assert "a.png" in html(app, "aeviz-flow")
    assert not app.warning
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["Download this reconstruction", "Download all 2"]


def test_an_upload_of_another_kind_is_warned_of_by_denoisers(models: Path) -> None:
    crops = photo_crops((1, 8, 8))
    photo = crops[crops.flatten(1).var(1).argmax()]
    for model, warns in (("pca", True), ("copy", False), ("no-gallery", False)):
        app = press(run("reconstruct", model=model), "reconstruct-source", "Upload")
        upload(app, ("photo.png", encode_png(photo)))
        assert [("looks unlike" in one.value) for one in app.warning] == [True] * warns
