"""What `pip install .` installs besides aeviz: the ranges in requirements.txt, and those in
requirements-ray.txt for `pip install ".[ray]"`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Dependencies(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        metadata["dependencies"] = self._ranges("requirements.txt")
        metadata["optional-dependencies"] = {"ray": self._ranges("requirements-ray.txt")}

    def _ranges(self, name: str) -> list[str]:
        lines = (Path(self.root) / name).read_text().splitlines()
        return [line for line in lines if line and line[0] not in "#-"]
