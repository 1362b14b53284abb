"""Models in memory: opened once for all pages and visitors, and again when the file changes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from torch import Tensor

from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.handwriting import Style, style_of
from aeviz.images import decode_sprite
from aeviz.models import library
from aeviz.models.checkpoint import Loaded
from aeviz.models.library import ModelInfo
from aeviz.ui.shared import problems


@dataclass(frozen=True)
class Opened:
    """A model, its thumbnails as uint8 (N, C, H, W), and the version of its file.

    style: how the handwriting in the training images looks; None if they are something else.
    """

    info: ModelInfo
    version: int
    loaded: Loaded
    images: Tensor
    style: Style | None

    def clean(self, indices: list[int]) -> Tensor:
        """These gallery images as float (n, C, H, W) in [0, 1]."""
        return self.images[indices].float() / 255

    def class_of(self, index: int) -> str:
        gallery = self.loaded.gallery
        return "" if gallery is None else gallery.class_names[int(gallery.labels[index])]


def open_model(info: ModelInfo) -> Opened:
    """The model of this row. If it cannot be opened, shows why and stops the page."""
    try:
        return _open(info, info.path.stat().st_mtime_ns)
    except OSError:
        st.error(
            f"The model {in_markdown(info.display_name)} has just been deleted. Choose another one."
        )
    except UserError as error:
        problems.show(error)
    st.stop()


@st.cache_resource(
    max_entries=6,
    show_spinner="Opening the model",
    hash_funcs={ModelInfo: lambda info: info.name},
)
def _open(info: ModelInfo, version: int) -> Opened:
    loaded = library.load(info.name)
    gallery = loaded.gallery
    count = 0 if gallery is None else len(gallery.latents)
    sprite = b"" if gallery is None else gallery.sprite
    images = decode_sprite(sprite, count, loaded.model.image_shape)
    style = style_of(images[:, 0].numpy()) if loaded.model.image_shape[0] == 1 else None
    return Opened(info, version, loaded, images, style)
