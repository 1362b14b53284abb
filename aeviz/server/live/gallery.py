"""The gallery of a model, packed for the explorer (`packing`): all it draws before decoding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aeviz.errors import UserError
from aeviz.evaluation.metrics import ACTIVE_VARIANCE
from aeviz.io.json_file import is_number
from aeviz.server import packing
from aeviz.server.live.effect import effects
from aeviz.server.live.posterior_stats import typical

if TYPE_CHECKING:
    from aeviz.models.checkpoint import Loaded
    from aeviz.nn.model import Autoencoder


ACTIVE_EFFECT: Final = 0.001  # without a prior: on the image, as a share of the largest effect
PRIOR_REACH: Final = 3.0  # a VAE's slider covers at least so many sigmas of the prior


def pack(
    name: str,
    loaded: Loaded,
    sprite_version: str | None,
    handwriting: bool = False,
    whole: bool = True,
) -> bytes:
    """The gallery of a model as one blob; without points if the model has none. UserError if its
    numbers are beyond the range of floats.

    `whole`: with thumbnails and the statistics of typical codes, which take a few forward passes.
    """
    model = loaded.model
    header: dict[str, Any] = {
        "name": name,
        "image_shape": list(model.image_shape),
        "latent_dim": model.latent_dim,
        "gaussian": model.is_gaussian,
        "handwriting": handwriting,
        "count": 0,
        "class_names": [],
        "sprite": None,
        "pca": None,
        "trustworthiness": {},
        "typical": None,
        "dims": [_unseen_dimension(i, model.is_gaussian) for i in range(model.latent_dim)],
    }
    arrays: dict[str, NDArray[Any]] = {}
    gallery = loaded.gallery
    if gallery is not None and len(gallery.latents):
        from aeviz.latent.projection import PCA2

        latents = gallery.latents.float().cpu()
        header["count"] = len(latents)
        header["class_names"] = list(gallery.class_names)
        header["dims"] = dimensions(model, latents, gallery.logvar)
        active = sorted(dim["index"] for dim in header["dims"] if dim["active"])
        if whole:
            header["typical"] = typical(model, latents, active)
            header["sprite"] = _sprite(model.image_shape, len(latents), sprite_version)
        arrays["latents"] = latents.numpy()
        arrays["labels"] = gallery.labels.numpy().astype(np.int16)
        if model.is_gaussian and gallery.logvar is not None:
            arrays["logvar"] = gallery.logvar.float().numpy()
        if model.latent_dim > 2:
            plane = PCA2.fit(latents)
            header["pca"] = {
                "mean": plane.mean.tolist(),
                "components": plane.components.tolist(),
                "explained": plane.explained.tolist(),
            }
            arrays["pca"] = plane.project(latents)
            header["trustworthiness"] = _shares(loaded.card.get("trustworthiness"))
        for key, places in (("tsne", gallery.tsne), ("umap", gallery.umap)):
            if places is not None:
                arrays[key] = places.float().numpy()
    try:
        return packing.pack(header, arrays)
    except ValueError as error:
        raise UserError(
            "This model's codes are too large to explore: choose another model."
        ) from error


def dimensions(model: Autoencoder, latents: Tensor, logvar: Tensor | None) -> list[dict[str, Any]]:
    """Slider range and information of each latent dimension, the most informative first.

    Information is defined in `aeviz.latent.space.information`. A dimension is active if the
    variance of its mean is above 0.01 (Burda et al. 2016, 5.2). Without a prior, codes have no
    fixed scale: a dimension is then active if its effect on the image is above 0.001 of the
    largest effect (`effect.effects`).
    """
    from aeviz.latent import space

    information = space.information(latents, logvar)
    variance, mean = torch.var_mean(latents, 0, correction=0)
    low, high = space.ranges(latents).unbind(1)
    low = torch.where(latents.amin(0) >= 0, low.clamp(min=0), low)  # codes behind a ReLU
    if logvar is None:
        effect = effects(model, latents)
        active = effect > ACTIVE_EFFECT * effect.max()
    else:
        active = variance > ACTIVE_VARIANCE
        # The slider of a collapsed dimension still covers the prior.
        low, high = low.clamp(max=-PRIOR_REACH), high.clamp(min=PRIOR_REACH)
    return [
        {
            "index": i,
            "low": float(low[i]),
            "high": float(high[i]),
            "mean": float(mean[i]),
            "std": float(variance[i].sqrt()),
            "information": float(information[i]),
            "active": bool(active[i]),
        }
        for i in space.order(latents, logvar).tolist()
    ]


def _shares(values: Any) -> dict[str, float]:
    """The valid trustworthiness values of a card, which may come from an uploaded file."""
    values = values if isinstance(values, dict) else {}
    return {
        name: float(values[name])
        for name in ("pca", "tsne", "umap")
        if is_number(values.get(name)) and 0 <= values[name] <= 1
    }


def _unseen_dimension(index: int, gaussian: bool) -> dict[str, Any]:
    """A dimension of a model without a gallery: the prior's range, or -1 to 1."""
    reach = PRIOR_REACH if gaussian else 1.0
    return {
        "index": index,
        "low": -reach,
        "high": reach,
        "mean": 0.0,
        "std": 1.0,
        "information": 0.0,
        "active": True,
    }


def _sprite(shape: tuple[int, int, int], count: int, version: str | None) -> dict[str, Any]:
    """The layout of the thumbnail sheet: rows of `columns` tiles of width x height."""
    _, height, width = shape
    columns = math.isqrt(count - 1) + 1
    return {"version": version, "columns": columns, "width": width, "height": height}
