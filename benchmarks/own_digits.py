"""Photographs of handwritten digits: how often their codes give the right digit.

    python -m benchmarks.own_digits [--model vae-mnist] [--count 200] [--seed 0]

The digits are held-out images of the model's gallery, each rendered as a photograph of handwriting
on paper (`photo_of_a_digit`). Each photograph is converted to an image for the model and encoded.
The five nearest codes of the gallery, without those of the digits used, vote for its class. "clean"
are the digits themselves, "ours" is `aeviz.handwriting`, "whole photo" is the photograph fitted to
the model's size like other images, "Otsu" is one threshold for the photograph (Otsu 1979), cropped
to the bounding box of the ink. Milliseconds are for one photograph of 1200 x 900.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from aeviz import handwriting, images
from aeviz.evaluation.metrics import knn_accuracy
from aeviz.handwriting import Style
from aeviz.models import library
from benchmarks.photo_of_a_digit import photograph

Image = NDArray[np.uint8]


def ours(photo: Image, style: Style) -> Image | None:
    """The app's method."""
    return handwriting.read(photo, style).image


def whole_photo(photo: Image, style: Style) -> Image | None:
    """The method for other images."""
    x, _ = images.to_tensor(images.Decoded(photo, None, ()), (1, style.height, style.width))
    return (255 * x[0]).round().byte().numpy()


def otsu(photo: Image, style: Style) -> Image | None:
    """One threshold; the bounding box of the darker pixels is centred."""
    dark = 255 - cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    _, mask = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    left, top, width, height = cv2.boundingRect(mask)
    scale = style.box / max(width, height)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    ink = cv2.resize(
        mask[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA
    )
    image = np.zeros((style.height, style.width), np.uint8)
    top, left = (style.height - size[1]) // 2, (style.width - size[0]) // 2
    image[top : top + size[1], left : left + size[0]] = ink
    return image


WAYS: dict[str, Callable[[Image, Style], Image | None]] = {
    "ours": ours,
    "whole photo": whole_photo,
    "Otsu": otsu,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    loaded = library.load(args.model)
    gallery = loaded.gallery
    assert gallery is not None
    count = len(gallery.latents)
    digits = images.decode_sprite(gallery.sprite, count, loaded.model.image_shape)[:, 0].numpy()
    style = handwriting.style_of(digits)
    if style is None:
        parser.error(f"{args.model} was not trained on handwriting")
    order = np.random.default_rng(args.seed).permutation(count)
    used, others = order[: args.count], order[args.count :]
    photos = [photograph(digits[i], np.random.default_rng((args.seed, i))) for i in used]

    def accuracy(pictures: Sequence[Image]) -> float:
        x = torch.from_numpy(np.stack(pictures))[:, None].float() / 255
        with torch.no_grad():
            z = loaded.model.encode(x)
        return knn_accuracy(
            gallery.latents[others].float(), gallery.labels[others], z, gallery.labels[used]
        )

    clean = accuracy([digits[i] for i in used])
    print(f"{'way':12} {'kNN accuracy':>12} {'of clean':>9} {'nothing found':>14} {'ms':>6}")
    print(f"{'clean':12} {clean:12.1%}")
    for name, way in WAYS.items():
        start = time.perf_counter()
        made = [way(photo, style) for photo in photos]
        ms = 1000 * (time.perf_counter() - start) / args.count
        blank = np.zeros((style.height, style.width), np.uint8)
        found = accuracy([blank if image is None else image for image in made])
        missing = sum(image is None for image in made)
        print(f"{name:12} {found:12.1%} {found / clean:9.1%} {missing:14} {ms:6.0f}")


if __name__ == "__main__":
    main()
