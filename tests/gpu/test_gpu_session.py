"""A whole tiny session, without the packages that a GPU machine may lack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aeviz.models import checkpoint
from aeviz.models.header import is_restorer
from benchmarks import gpu_session
from benchmarks.gpu.restorers import SHARES
from benchmarks.gpu.results import Models
from tests.gpu.small_session import small_session

ROOT = Path(__file__).parents[2]
BLOCKED = (
    "streamlit", "plotly", "starlette", "uvicorn", "websockets", "mlxtend", "openTSNE", "umap",
    "numba", "pandas", "onnx", "onnxruntime", "pillow_heif", "bm3d", "pythae", "lightning", "jax",
    "pytest", "hypothesis",
)  # fmt: skip
WITHOUT = f'''
import sys
from importlib.machinery import ModuleSpec

class Without:
    """Finds these packages, and fails to import them: some ask whether they are there."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.split(".")[0] in {BLOCKED!r} else None

    def create_module(self, spec):
        raise ModuleNotFoundError(f"{{spec.name}} is not here", name=spec.name)

    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Without())
from aeviz.degradations import marks
marks.STENCILS = 4
from benchmarks.gpu_session import main
main(sys.argv[1:])
'''


def test_a_dry_run_does_all_parts_with_what_a_gpu_machine_has(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WITHOUT, "--dry", "--out", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "report.json").read_text())
    assert not [name for name in rows if "failed" in name], done.stderr
    assert all(row["good"] for row in rows["checks"].values())
    assert rows["figures"]["training dense"]["images_per_second"]["aeviz"] > 0
    assert set(SHARES) <= set(rows)
    assert "autoencoder vae-mnist" in rows
    assert len(list(tmp_path.iterdir())) <= 8
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["models"] == Models(tmp_path).names()
    for name in answer["models"]:
        file = tmp_path / f"{name}.safetensors"
        Models(tmp_path).write(name, file)
        config = checkpoint.read_summary(file).config
        load = checkpoint.load_restorer if is_restorer(config) else checkpoint.load
        load(file)


def test_a_part_that_fails_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small_session(tmp_path)
    done = []

    def fail(session: object) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(gpu_session, "_checks", fail)
    monkeypatch.setattr(gpu_session, "_figures", lambda *args: done.append("figures"))
    monkeypatch.setattr(gpu_session, "_restorers", lambda session, ahead: session.clock.stop())
    monkeypatch.setattr(gpu_session, "_autoencoders", lambda *args: done.append("autoencoders"))
    gpu_session.run(session)
    assert done == ["figures"]  # the clock was stopped in the part after that
    assert "no such kernel" in session.report.rows["checks failed"]


@pytest.mark.parametrize(
    "words",
    [["--photos", "x", "--mnist", "y"], ["--out", "x", "--photos", "y"], ["--dry"],
     ["--dry", "--out", "x", "--minutes", "0"]],
)  # fmt: skip
def test_what_is_missing_is_asked_for(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        gpu_session.arguments(words)
    assert ended.value.code == 2
