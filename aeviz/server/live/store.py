"""The open models: loaded once, shared by all clients, the least recently used dropped first."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aeviz.errors import UserError
from aeviz.server.assets import Asset
from aeviz.server.live.batcher import Batcher, Client, Deliver
from aeviz.server.live.protocol import Shape
from aeviz.server.live.stats import Stats
from aeviz.server.live.threads import FrameBudgetComputer

if TYPE_CHECKING:
    from aeviz.handwriting import Style
    from aeviz.models.checkpoint import Loaded
    from aeviz.server.live.mixture import CodeMixture

MEMORY_BUDGET: Final = 1 << 30  # bytes of weights and galleries kept open at once

Load = Callable[[str], "Loaded"]
Version = Callable[[str], object]


class OpenModel:
    """One model in memory with its decode thread and its data for the browser."""

    def __init__(
        self, name: str, loaded: Loaded, version: object, deliver: Deliver, stats: Stats
    ) -> None:
        self.name = name
        self.loaded = loaded
        self.version = version
        model = loaded.model
        channels, height, width = model.image_shape
        self.shape = Shape((channels, height, width), model.latent_dim)
        self.memory = _memory(loaded)
        self.clients: set[Client] = set()
        self.batcher = Batcher(FrameBudgetComputer(model), deliver, stats, name)
        self.making = asyncio.Lock()
        self._lock = threading.Lock()
        self._sprite: Asset | None = None
        self._gallery: Asset | None = None
        self._map: Asset | None = None
        self._mixture: CodeMixture | None = None
        self._style: tuple[Style | None] | None = None

    def sprite(self) -> Asset:
        """The thumbnails, ready to be sent; raises UserError if the model has none."""
        with self._lock:
            return self._get_sprite()

    def gallery(self) -> Asset:
        """The packed gallery (`gallery.pack`), ready to be sent; slow the first time."""
        # Imported late: it needs torch, and the first page must not wait for that.
        from aeviz.server.live import gallery

        with self._lock:  # if many clients open a model at once, it is packed only once
            if self._gallery is None:
                version = None if self.loaded.gallery is None else self._get_sprite().version
                handwriting = self._get_style() is not None
                packed = gallery.pack(self.name, self.loaded, version, handwriting)
                self._gallery = Asset(packed, "application/octet-stream").prepare()
            return self._gallery

    def map(self) -> Asset:
        """The part of the gallery that a map needs, which is faster to make."""
        from aeviz.server.live import gallery  # as above

        with self._lock:
            if self._map is None:
                packed = gallery.pack(self.name, self.loaded, None, whole=False)
                self._map = Asset(packed, "application/octet-stream").prepare()
            return self._map

    def mixture(self) -> CodeMixture:
        """The Gaussian mixture fitted to this model's codes."""
        from aeviz.server.live.mixture import CodeMixture  # as above

        with self._lock:
            if self._mixture is None:
                self._mixture = CodeMixture(self.name, self.loaded.gallery)
            return self._mixture

    def style(self) -> Style | None:
        """The style of the handwriting that the model was trained on; None if it was trained on
        other images."""
        with self._lock:
            return self._get_style()

    def _get_style(self) -> Style | None:
        from aeviz.handwriting import style_of_gallery  # as above

        if self._style is None:
            gallery = self.loaded.gallery
            shape = self.loaded.model.image_shape
            sheet, count = (b"", 0) if gallery is None else (gallery.sprite, len(gallery.latents))
            self._style = (style_of_gallery(sheet, count, shape),)
        return self._style[0]

    def _get_sprite(self) -> Asset:
        if self.loaded.gallery is None:
            raise UserError(f"{self.name} has no gallery of images: train it again to get one.")
        if self._sprite is None:
            sprite = self.loaded.gallery.sprite
            media_type = "image/webp" if sprite.startswith(b"RIFF") else "image/png"
            self._sprite = Asset(sprite, media_type, compress=False).prepare()
        return self._sprite


def _memory(loaded: Loaded) -> int:
    """Bytes held by weights and gallery; the gallery counts twice because its packed form is kept,
    too."""
    weights = sum(p.numel() * p.element_size() for p in loaded.model.state_dict().values())
    gallery = loaded.gallery
    if gallery is None:
        return weights
    held = (gallery.latents, gallery.logvar, gallery.pca, gallery.tsne, gallery.umap)
    arrays = sum(t.numel() * t.element_size() for t in held if t is not None)
    return weights + 2 * arrays + len(gallery.sprite)


class ModelStore:
    """Opens models by name. `version(name)` changes when the model's file does; then it is
    reopened.

    Models with connected clients are never dropped; of the others, the least recently used are
    dropped when all models together exceed `budget` bytes. The old version of a model whose file
    has changed is dropped when its last client leaves.
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
        # Loading is slow and done by one thread at a time: two would only slow each other down on a
        # small machine. The second lock is only held briefly, so the event loop may take it.
        self._loading = threading.Lock()
        self._lock = threading.Lock()

    def get(self, name: str) -> OpenModel:
        """The model `name`, loaded if it is not open yet; raises UserError if there is none."""
        with self._loading:
            return self._get(name)

    def join(self, name: str, client: Client) -> OpenModel:
        """As `get`, and register `client` until it leaves."""
        with self._loading:  # no other thread can drop the model before the client has joined
            model = self._get(name)
            with self._lock:
                model.clients.add(client)
            return model

    def leave(self, model: OpenModel, client: Client) -> None:
        """Unregister a client that has gone, and drop its requests."""
        model.batcher.forget(client)
        with self._lock:
            model.clients.discard(client)
            if not model.clients and self._open.get(model.name) is not model:
                model.batcher.close()

    def names(self) -> list[str]:
        """Open models, least recently used first."""
        with self._lock:
            return list(self._open)

    def _get(self, name: str) -> OpenModel:
        version = self._version(name)
        model = self._open.get(name)
        fresh = None
        if model is None or model.version != version:
            fresh = OpenModel(name, self._load(name), version, self._deliver, self._stats)
        with self._lock:
            if fresh is not None:
                if model is not None and not model.clients:
                    model.batcher.close()
                self._open[name] = model = fresh
            assert model is not None
            self._open.move_to_end(name)
            self._drop_unused(keep=model)
            return model

    def _drop_unused(self, keep: OpenModel) -> None:
        total = sum(model.memory for model in self._open.values())
        for name, model in list(self._open.items()):
            if total <= self._budget:
                return
            if model is not keep and not model.clients:
                total -= model.memory
                del self._open[name]
                model.batcher.close()
