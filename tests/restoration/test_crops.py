"""Files in, restored images out."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import torch
from small_models import digits, identity_model, pca_denoiser

from aeviz.errors import UserError
from aeviz.images import decode, encode_png, safe_name
from aeviz.restoration.crops import denoise, unique_name
from aeviz.restoration.export import DENOISED, zip_pngs


def test_an_image_of_the_models_size_passes_without_a_note() -> None:
    x = digits()[0][1500]
    restored = denoise(pca_denoiser(), encode_png(x))
    assert torch.allclose(restored.x, x, atol=1 / 255)
    assert restored.x_hat.shape == (1, 8, 8)
    assert restored.notes == ()


def test_another_size_is_fitted_and_said() -> None:
    restored = denoise(identity_model(), encode_png(np.zeros((20, 30, 3), np.uint8)))
    assert restored.x_hat.shape == (1, 8, 8)
    assert "30x20 to 8x8" in " ".join(restored.notes)


def test_what_is_no_image_is_one_sentence() -> None:
    with pytest.raises(UserError, match="not an image"):
        denoise(identity_model(), b"hello")


def test_names_stay_unique() -> None:
    taken: set[str] = set()
    names = [unique_name("a.png", taken) for _ in range(3)]
    names += [unique_name(name, taken) for name in ("a-2.png", "A.PNG")]
    assert names == ["a.png", "a-2.png", "a-3.png", "a-2-2.png", "A-4.PNG"]


def test_a_restored_image_is_named_after_its_original() -> None:
    assert safe_name("../holiday photo.JPG", DENOISED) == "holiday photo-denoised.png"


def test_the_zip_holds_every_image_under_a_safe_name_of_its_own() -> None:
    x = digits()[0][:3]
    names = ["../../etc/passwd", "a.png", "b/a.jpg"]
    with zipfile.ZipFile(io.BytesIO(zip_pngs(zip(names, x, strict=True), DENOISED))) as archive:
        inside = archive.namelist()
        pixels = [decode(archive.read(name)).pixels for name in inside]
    assert inside == ["passwd-denoised.png", "a-denoised.png", "a-denoised-2.png"]
    for image, read in zip(x, pixels, strict=True):
        assert np.array_equal(read[:, :, 0], np.rint(image[0].numpy() * 255))
