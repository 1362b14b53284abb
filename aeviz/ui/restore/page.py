"""The parts of the Restore page: measurements, images side by side, and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st
import torch
from torch import Tensor

from aeviz.config import CorruptionKind
from aeviz.escaping import in_markdown
from aeviz.evaluation.evaluate import reconstruct
from aeviz.images import encode_png
from aeviz.restoration.denoising_demo import DenoisingDemo, Score, run_trial
from aeviz.restoration.export import png_name, zip_pngs
from aeviz.restoration.out_of_distribution import STRANGE, Signs, calibrate
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.frames import Stack, figure, number
from aeviz.ui.reconstruct.page import ErrorScale, decibels, fitted
from aeviz.ui.reconstruct.sources import Item
from aeviz.ui.restore.colours import error_map
from aeviz.ui.restore.denoise_controls import Controls
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened

MEASURED = 200
"""The means are over so many test images."""

TRIAL_ROWS: tuple[str, ...] = ("noisy", "restored", "median 3×3", "clean")
UPLOAD_ROWS: tuple[str, ...] = ("noisy", "restored", "removed")

_REMOVED_SCALE = ErrorScale(signed=True, limit=1.0)
# Four images and a narrow model between two of them; the model is as tall as an image.
_FLOW = "--columns:1fr 0.7fr 1fr 1fr 1fr;--tall:calc((100cqw - 4rem) / 4.7)"


def trial(opened: Opened, items: Sequence[Item], noise: Controls) -> DenoisingDemo:
    """Corrupt the items with the chosen noise, and restore them."""
    x = torch.stack([item.x for item in items])
    return run_trial(opened.loaded.model, x, noise.kind, noise.amount, noise.seed)


@st.cache_data(max_entries=64, show_spinner=False)
def mean_scores(
    _opened: Opened, name: str, version: int, kind: CorruptionKind, amount: float, seed: int
) -> tuple[Score, Score, Score, int]:
    """Scores of noisy, restored and median-filtered gallery images, and their number. Arguments
    without an underscore are the cache key."""
    del name, version
    x = _opened.images[:MEASURED].float() / 255
    result = run_trial(_opened.loaded.model, x, kind, amount, seed)
    return result.noisy, result.restored, result.filtered, len(x)


def verdict(opened: Opened, noise: Controls) -> None:
    """PSNR and SSIM before and after in large type, with the median filter for comparison."""
    noisy, restored, filtered, count = mean_scores(
        opened, opened.info.name, opened.version, noise.kind, noise.amount, noise.seed
    )
    psnr = (noisy.mean_psnr, restored.mean_psnr, filtered.mean_psnr)
    top = max(*psnr, 1.0)
    names = ("noisy", "restored", "median 3×3")
    ssim = (noisy.mean_ssim, restored.mean_ssim, filtered.mean_ssim)
    rows = "".join(
        f'<span>{name}</span><i class="{"av-ours" if name == "restored" else ""}" '
        f'style="width:{100 * max(p, 0) / top:.1f}%"></i><span>{p:.1f} dB · {s:.2f}</span>'
        for name, p, s in zip(names, psnr, ssim, strict=True)
    )
    markup(
        f'<div class="av-verdict">{_change("PSNR", f"{psnr[0]:.1f}", f"{psnr[1]:.1f}", " dB")}'
        f"{_change('SSIM', f'{ssim[0]:.2f}', f'{ssim[1]:.2f}')}"
        f'<div class="av-bars">{rows}</div></div>',
        "aeviz-verdict",
    )
    st.caption(
        f"Means over {count} test images with this noise. PSNR: 10 dB more means a tenth of the "
        "squared error. SSIM: similarity of local patterns; 1 is identical. The median filter is a "
        "common method without a model."
    )


def _change(label: str, before: str, after: str, unit: str = "") -> str:
    return (
        f'<div class="av-change"><span class="av-label">{label}</span><strong><i>{before} →</i> '
        f"{after}<small>{escape(unit)}</small></strong></div>"
    )


def trial_flow(opened: Opened, large: Item, items: Sequence[Item], result: DenoisingDemo) -> None:
    """Noisy, the model, restored, clean and the median filter, left to right."""
    i = place_of(large, items)
    markup(
        f'<div class="av-flow" style="{_FLOW}">'
        + figure(result.x_noisy[i], "Noisy", _score_text(result.noisy, i), testid="aeviz-noisy")
        + hourglass(opened)
        + figure(
            result.x_hat[i], "Restored", _score_text(result.restored, i), testid="aeviz-restored"
        )
        + figure(result.x[i], "Clean", large.name)
        + figure(result.x_median[i], "Median 3×3", _score_text(result.filtered, i))
        + "</div>",
        "aeviz-flow",
    )


def trial_stacks(items: Sequence[Item], result: DenoisingDemo) -> list[Stack]:
    """Noisy, restored, filtered and clean above each other, with the PSNR before and after."""
    images = zip(result.x_noisy, result.x_hat, result.x_median, result.x, strict=True)
    psnr = zip(result.noisy.psnr.tolist(), result.restored.psnr.tolist(), strict=True)
    return [
        Stack(column, item.name, f"{decibels(before)} → {decibels(after)} dB")
        for item, column, (before, after) in zip(items, images, psnr, strict=True)
    ]


def _score_text(score: Score, i: int) -> str:
    return f"{decibels(score.psnr[i].item())} dB · SSIM {score.ssim[i]:.2f}"


def hourglass(opened: Opened) -> str:
    """The model as a drawing: it narrows to the code and widens again."""
    size = opened.info.latent_dim
    numbers = "1 number" if size == 1 else f"{size:,} numbers"
    return (
        f'<div class="av-model"><div class="av-machine av-plain">{frames.trapezoid(True)}'
        f'{frames.trapezoid(False)}</div><div class="av-parts"><span>Encoder</span>'
        f'<span class="av-quiet">{numbers}</span><span>Decoder</span></div></div>'
    )


@dataclass(frozen=True)
class Cleaned:
    """Uploads x and their restored images x_hat, both (N, C, H, W). `strange` (N,): whether each is
    unlike the training images."""

    x: Tensor
    x_hat: Tensor
    strange: list[bool]


def signs_of(opened: Opened) -> Signs | None:
    """The out-of-distribution check of the model, from its gallery; None if it has no gallery."""
    if not len(opened.images):
        return None
    return _signs(opened, opened.info.name, opened.version)


def clean(opened: Opened, items: Sequence[Item]) -> Cleaned:
    """Restores uploads, all in one pass."""
    x = torch.stack([item.x for item in items])
    x_hat = reconstruct(opened.loaded.model, x)
    signs = signs_of(opened)
    if signs is None:
        return Cleaned(x, x_hat, [False] * len(items))
    return Cleaned(x, x_hat, (signs.strangeness(x, x_hat) > STRANGE).tolist())


@st.cache_resource(max_entries=8, show_spinner="Measuring the model on its test images")
def _signs(_opened: Opened, name: str, version: int) -> Signs:
    del name, version
    return calibrate(_opened.loaded.model, _opened.images[:MEASURED].float() / 255)


def cleaned_flow(opened: Opened, large: Item, items: Sequence[Item], cleaned: Cleaned) -> None:
    """Noisy, the model, restored and the difference, with a warning for unusual images."""
    i = place_of(large, items)
    x, x_hat = cleaned.x[i], cleaned.x_hat[i]
    if cleaned.strange[i]:
        st.warning(
            f"This image looks unlike the training images ({in_markdown(opened.info.dataset)}). "
            "The result may be more similar to those than to a clean version of your image."
        )
    fitted(large)
    kind = "unusual" if cleaned.strange[i] else "usual"
    rms = (x_hat - x).square().mean().sqrt().item()
    removed = figure(_removed(x, x_hat), "Removed", "restored − noisy", below=_REMOVED_SCALE.html())
    markup(
        f'<div class="av-flow" style="{_FLOW}">'
        + figure(x, "Noisy", large.name, testid="aeviz-noisy")
        + hourglass(opened)
        + figure(x_hat, "Restored", testid="aeviz-restored")
        + removed
        + frames.numbers(
            number("Removed", f"{rms:.2f}", "", "root mean square; as much as noise of this sigma"),
            number("Kind of image", kind, "", "compared with the training images"),
        ).replace("av-numbers", "av-numbers av-column")
        + "</div>",
        "aeviz-flow",
    )


def cleaned_stacks(items: Sequence[Item], cleaned: Cleaned) -> list[Stack]:
    """Noisy, restored and the difference above each other, with a mark on unusual images."""
    rows = zip(items, cleaned.x, cleaned.x_hat, cleaned.strange, strict=True)
    return [
        Stack((x, x_hat, _removed(x, x_hat)), item.name, warn=strange)
        for item, x, x_hat, strange in rows
    ]


def _removed(x: Tensor, x_hat: Tensor) -> frames.Image:
    return error_map(x, x_hat, _REMOVED_SCALE.signed, _REMOVED_SCALE.limit)


def place_of(large: Item, items: Sequence[Item]) -> int:
    """The index of the image that is shown large."""
    return next(i for i, item in enumerate(items) if item.key == large.key)


def downloads(items: Sequence[Item], x_hat: Tensor, large: Item) -> None:
    """Buttons for the restored image shown large, and for all of them as a zip."""
    with st.container(horizontal=True):
        st.download_button(
            "Download this image", encode_png(x_hat[place_of(large, items)]),
            png_name(large.file_name), "image/png", icon=":material/download:", type="primary",
            on_click="ignore", key="download-one",
        )  # fmt: skip
        if len(items) > 1:
            files = [item.file_name for item in items]
            st.download_button(
                f"Download all {len(items)}", zip_pngs(zip(files, x_hat, strict=True)),
                "denoised.zip", "application/zip", icon=":material/folder_zip:",
                on_click="ignore", key="download-all",
            )  # fmt: skip
