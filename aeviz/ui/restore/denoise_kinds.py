"""Other kinds of image: each denoiser on its own kind, and on kinds that it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st
import torch
from torch import Tensor

from aeviz.config import CorruptionKind
from aeviz.escaping import in_markdown
from aeviz.experiments.photo_crops import photo_crops
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.restoration.denoising_demo import DenoisingDemo, run_trial
from aeviz.restoration.out_of_distribution import STRANGE
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.sources import kind_of
from aeviz.ui.restore.denoise_controls import Controls, denoises
from aeviz.ui.restore.page import MEASURED, signs_of
from aeviz.ui.shared.markup import markup
from aeviz.ui.shared.opened import Opened, open_model, try_open

PHOTOS = "photographs"
SHOWN = 4


@dataclass(frozen=True)
class Cell:
    """One denoiser on one kind of image: the first few restored images (n, C, H, W), the mean PSNR
    in dB before and after, and the share of images with a warning."""

    x_hat: Tensor
    before: float
    after: float
    warned: float


@dataclass(frozen=True)
class Kind:
    """The first few clean and noisy images (n, C, H, W), the number of measured images, and a cell
    for each denoiser."""

    clean: Tensor
    noisy: Tensor
    images: int
    cells: dict[str, Cell]


def denoisers(info: ModelInfo) -> dict[str, ModelInfo]:
    """Kind of image -> its first denoiser, among models with this image shape; the model's own kind
    comes first. Only the model itself if there is no denoiser."""
    found = {kind_of(info.dataset): info} if denoises(info) else {}
    for other in library.models():
        new = kind_of(other.dataset) not in found and other.image_shape == info.image_shape
        if new and denoises(other) and try_open(other) is not None:
            found[kind_of(other.dataset)] = other
    return found or {kind_of(info.dataset): info}


def measured(info: ModelInfo, noise: Controls) -> dict[str, Kind]:
    """Every denoiser on every kind of image, photographs last."""
    models = {one.name: open_model(one) for one in denoisers(info).values()}
    versions = tuple((name, one.version) for name, one in models.items())
    return _measured(models, versions, noise.kind, noise.amount, noise.seed)


@st.cache_data(max_entries=32, show_spinner="Testing each denoiser on each kind of image")
def _measured(
    _models: Mapping[str, Opened],
    versions: tuple[tuple[str, int], ...],
    kind: CorruptionKind,
    amount: float,
    seed: int,
) -> dict[str, Kind]:
    del versions
    images = {
        kind_of(one.info.dataset): one.images[:MEASURED].float() / 255 for one in _models.values()
    }
    shape = next(iter(_models.values())).info.image_shape
    images[PHOTOS] = _most_varied_first(photo_crops(shape))
    kinds = {}
    for name, x in images.items():
        if not len(x):
            continue
        trials = {
            model: run_trial(one.loaded.model, x, kind, amount, seed)
            for model, one in _models.items()
        }
        first = next(iter(trials.values()))
        cells = {model: _cell(_models[model], trial) for model, trial in trials.items()}
        kinds[name] = Kind(first.x[:SHOWN], first.x_noisy[:SHOWN], len(x), cells)
    return kinds


def _most_varied_first(x: Tensor) -> Tensor:
    """The same squares, those with the largest variance first."""
    return x[x.flatten(1).var(1).argsort(descending=True)]


def _cell(opened: Opened, trial: DenoisingDemo) -> Cell:
    signs = signs_of(opened)
    warned = torch.zeros(len(trial.x))
    if signs is not None:
        warned = (signs.strangeness(trial.x_noisy, trial.x_hat) > STRANGE).float()
    return Cell(
        trial.x_hat[:SHOWN], trial.noisy.mean_psnr, trial.restored.mean_psnr, warned.mean().item()
    )


def table(kinds: Mapping[str, Kind], models: Sequence[ModelInfo]) -> None:
    """A table: kinds of image as columns; clean, noisy and each denoiser as rows."""
    heads = "".join(f'<div class="av-head">{escape(name.capitalize())}</div>' for name in kinds)
    noisy = "".join(
        _pictures(kind.noisy, f"{_before(kind):.1f} dB", "noisy") for kind in kinds.values()
    )
    clean = "".join(_pictures(kind.clean, "", "clean") for kind in kinds.values())
    rows = "".join(
        f'<h5>Restored by {escape(model.display_name)} <span class="av-quiet">'
        f"trained on {escape(kind_of(model.dataset))}</span></h5>"
        + "".join(_restored(kind, model, name) for name, kind in kinds.items())
        for model in models
    )
    markup(
        f'<div class="av-kinds" style="--kinds:{len(kinds)}">{heads}'
        f"{clean}<h5>Noisy</h5>{noisy}{rows}</div>",
        "aeviz-kinds",
    )
    counts = ", ".join(f"{kind.images} {in_markdown(name)}" for name, kind in kinds.items())
    st.caption(
        f"PSNR: means over {counts}. The change is relative to the noisy images. Framed: the kind "
        "that the denoiser learnt from. Flagged: the share of images for which this page would "
        "warn that they are unlike the training images. This check uses only the image and what "
        "the model removed from it."
    )


def _before(kind: Kind) -> float:
    return next(iter(kind.cells.values())).before


def _restored(kind: Kind, model: ModelInfo, shows: str) -> str:
    cell = kind.cells[model.name]
    change = _signed(cell.after - cell.before)
    own = kind_of(model.dataset) == shows
    mark = '<span class="av-warn" title="Unlike the training images">!</span> '
    warned = f"{mark if cell.warned > 0.5 else ''}flagged: {100 * cell.warned:.0f} %"
    return _pictures(
        cell.x_hat, f"{cell.after:.1f} dB", f"restored by {model.display_name}",
        f'<span class="av-quiet">{change}</span><span class="av-quiet">{warned}</span>', own,
    )  # fmt: skip


def _pictures(x: Tensor, title: str, alt: str, more: str = "", own: bool = False) -> str:
    images = "".join(frames.picture(one, alt) for one in x)
    text = f"<p><b>{title}</b>{more}</p>" if title else ""
    return (
        f'<div class="av-cell{" av-own" if own else ""}"><div class="av-few">{images}</div>'
        f"{text}</div>"
    )


def verdict(kinds: Mapping[str, Kind], model: ModelInfo) -> None:
    """One sentence: how much the first denoiser gains on its own kind and on the others."""
    cells = {name: kind.cells[model.name] for name, kind in kinds.items()}
    *gains, last = (
        f"**{_signed(cell.after - cell.before)}** on {in_markdown(name)}"
        for name, cell in cells.items()
    )
    if not gains:
        return
    st.markdown(
        f"{in_markdown(model.display_name)} changes the PSNR by {', '.join(gains)} and {last}. "
        "It learnt from one kind of image and treats every image as one of that kind."
    )


def _signed(decibels: float) -> str:
    return f"{'+' if decibels >= 0 else '−'}{abs(decibels):.1f} dB"
