"""The palette of class colours that all pages and the live explorer share."""

from __future__ import annotations

from aeviz.images.class_colours import CLASS_COLOURS

__all__ = ["CLASS_COLOURS"]
