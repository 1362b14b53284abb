"""The live routes' view of the model library: the available models, and their file versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aeviz.models.checkpoint import Loaded

# The library imports torch, which takes seconds; the server sends its first page before that.


def load(name: str) -> Loaded:
    """The model `name`; raises UserError if there is none."""
    from aeviz.device import pick_device
    from aeviz.models import library

    return library.load(name, pick_device())


def warm_up() -> None:
    """Import what the first model will need, while the browser is still loading the page."""
    from aeviz.latent import projection, space
    from aeviz.models import library

    del library, projection, space


def version(name: str) -> object:
    """A value that changes when the file of model `name` does; UserError if there is none."""
    from aeviz.models import library

    stat = library.find(name).path.stat()
    return stat.st_mtime_ns, stat.st_size


def listing() -> list[dict[str, Any]]:
    """The available models, as `GET /aeviz/models` lists them."""
    from aeviz.models import library

    infos = library.models()
    labels = library.labels(infos)
    return [
        {
            "name": info.name,
            "label": labels[info.name],
            "title": info.title,
            "type": info.type,
            "dataset": info.dataset,
            "image_shape": list(info.image_shape),
            "latent_dim": info.latent_dim,
            "bundled": info.bundled,
        }
        for info in infos
    ]
