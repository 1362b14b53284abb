"""The Starlette routes of the player on a run's page.

GET /aeviz/runs/{id}/epochs/{n}    the snapshot of one epoch, packed (`epochs.pack`); 204 if the run
                                   has deleted it, as long runs do with most snapshots
GET /aeviz/runs/{id}/replay.gif    the whole training as a film; .../replay.mp4; ?theme=light
GET /aeviz/replay/static/{file}    JavaScript and CSS
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from aeviz.errors import UserError
from aeviz.io.paths import WEB
from aeviz.io.priority import lower_thread
from aeviz.server import http
from aeviz.server.assets import Asset, Files, live_file
from aeviz.server.http import errors_as_sentences

STATIC: Final = WEB / "replay" / "static"
EPOCH_BYTES: Final = 64 << 20
"""Packed epochs kept in memory: an epoch is packed once, even if a whole class looks at it."""
FILM_BYTES: Final = 48 << 20
MAX_FILMS: Final = 12
"""Films being made or waiting; each takes the one thread several seconds."""
MEDIA: Final = {"gif": "image/gif", "mp4": "video/mp4"}

Key = tuple[object, ...]


class AssetCache:
    """Assets by key, at most `max_bytes` in all: the least recently used are dropped."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._assets: OrderedDict[Key, Asset] = OrderedDict()

    def get(self, key: Key) -> Asset | None:
        with self._lock:
            if key in self._assets:
                self._assets.move_to_end(key)
            return self._assets.get(key)

    def put(self, key: Key, asset: Asset) -> Asset:
        with self._lock:
            self._assets[key] = asset
            size = sum(len(each.content) for each in self._assets.values())
            while size > self._max_bytes and len(self._assets) > 1:
                size -= len(self._assets.popitem(last=False)[1].content)
        return asset


class Replay:
    """The endpoints, with caches of packed epochs and films."""

    def __init__(self) -> None:
        self._epochs, self._films = AssetCache(EPOCH_BYTES), AssetCache(FILM_BYTES)
        self._making: dict[Key, asyncio.Future[Asset]] = {}
        self._film_thread = ThreadPoolExecutor(1, "film", lower_thread)
        self._files = Files()

    async def epoch(self, request: Request) -> Response:
        """One epoch; browsers keep it for ever if the address carries the file's version."""
        run, number = request.path_params["run"], request.path_params["epoch"]
        found = await run_in_threadpool(self._epoch, run, number)
        if found is None:
            return Response(status_code=204)
        asset, stamp = found
        return asset.respond(request, for_ever=request.query_params.get("v") == stamp)

    def _epoch(self, run_id: str, number: str) -> tuple[Asset, str] | None:
        """The asset and its version; None if a later epoch has replaced it."""
        from aeviz.runs import store
        from aeviz.server.replay import epochs  # imported late, in a thread: it needs torch
        from aeviz.training import snapshots

        run = store.find(run_id)
        if not (number.isascii() and number.isdigit() and len(number) <= 5):
            raise UserError("Give the epoch as a whole number.")
        path = snapshots.path_of(run.folder / "snapshots", int(number))
        try:
            key = (str(path), stamp := snapshots.stamp(path))
            asset = self._epochs.get(key)
            if asset is None:
                packed = epochs.pack(snapshots.read(path), run.config)
                asset = Asset(packed, "application/octet-stream").prepare()
                self._epochs.put(key, asset)
        except UserError:
            if path.is_file() or not any(path < other for other in run.snapshots()):
                raise
            return None
        return asset, stamp

    async def film(self, request: Request) -> Response:
        """The training as a GIF or an MP4, made once and in one thread."""
        run, kind = request.path_params["run"], request.path_params["kind"]
        theme = "light" if request.query_params.get("theme") == "light" else "dark"
        if kind not in MEDIA:
            raise UserError("Request replay.gif or replay.mp4.")
        key = await run_in_threadpool(_film_key, run, kind, theme)
        asset = self._films.get(key)
        if asset is None:
            asset = await asyncio.shield(self._film_of(key))
        response = asset.respond(request)
        disposition = f"attachment; filename*=utf-8''{quote(run)}.{kind}"
        response.headers["Content-Disposition"] = disposition
        return response

    def _film_of(self, key: Key) -> asyncio.Future[Asset]:
        """The film of this key; a second request waits for the first."""
        making = self._making.get(key)
        if making is None:
            if len(self._making) >= MAX_FILMS:
                raise UserError("Too many films are being made: try again in a minute.")
            loop = asyncio.get_running_loop()
            making = asyncio.ensure_future(loop.run_in_executor(self._film_thread, self._make, key))
            self._making[key] = making
            making.add_done_callback(lambda done: self._end(key, done))
        return making

    def _end(self, key: Key, done: asyncio.Future[Asset]) -> None:
        self._making.pop(key, None)
        if not done.cancelled():
            done.exception()  # if the client has left and nothing reads it, asyncio logs a warning

    def _make(self, key: Key) -> Asset:
        from aeviz.server.replay.films import make

        run_id, kind, theme, _ = key
        asset = Asset(make(run_id, kind, theme), MEDIA[str(kind)], compress=False)  # type: ignore[arg-type]
        return self._films.put(key, asset.prepare())

    async def static(self, request: Request) -> Response:
        """A JavaScript or CSS file."""
        path = live_file(request.path_params["file"], STATIC)
        if path is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        return self._files.at(path).respond(request)

    def routes(self, base_path: str = "") -> list[BaseRoute]:
        """The routes under `base_path`, Streamlit's `server.baseUrlPath`."""
        base = http.base(base_path)
        return [
            Route(f"{base}/aeviz/runs/{{run}}/epochs/{{epoch}}", errors_as_sentences(self.epoch)),
            Route(f"{base}/aeviz/runs/{{run}}/replay.{{kind}}", errors_as_sentences(self.film)),
            Route(f"{base}/aeviz/replay/static/{{file}}", self.static),
        ]


def _film_key(run_id: str, kind: str, theme: str) -> Key:
    """Run, kind, theme and snapshots of a film; it is made again when the snapshots change."""
    from aeviz.runs import store
    from aeviz.training import snapshots

    paths = store.find(run_id).snapshots()
    return run_id, kind, theme, tuple((path.name, snapshots.stamp(path)) for path in paths)
