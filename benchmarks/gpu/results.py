"""The output of a session: one report, and the models in a few archives; all written atomically."""

from __future__ import annotations

import io
import json
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aeviz.cli.terminal import say
from aeviz.errors import UserError
from aeviz.io import atomic

REPORT = "report.json"
FAILED = "failed"
ARCHIVES: dict[str, tuple[str, ...]] = {
    "restorers-1.zip": ("restore-denoise", "restore-jpeg", "restore-x2"),
    "restorers-2.zip": ("restore-x4", "restore-inpaint", "restore-impulse"),
    "restorers-3.zip": ("restore-watermark", "restore-colour", "foundation"),
    "autoencoders-1.zip": ("vae-fashion-mnist", "vae-mnist", "beta-vae-shapes"),
    "autoencoders-2.zip": ("vae-mnist-2d",),
}
"""Archive -> its models: few files, none above `MAX_BYTES`."""

MAX_BYTES = 16_000_000


class Report:
    """Measurements by part, in `report.json`, which is rewritten with each of them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / REPORT
        self.rows: dict[str, Any] = {}
        if self.path.is_file():
            try:
                self.rows = json.loads(self.path.read_text())
            except ValueError as error:
                raise UserError(
                    f"{self.path} is damaged: delete it, or choose another --out."
                ) from error

    def put(self, part: str, figures: Any) -> None:
        """Stores the measurements of a part, and replaces earlier ones."""
        self.rows[part] = figures
        text = json.dumps(self.rows, indent=1)
        atomic.write_bytes(self.path, text.encode())


def attempted(measure: Callable[[], Any]) -> Any:
    """The result of `measure`, or its error: one failed part must not end the session."""
    try:
        return measure()
    except Exception as error:
        said = str(error) if isinstance(error, UserError) else traceback.format_exc()
        say(said)
        return {FAILED: said}


class Models:
    """Model files by name, in the archives of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, bytes] = {}
        for archive in ARCHIVES:
            if (folder / archive).is_file():
                self._files |= _read(folder / archive)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def names(self) -> list[str]:
        return sorted(self._files)

    def put(self, name: str, data: bytes) -> None:
        """Stores a model file, and replaces an earlier one of this name."""
        archive = next(key for key, names in ARCHIVES.items() if name in names)
        self._files[name] = data
        packed = _packed({n: self._files[n] for n in ARCHIVES[archive] if n in self._files})
        if len(packed) > MAX_BYTES:
            raise UserError(f"{archive} would have {len(packed) / 1e6:.1f} MB: split it in two.")
        atomic.write_bytes(self.folder / archive, packed)

    def write(self, name: str, path: Path) -> None:
        """Extracts a model to a separate file."""
        atomic.write_bytes(path, self._files[name])


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.safetensors", data)
    return buffer.getvalue()


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {Path(name).stem: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{path} is damaged: delete it, or choose another --out.") from error
