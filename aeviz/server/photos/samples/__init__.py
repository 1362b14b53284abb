"""The sample photographs of the app; NOTICE has their licences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from aeviz.server.assets import FOREVER
from aeviz.server.photos.store import GoneError

_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """A photograph: the file `name`.jpg in this folder."""

    name: str
    title: str
    width: int
    height: int
    credit: str


SAMPLES: Final = (
    Sample("dahlia", "Dahlia", 640, 427, "vultilion, CC BY 2.0"),
    Sample("palace", "Summer Palace", 640, 427, "Daniel Buechele, CC BY 2.0"),
    Sample("portrait", "Grace Hopper", 512, 600, "US Navy, public domain"),
)


async def send_list(request: Request) -> Response:
    """The list of samples."""
    return JSONResponse([asdict(sample) for sample in SAMPLES])


async def send_sample(request: Request) -> Response:
    """The file of a sample."""
    # The name is compared with the known samples, never used as a path.
    wanted = request.path_params["name"]
    if not any(sample.name == wanted for sample in SAMPLES):
        raise GoneError("There is no such sample: reload the page.")
    headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}
    return FileResponse(_FOLDER / f"{wanted}.jpg", media_type="image/jpeg", headers=headers)
