"""The section of an adopted model in `checkpoints/README.md`, and the command to reproduce it."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from typing import Any

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.models.header import is_restorer
from aeviz.presets.autoencoders import settings_for
from aeviz.presets.restorers import RESTORERS

_WIDTH = 96


def replaced(text: str, name: str, body: str) -> str:
    """The README with a new body under the heading of this model."""
    section = re.compile(rf"^## {re.escape(name)}\n.*?(?=^#{{1,2}} |\Z)", re.MULTILINE | re.DOTALL)
    if not section.search(text):
        raise UserError(f"checkpoints/README.md has no section called {name}: add one.")
    return section.sub(lambda found: f"## {name}\n\n{body}\n\n", text, count=1).rstrip() + "\n"


def body(
    name: str, config: RunConfig, card: dict[str, Any], size: int, must: str, gallery: int
) -> str:
    """The required and the actual metrics, how the model was trained, and an equivalent command."""
    reached = _reached(config, card)
    trained = (
        f"Trained by `python -m benchmarks.gpu_session` on {card['device']}: {card['steps']:,} "
        f"steps in {card['seconds']:.0f} s"
    )
    if "started_from" in card:
        trained += f", initialized with the weights of {_start(card)}"
    return (
        f"{_still(must, card)}Reached: {reached}. {card['parameters']:,} parameters, "
        f"{size / 1e6:.1f} MB.\n\n{trained}. The command takes as many steps, without the moving "
        f"average of the weights.\n\n```sh\n{command(name, config, card, gallery)}\n```"
    )


def must_of(text: str, name: str) -> str:
    """The requirements of this model in the README: its section up to "Reached:"."""
    found = re.search(rf"^## {re.escape(name)}\n+(.*?)Reached:", text, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def command(name: str, config: RunConfig, card: dict[str, Any], gallery: int) -> str:
    """`python -m aeviz train ...` with exactly this configuration, wrapped to the page's width."""
    words = ["python", "-m", "aeviz", "train"]
    if is_restorer(config):
        words += ["--preset", name]
        base = RESTORERS[name]
        if "started_from" in card:
            words += ["--start", f"checkpoints/{_start(card)}.safetensors"]
    else:
        words += ["--preset", config.type, "--dataset", config.dataset]
        base = settings_for(config.type, config.dataset)
        if gallery:
            words += ["--gallery", str(gallery)]
    for key, value in sorted(_changes(base.to_dict(), config.to_dict()).items()):
        words += ["--set", f"{key}={_written(value)}"]
    words += ["--epochs", str(config.training.epochs)]
    words += ["--half", "--out", f"checkpoints/{name}.safetensors"]
    lines = textwrap.wrap(shlex.join(words), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return " \\\n    ".join(lines)


def _changes(base: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """The settings that differ, by their dotted keys ("training.lr"); the name and the number of
    epochs have their own options."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found |= {f"{key}.{k}": v for k, v in value.items() if base[key][k] != v}
        elif key not in ("name", "type", "dataset") and base[key] != value:
            found[key] = value
    found.pop("training.epochs", None)
    return found


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _start(card: dict[str, Any]) -> str:
    """The bundled model that it was initialized from: for a foundation, the denoiser."""
    named = card.get("started_from", "")
    return named if named in RESTORERS else "restore-denoise"


def _reached(config: RunConfig, card: dict[str, Any]) -> str:
    metrics = card["metrics"]
    if not is_restorer(config):
        found = f"**{metrics['loss']:.2f}**"
        return found + (f", MIG {metrics['mig']:.2f}" if "mig" in metrics else "")
    key = "inside" if "inside" in next(iter(metrics.values())) else "psnr"
    rows = [
        f"{trial}: {row[f'{key}_before']:.2f} → {row[key]:.2f} dB" for trial, row in metrics.items()
    ]
    return "; ".join(rows)


def _still(must: str, card: dict[str, Any]) -> str:
    """The requirements, without "(not reached)" if they are met now."""
    aim = re.search(r"loss at most ([\d.]+)", must)
    if aim and card["metrics"].get("loss", float("inf")) <= float(aim.group(1)):
        return must.replace(" (not reached)", "")
    return must
