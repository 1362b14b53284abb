"""Adopt the models of a session that are better than those in `checkpoints/`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aeviz.cli.terminal import say
from aeviz.config import RunConfig
from aeviz.datasets.photos import Photos
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import evaluate
from aeviz.io import atomic
from aeviz.io.paths import checkpoints_dir
from aeviz.models import checkpoint
from aeviz.models.header import is_restorer
from aeviz.restoration.inference import card_figures
from aeviz.restoration.photo import vividness_of
from aeviz.training.finish import finish
from aeviz.training.restorer_files import write
from benchmarks.gpu import readme
from benchmarks.gpu.results import Models
from benchmarks.gpu.sources import Sources

ROOT = Path(__file__).parents[2]
GAIN = 0.01
"""The minimum gain on average: dB, nats per image, or mutual information gap."""

LOSS = 0.05
"""The maximum loss in dB in any one trial of a restorer."""

UNSEEN = 45.0
"""dB; higher values count as this one, because the difference is invisible."""

TESTS = ("tests/models/test_bundled.py", "tests/models/test_bundled_restorers.py")
_KEPT = ("epochs", "steps", "seconds", "started_from", "device", "versions", "date", "precision")


@dataclass(frozen=True)
class Verdict:
    """Whether a model is adopted, and why; `gain` has the unit of `GAIN`."""

    name: str
    adopted: bool
    gain: float
    why: str


def adopt(
    folder: Path,
    sources: Sources,
    bundle: Path | None = None,
    passes: Callable[[str], bool] | None = None,
) -> list[dict[str, Any]]:
    """Evaluates the models of a session in full, on the CPU, and adopts those that are better than
    the bundled ones and pass the project's tests; returns the verdict on each."""
    bundle, passes = bundle or checkpoints_dir(), passes or passes_tests
    models = Models(folder)
    if not models.names():
        raise UserError(f"{folder} holds no models of a session: name its --out.")
    photos: Photos | None = None
    found: list[Verdict] = []
    for name in models.names():
        if not (bundle / f"{name}.safetensors").is_file():
            continue  # the foundation is not a bundled model
        with tempfile.TemporaryDirectory() as scratch:
            new = Path(scratch) / f"{name}.safetensors"
            models.write(name, new)
            if is_restorer(checkpoint.read_summary(new).config):
                photos = photos or sources.load_photos()
            verdict = _judged(name, new, bundle, sources, photos, passes)
        say(f"{name}: {verdict.why}")
        found.append(verdict)
    return [vars(verdict) for verdict in found]


def _judged(
    name: str,
    new: Path,
    bundle: Path,
    sources: Sources,
    photos: Photos | None,
    passes: Callable[[str], bool],
) -> Verdict:
    old = bundle / new.name
    config = checkpoint.read_summary(new).config
    if is_restorer(config):
        assert photos is not None
        gallery, before = 0, _restorer_figures(old, photos)
        after = _measured_restorer(new, photos)
        gain, worst = compared(config, before, after)
    else:
        gallery, before = _gallery(old), _autoencoder_figures(old, sources)
        after = _measured_autoencoder(new, sources, gallery)
        gain, worst = _gained(before, after), 0.0
    if gain < GAIN or worst < -LOSS:
        return Verdict(name, False, gain, f"not replaced: {_gain_text(gain, worst)}")
    if not _put(name, config, new, bundle, gallery, passes):
        return Verdict(name, False, gain, "not replaced: the new one fails the project's tests")
    return Verdict(name, True, gain, f"replaced: {_gain_text(gain, worst)}")


def compared(
    config: RunConfig, before: dict[str, Any], after: dict[str, Any]
) -> tuple[float, float]:
    """The mean and the minimum gain over a restorer's trials: inside marks and holes, or else over
    the whole image."""
    key = "inside" if config.corruption.kind in ("watermark", "holes") else "psnr"
    gains = [
        min(row[key], UNSEEN) - min(before[trial][key], UNSEEN) for trial, row in after.items()
    ]
    return sum(gains) / len(gains), min(gains)


def _gained(before: dict[str, Any], after: dict[str, Any]) -> float:
    if "mig" in before:
        return after["mig"] - before["mig"]
    return before["loss"] - after["loss"]


def _gain_text(gain: float, worst: float) -> str:
    least = f", {worst:+.3f} in its worst trial" if worst else ""
    return f"{gain:+.3f} on average{least}"


def _restorer_figures(file: Path, photos: Photos) -> dict[str, Any]:
    """The metrics on its card if it was measured on these photographs; else measured now."""
    loaded = checkpoint.load_restorer(file)
    if loaded.card.get("dataset_sha256") == photos.sha256 and loaded.card.get("metrics"):
        return loaded.card["metrics"]
    return card_figures(loaded.model, photos.held_out, vividness_of(loaded.card))


def _measured_restorer(file: Path, photos: Photos) -> dict[str, Any]:
    """Measures a restorer and rewrites its file with a complete card."""
    loaded = checkpoint.load_restorer(file)
    card = write(loaded.model, photos, _history(loaded.card), file, half=True)
    return card["metrics"]


def _gallery(file: Path) -> int:
    gallery = checkpoint.load(file).gallery
    return len(gallery.latents) if gallery is not None else 0


def _autoencoder_figures(file: Path, sources: Sources) -> dict[str, Any]:
    loaded = checkpoint.load(file)
    dataset = sources.load(loaded.config.dataset)
    if loaded.card.get("dataset_sha256") == dataset.sha256 and loaded.card.get("metrics"):
        return loaded.card["metrics"]
    return evaluate(loaded.model, dataset)


def _measured_autoencoder(file: Path, sources: Sources, gallery: int) -> dict[str, Any]:
    loaded = checkpoint.load(file)
    dataset = sources.load(loaded.config.dataset)
    history = _history(loaded.card) | {"ended": loaded.card.get("ended", "done")}
    card = finish(
        loaded.model,
        dataset,
        history,
        file,
        lambda share, text: None,
        half=True,
        gallery_size=gallery or len(dataset.test),
    )
    return card["metrics"]


def _history(card: dict[str, Any]) -> dict[str, Any]:
    """The facts about a model's training on its card, which measuring it here does not change."""
    return {key: card[key] for key in _KEPT if key in card}


def _put(
    name: str,
    config: RunConfig,
    new: Path,
    bundle: Path,
    gallery: int,
    passes: Callable[[str], bool],
) -> bool:
    """Replaces a bundled model and its section of the README; reverts both if the tests fail."""
    file, page = bundle / f"{name}.safetensors", bundle / "README.md"
    before = {path: path.read_bytes() for path in (file, page)}
    text = page.read_text()
    card = checkpoint.read_summary(new).card
    body = readme.body(name, config, card, new.stat().st_size, readme.must_of(text, name), gallery)
    atomic.write_bytes(file, new.read_bytes())
    atomic.write_bytes(page, readme.replaced(text, name, body).encode())
    if passes(name):
        return True
    for path, data in before.items():
        atomic.write_bytes(path, data)
    return False


def passes_tests(name: str) -> bool:
    """Whether the project's tests of its bundled models pass."""
    chosen = ["-k", f"{name} or every_bundled or every_task or together"]
    words = [sys.executable, "-m", "pytest", "-q", *TESTS, *chosen]
    return subprocess.run(words, cwd=ROOT, check=False).returncode == 0
