"""The output of a session is complete at every moment, in a few files of limited size."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from waiting import until

from aeviz.errors import UserError
from aeviz.models import checkpoint
from benchmarks.gpu import results
from benchmarks.gpu.autoencoders import DATASETS
from benchmarks.gpu.restorers import FOUNDATION, SHARES
from benchmarks.gpu.results import ARCHIVES, Models, Report

ROOT = Path(__file__).parents[2]


def test_every_model_has_its_archive_and_few_files_come_of_it() -> None:
    names = [name for some in ARCHIVES.values() for name in some]
    assert sorted(names) == sorted({*SHARES, *DATASETS})
    assert len(ARCHIVES) + 1 <= 8  # and the report


def test_the_archives_of_models_as_large_as_the_bundled_ones_are_small_enough() -> None:
    for names in ARCHIVES.values():
        bundled = [name if name != FOUNDATION else "restore-denoise" for name in names]
        files = [ROOT / "checkpoints" / f"{name}.safetensors" for name in bundled]
        cards = [checkpoint.read_summary(file).card for file in files]
        halves = sum(2 * card["parameters"] for card in cards)  # a session keeps no gallery
        assert halves + 100_000 < results.MAX_BYTES


def test_models_are_kept_together_and_found_again(tmp_path: Path) -> None:
    models = Models(tmp_path)
    models.put("restore-denoise", b"one")
    models.put("restore-jpeg", b"two")
    models.put("restore-denoise", b"three")
    again = Models(tmp_path)
    assert again.names() == ["restore-denoise", "restore-jpeg"]
    again.write("restore-denoise", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"three"
    with zipfile.ZipFile(tmp_path / "restorers-1.zip") as archive:
        assert archive.testzip() is None
        assert all(row.compress_type == zipfile.ZIP_STORED for row in archive.infolist())


def test_a_write_that_fails_leaves_the_files_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, report = Models(tmp_path), Report(tmp_path)
    models.put("vae-mnist", b"old")
    report.put("checks", {"good": True})

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(UserError):
            models.put("vae-mnist", b"new")
        with pytest.raises(UserError):
            report.put("checks", {"good": False})
    again = Models(tmp_path)
    again.write("vae-mnist", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert Report(tmp_path).rows == {"checks": {"good": True}}
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "autoencoders-1.zip", "file", "report.json",
    ]  # fmt: skip


def test_what_is_too_large_or_damaged_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_BYTES", 300)
    with pytest.raises(UserError, match="split it"):
        Models(tmp_path).put("vae-mnist", bytes(400))
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Report(tmp_path)
    (tmp_path / "restorers-2.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match="damaged"):
        Models(tmp_path)


WRITER = """
import os, sys
from pathlib import Path
from benchmarks.gpu.results import Models, Report

models, report = Models(Path(sys.argv[1])), Report(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**6):
    models.put("restore-denoise", bytes([number % 256]) * 2_000_000)
    report.put("restore-denoise", {"curve": [number] * 1000})
"""


def test_what_is_killed_while_it_writes_leaves_whole_files(tmp_path: Path) -> None:
    for pause in (0.02, 0.05, 0.09):
        words = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        until((tmp_path / "report.json").is_file)
        time.sleep(pause)
        writer.kill()
        writer.communicate()
        curve = Report(tmp_path).rows["restore-denoise"]["curve"]
        assert len(set(curve)) == 1
        Models(tmp_path).write("restore-denoise", tmp_path / "file")
        data = (tmp_path / "file").read_bytes()
        assert data == data[:1] * 2_000_000
