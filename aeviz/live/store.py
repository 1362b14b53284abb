"""The models that are open: loaded once, shared by all clients, dropped least recently used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from aeviz.errors import UserError
from aeviz.live.assets import Asset
from aeviz.live.batcher import Batcher, Client, Deliver
from aeviz.live.protocol import Shape
from aeviz.live.stats import Stats
from aeviz.live.thrift import ThriftyComputer

if TYPE_CHECKING:
    from aeviz.checkpoint import Loaded
    from aeviz.live.mixture import CodeMixture

MEMORY_BUDGET: Final = 1 << 30  # bytes of weights and galleries kept open at once

Load = Callable[[str], "Loaded"]
Version = Callable[[str], object]


class OpenModel:
    """One model in memory with its decode thread and what the browser is told about it."""

    def __init__(
        self, name: str, loaded: Loaded, version: object, deliver: Deliver, stats: Stats
    ) -> None:
        self.name = name
        self.loaded = loaded
        self.version = version
        model = loaded.model
        channels, height, width = model.image_shape
        self.shape = Shape((channels, height, width), model.latent_dim)
        self.clients: set[Client] = set()
        self.batcher = Batcher(ThriftyComputer(model), deliver, stats, name)

    @cached_property
    def sprite(self) -> Asset:
        """The thumbnails; raises UserError where the model has none."""
        if self.loaded.gallery is None:
            raise UserError(f"{self.name} has no gallery of images: train it again to get one.")
        sprite = self.loaded.gallery.sprite
        media_type = "image/webp" if sprite.startswith(b"RIFF") else "image/png"
        return Asset(sprite, media_type, compress=False)

    @cached_property
    def gallery(self) -> Asset:
        """What `gallery.pack` says of this model."""
        # Imported here: it needs torch, and the first page is answered before torch is there.
        from aeviz.live import gallery

        version = None if self.loaded.gallery is None else self.sprite.version
        packed = gallery.pack(self.name, self.loaded, version)
        return Asset(packed, "application/octet-stream")

    @cached_property
    def mixture(self) -> CodeMixture:
        """Draws that look like this model's codes."""
        from aeviz.live.mixture import CodeMixture  # as above

        return CodeMixture(self.name, self.loaded.gallery)

    @cached_property
    def memory(self) -> int:
        """Bytes held by weights and gallery."""
        weights = sum(p.numel() * p.element_size() for p in self.loaded.model.state_dict().values())
        gallery = self.loaded.gallery
        if gallery is None:
            return weights
        latents = gallery.latents
        return weights + 2 * latents.numel() * latents.element_size() + len(gallery.sprite)


class ModelStore:
    """Opens models by name. `version(name)` changes when a model's file does; it is then reopened.

    Models that clients are connected to are never dropped; of the others, the least recently used
    go when all together exceed `budget` bytes.
    """

    def __init__(
        self,
        load: Load,
        version: Version,
        deliver: Deliver,
        stats: Stats,
        budget: int = MEMORY_BUDGET,
    ) -> None:
        self._load = load
        self._version = version
        self._deliver = deliver
        self._stats = stats
        self._budget = budget
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> OpenModel:
        """The open model `name`, loading it if need be; raises UserError if there is none."""
        version = self._version(name)
        # One lock for all: two loads at once would only slow each other on a small machine.
        with self._lock:
            model = self._open.get(name)
            if model is None or model.version != version:
                fresh = OpenModel(name, self._load(name), version, self._deliver, self._stats)
                if model is not None and not model.clients:
                    model.batcher.close()
                self._open[name] = model = fresh
            self._open.move_to_end(name)
            self._drop_unused(keep=model)
            return model

    def names(self) -> list[str]:
        """Open models, least recently used first."""
        with self._lock:
            return list(self._open)

    def _drop_unused(self, keep: OpenModel) -> None:
        total = sum(model.memory for model in self._open.values())
        for name, model in list(self._open.items()):
            if total <= self._budget:
                return
            if model is not keep and not model.clients:
                total -= model.memory
                del self._open[name]
                model.batcher.close()
