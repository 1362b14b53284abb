"""Noise on test images, for models that were trained to remove it, and a warning for images of
another kind."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from aeviz.config import CorruptionConfig, CorruptionKind
from aeviz.escaping import in_markdown
from aeviz.models.library import ModelInfo
from aeviz.nn.corruptions import corrupt
from aeviz.restoration.out_of_distribution import STRANGE, Signs, calibrate
from aeviz.ui.reconstruct.sources import Item
from aeviz.ui.shared.opened import Opened

KINDS: dict[CorruptionKind, str] = {
    "none": "The images as they are.",
    "gaussian": "Standard deviation of the noise on each pixel. From black to white is 100 %.",
    "salt-and-pepper": "Share of pixels that become black or white.",
    "masking": "Share of pixels that become black.",
}
"""Each kind of noise, and what its amount means."""
CALIBRATED = 200
"""Test images, at most, that show what is usual."""


@dataclass(frozen=True)
class Noise:
    """The noise that a person has chosen. `amount`: 0 to 1."""

    kind: CorruptionKind
    amount: float
    seed: int

    def on(self, items: Sequence[Item]) -> Tensor:
        """The images with the noise, (N, C, H, W). An image gets the same noise alone and among
        others."""
        return torch.cat([self._on(item) for item in items])

    def _on(self, item: Item) -> Tensor:
        chance = torch.Generator().manual_seed(zlib.crc32(item.key.encode()) + self.seed)
        return corrupt(item.x[None], CorruptionConfig(self.kind, self.amount), chance)


def denoises(info: ModelInfo) -> bool:
    """Whether the model was trained to restore the clean image of a noisy one."""
    return info.config.corruption.kind != "none"


def controls(info: ModelInfo) -> Noise | None:
    """Kind and amount of the noise that is added, and a button for other random noise; None for no
    noise. The amount starts with that of the training."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = st.segmented_control(
            "Added noise", list(KINDS), default="none", required=True, key=f"noise-{info.name}",
            format_func=str.capitalize,
            help="The model gets the images with this noise. The error compares with the originals."
        )  # fmt: skip
        if kind is None or kind == "none":
            return None
        percent = st.slider(
            "Amount", 0, 100, round(100 * info.config.corruption.amount), 5, format="%d %%",
            key=f"amount-{info.name}", help=KINDS[kind], width=260,
        )  # fmt: skip
        seed = st.session_state.setdefault("noise-seed", 0)
        if st.button("New noise", icon=":material/grain:", help="The same amount of other noise."):
            seed = st.session_state["noise-seed"] = seed + 1
    return Noise(kind, percent / 100, seed)


def warn_if_unusual(opened: Opened, x: Tensor, x_hat: Tensor) -> None:
    """A warning if the image x (C, H, W), which the model restored to x_hat, is unlike the images
    that it was trained with."""
    if not len(opened.images):
        return
    known = _signs(opened, opened.info.name, opened.version)
    if known.strangeness(x[None], x_hat[None]).item() > STRANGE:
        st.warning(
            f"This image looks unlike the training images ({in_markdown(opened.info.dataset)}). "
            "The result may be more similar to those than to a clean version of your image."
        )


@st.cache_resource(max_entries=8, show_spinner="Measuring the model on its test images")
def _signs(_opened: Opened, name: str, version: int) -> Signs:
    """Name and version are the cache key."""
    del name, version
    return calibrate(_opened.loaded.model, _opened.images[:CALIBRATED].float() / 255)
