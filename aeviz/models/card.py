"""Check the card of an untrusted model file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aeviz.io.json_file import is_count, is_number, is_text

MAX_ENTRIES: Final = 1_000
"""Values in a card, at all depths together."""
MAX_DEPTH: Final = 4
MAX_TEXT: Final = 200

_COUNTS: Final = ("epochs", "parameters", "steps", "test_images", "train_images")
_NUMBERS: Final = ("seconds", "images_per_second", "vividness", "kept_of_start")
_TEXTS: Final = (
    "dataset", "dataset_title", "dataset_sha256", "date", "device", "ended", "precision",
    "started_from",
)  # fmt: skip
_GROUPS: Final = ("metrics", "trustworthiness", "validation", "versions", "without_penalty")
_FIGURES: Final = (
    "loss", "recon", "kl", "penalty", "mse", "mae", "psnr", "ssim", "pca_mse", "bce_per_pixel",
    "bce_floor_per_pixel", "knn_accuracy", "knn_accuracy_pixels", "active_units",
    "active_fraction", "jacobian_norm", "largest_angle_to_pca", "mig",
)  # fmt: skip
_FIGURE_GROUPS: Final = ("denoise", "factors", "factor_scores")


def checked(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card without values that cannot be shown: numbers that are not finite or beyond 2^53,
    texts that are long or not printable, known fields of a wrong type, values nested deeper than
    MAX_DEPTH, and values after the first MAX_ENTRIES."""
    found = _cleaned(card, MAX_DEPTH, [MAX_ENTRIES])
    _drop(found, _COUNTS, is_count)
    _drop(found, _NUMBERS, is_number)
    _drop(found, _TEXTS, lambda value: isinstance(value, str))
    _drop(found, _GROUPS, lambda value: isinstance(value, dict))
    for figures in (found.get("metrics", {}), found.get("without_penalty", {})):
        _drop(figures, _FIGURES, is_number)
        _drop(figures, _FIGURE_GROUPS, lambda value: isinstance(value, dict))
    return found


def _drop(group: dict[str, Any], keys: tuple[str, ...], fits: Callable[[Any], bool]) -> None:
    for key in keys:
        if key in group and not fits(group[key]):
            del group[key]


def _cleaned(group: Mapping[str, Any], depth: int, room: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in group.items():
        room[0] -= 1
        if room[0] < 0:
            break
        if not is_text(key, MAX_TEXT):
            continue
        if isinstance(value, Mapping):
            if depth:
                found[key] = _cleaned(value, depth - 1, room)
        elif isinstance(value, list):
            room[0] -= len(value)
            if room[0] >= 0 and all(map(_is_plain, value)):
                found[key] = value
        elif _is_plain(value):
            found[key] = value
    return found


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool) or is_number(value) or is_text(value, MAX_TEXT)
