"""The parts of the Reconstruct page: one image through the model, the grid, and the metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from aeviz.escaping import in_markdown
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.images import encode_png, safe_name
from aeviz.io.json_file import is_number
from aeviz.restoration.export import DENOISED, RECONSTRUCTED, zip_pngs
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.codes import code_bars, summary
from aeviz.ui.reconstruct.frames import Stack, figure, number
from aeviz.ui.reconstruct.noise import Noise, denoises
from aeviz.ui.reconstruct.sources import Item, gallery_item
from aeviz.ui.restore.colours import ABSOLUTE, SIGNED, error_map, fitting_limit
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened

ROWS = ("original", "reconstruction", "error")
NOISY_ROWS = ("original", "noisy", "reconstruction", "error")
MIN_SHOWN_MSE = 5e-5
"""The page shows a smaller MSE as 0.0000."""
ALIKE = 0.01
"""Relative differences below this count as none."""
MSE_TEXT = "mean squared error per pixel; 0 is a perfect copy"
PSNR_TEXT = "peak signal-to-noise ratio; 10 dB more: a tenth of the squared error"
SSIM_TEXT = "structural similarity of local patterns; 1 is identical"


@dataclass(frozen=True)
class ErrorScale:
    """How errors become colours: signed or absolute, up to `limit`."""

    signed: bool
    limit: float

    def html(self) -> str:
        """The colour bar with its numbers."""
        colours = SIGNED if self.signed else ABSOLUTE
        limit = f"{self.limit:g}"
        ticks = (f"−{limit}", "0", f"+{limit}") if self.signed else ("0", limit)
        return frames.scale_bar(colours, ticks)


@dataclass(frozen=True)
class Passed:
    """Images x, the input x_noisy if noise was added, codes mu (N, d) and sigma (N, d) or None,
    reconstructions x_hat, and the metrics of each, (N,). The metrics compare x_hat with x."""

    x: Tensor
    x_noisy: Tensor | None
    mu: Tensor
    sigma: Tensor | None
    x_hat: Tensor
    mse: Tensor
    psnr: Tensor
    ssim: Tensor


@torch.no_grad()
def pass_through(opened: Opened, items: list[Item], noise: Noise | None = None) -> Passed:
    """Encode and decode all items at once, with this noise, and measure each."""
    model = opened.loaded.model
    x = torch.stack([item.x for item in items])
    x_noisy = None if noise is None else noise.on(items)
    x_in = x if x_noisy is None else x_noisy
    mu, logvar = model.posterior(x_in)
    x_hat = reconstruct(model, x_in)
    sigma = None if logvar is None else (logvar / 2).exp()
    scores = (metrics.mse(x, x_hat), metrics.psnr(x, x_hat), metrics.ssim(x, x_hat))
    return Passed(x, x_noisy, mu, sigma, x_hat, *scores)


def scale_for(passed: Passed, signed: bool) -> ErrorScale:
    """One scale for all of these images, so that their error maps compare."""
    return ErrorScale(signed, fitting_limit(passed.x, passed.x_hat))


def flow(opened: Opened, item: Item, scale: ErrorScale, noise: Noise | None = None) -> None:
    """Original or noisy image, encoder, code, decoder, reconstruction, error map and metrics, left
    to right."""
    passed = pass_through(opened, [item], noise)
    x_hat = passed.x_hat[0]
    sigma = None if passed.sigma is None else passed.sigma[0]
    columns = "1fr 2.1fr 1fr 1fr minmax(10.5rem, 0.9fr);--tall:calc((100cqw - 4rem) / 6)"
    markup(
        f'<div class="av-flow" style="--columns:{columns}">'
        + _input(passed, item)
        + machine(opened, passed.mu[0], sigma)
        + figure(x_hat, "Reconstruction", testid="aeviz-reconstruction")
        + _error(passed, scale)
        + _figures(passed)
        + "</div>",
        "aeviz-flow",
    )
    fitted(item)


def _input(passed: Passed, item: Item) -> str:
    if passed.x_noisy is None:
        return figure(passed.x[0], "Original", item.name, testid="aeviz-original")
    psnr = decibels(metrics.psnr(passed.x, passed.x_noisy)[0].item())
    return figure(passed.x_noisy[0], "Noisy", f"{item.name}, {psnr} dB", testid="aeviz-noisy")


def differences(passed: Passed, item: Item, scale: ErrorScale) -> None:
    """Error map and metrics of one image. The image and its reconstruction are shown elsewhere."""
    markup(
        '<div class="av-flow av-differences" style="--columns:1fr 1fr">'
        f"{_error(passed, scale, item.name)}{_figures(passed)}</div>",
        "aeviz-differences",
    )


def _error(passed: Passed, scale: ErrorScale, of: str = "") -> str:
    title = "Error, signed" if scale.signed else "Error, absolute"
    error = error_map(passed.x[0], passed.x_hat[0], scale.signed, scale.limit)
    return figure(error, title, of, below=scale.html())


def _figures(passed: Passed) -> str:
    return frames.numbers(
        number("MSE", f"{passed.mse[0]:.4f}", "", MSE_TEXT, "aeviz-mse"),
        number("PSNR", decibels(passed.psnr[0].item()), "dB", PSNR_TEXT, "aeviz-psnr"),
        number("SSIM", f"{passed.ssim[0]:.3f}", "", SSIM_TEXT, "aeviz-ssim"),
    ).replace("av-numbers", "av-numbers av-column")


def fitted(item: Item) -> None:
    """How an upload was changed to fit the model."""
    if item.notes:
        st.info(" ".join(item.notes), icon=":material/crop:")


def machine(opened: Opened, mu: Tensor, sigma: Tensor | None) -> str:
    """encoder > code > decoder, as HTML: two trapezoids and the code (d,) between them."""
    code = code_bars(mu, sigma, reach_of(opened, mu))
    return (
        f'<div class="av-model"><div class="av-machine">{frames.trapezoid(True)}'
        f'<div class="av-code">{code}</div>{frames.trapezoid(False)}</div>'
        '<div class="av-parts"><span>Encoder</span>'
        f'<span>Code <span class="av-quiet">{summary(mu, sigma)}</span></span>'
        "<span>Decoder</span></div></div>"
    )


def reach_of(opened: Opened, mu: Tensor) -> float:
    """The absolute value that fills the drawing of a code: the same for all images of a model,
    unless this code is larger than nearly all codes of the gallery."""
    gallery = opened.loaded.gallery
    usual = 1.0 if gallery is None else gallery.latents.abs().quantile(0.995).item()
    return max(usual, mu.abs().amax().item(), 1e-6)


def stacks(items: list[Item], passed: Passed, scale: ErrorScale) -> list[Stack]:
    """Originals, noisy images if there are any, reconstructions and error maps above each other,
    with the PSNR of each."""
    errors = [
        error_map(x, x_hat, scale.signed, scale.limit)
        for x, x_hat in zip(passed.x, passed.x_hat, strict=True)
    ]
    psnr = [f"{decibels(value)} dB" for value in passed.psnr.tolist()]
    if passed.x_noisy is None:
        rows = zip(items, psnr, passed.x, passed.x_hat, errors, strict=True)
    else:
        before = metrics.psnr(passed.x, passed.x_noisy).tolist()
        psnr = [f"{decibels(value)} → {after}" for value, after in zip(before, psnr, strict=True)]
        rows = zip(items, psnr, passed.x, passed.x_noisy, passed.x_hat, errors, strict=True)
    return [Stack(images, item.name, detail) for item, detail, *images in rows]


def place_of(large: Item, items: list[Item]) -> int:
    """The index of the image that is shown large."""
    return next(i for i, item in enumerate(items) if item.key == large.key)


def downloads(opened: Opened, items: list[Item], passed: Passed, large: Item) -> None:
    """Buttons for the reconstruction of the image shown large, and for all of them as a zip."""
    suffix = DENOISED if denoises(opened.info) else RECONSTRUCTED
    place = place_of(large, items)
    with st.container(horizontal=True):
        st.download_button(
            "Download this reconstruction", encode_png(passed.x_hat[place]),
            safe_name(large.file_name, suffix), "image/png", icon=":material/download:",
            on_click="ignore", key="download-one",
        )  # fmt: skip
        if len(items) > 1:
            files = [item.file_name for item in items]
            st.download_button(
                f"Download all {len(items)}",
                zip_pngs(zip(files, passed.x_hat, strict=True), suffix),
                "reconstructions.zip", "application/zip", icon=":material/folder_zip:",
                on_click="ignore", key="download-all",
            )  # fmt: skip


def decibels(value: float) -> str:
    """One decimal; ∞ if the images are identical."""
    return "∞" if math.isinf(value) else f"{value:.1f}"


def test_figures(opened: Opened) -> None:
    """The card's metrics for the whole test split, and PCA's MSE with the same code size."""
    card = opened.loaded.card
    figures = card.get("metrics")
    if not isinstance(figures, dict) or not is_number(figures.get("mse")):
        st.caption("This model file has no results for test images.")
        return
    count = card.get("test_images")
    images = f"{count:,} images" if isinstance(count, int) else "images"
    title = card.get("dataset_title", opened.info.dataset)
    st.markdown(f"#### All test images :small[:gray[{in_markdown(str(title))}, {images}]]")
    parts = [number("MSE", f"{figures['mse']:.4f}", "", MSE_TEXT)]
    for key, label, unit, digits, text in (
        ("psnr", "PSNR", "dB", 1, "mean over the images"),
        ("ssim", "SSIM", "", 3, "mean over the images"),
        ("bce_per_pixel", "BCE", "nats per pixel", 4, _bce_text(figures)),
    ):
        if is_number(figures.get(key)):
            parts.append(number(label, f"{figures[key]:.{digits}f}", unit, text))
    size = opened.info.latent_dim
    if is_number(figures.get("pca_mse")) and size < math.prod(opened.info.image_shape):
        text = _pca_text(figures["mse"], figures["pca_mse"], size)
        parts.append(number("PCA's MSE", f"{figures['pca_mse']:.4f}", "", text))
    markup(frames.numbers(*parts), "aeviz-test-figures")


def _bce_text(figures: dict[str, Any]) -> str:
    floor = figures.get("bce_floor_per_pixel")
    if not is_number(floor):
        return "cross-entropy"
    return f"{floor:.4f} is the lowest possible, because of grey pixels"


def _pca_text(mse: float, pca: float, size: int) -> str:
    """PCA's error relative to the model's. Errors that the page shows as 0 have no ratio."""
    components = f"with {size:,} component{'s' * (size != 1)}"
    if min(mse, pca) < MIN_SHOWN_MSE:
        return components
    if abs(pca / mse - 1) < ALIKE:
        return f"{components}: the same as this model's"
    ratio = pca / mse
    if not 0.01 < ratio < 100:
        return f"{components}: far {'smaller' if ratio < 1 else 'larger'} than this model's"
    return f"{components}: {ratio:.2g} times this model's"


@st.cache_data(max_entries=8, show_spinner="Reconstructing every test image")
def gallery_errors(_opened: Opened, name: str, version: int) -> Tensor:
    """MSE of every gallery image, (N,). Name and version are the cache key."""
    del name, version
    model = _opened.loaded.model
    parts = [part.float() / 255 for part in _opened.images.split(500)]
    return torch.cat([metrics.mse(x, reconstruct(model, x)) for x in parts])


def extremes(opened: Opened, count: int) -> list[tuple[str, list[Item], int]]:
    """Title, items and total: the gallery images with the largest and with the smallest errors."""
    order = gallery_errors(opened, opened.info.name, opened.version).argsort(descending=True)
    ends = (("Worst", order[:count]), ("Best", order.flip(0)[:count]))
    return [
        (title, [gallery_item(opened, i) for i in end.tolist()], len(order)) for title, end in ends
    ]
