"""The lists for the page: tasks, samples, static files."""

from __future__ import annotations

from pathlib import Path

import pytest
from photo_server_tools import BASE, pixels_of, tiny
from starlette.testclient import TestClient

from aeviz.images import read_photo
from aeviz.models import checkpoint
from aeviz.restoration.tasks import TASKS
from aeviz.server.photos.samples import SAMPLES

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoints folder, empty."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    return tmp_path


def put(folder: Path, name: str) -> None:
    checkpoint.save(folder / f"{name}.safetensors", tiny(name).model, {"figures": 31.5}, None)


def test_tasks_whose_model_is_not_there_are_left_out(client: TestClient, folder: Path) -> None:
    assert client.get(f"{BASE}/tasks").json() == []
    put(folder, "restore-jpeg")
    put(folder, "bottleneck-photo")
    (jpeg,) = client.get(f"{BASE}/tasks").json()
    assert jpeg["name"] == "jpeg"
    assert jpeg["model"] == {"name": "restore-jpeg", "figures": 31.5}
    assert [rival["name"] for rival in jpeg["baselines"]] == list(TASKS["jpeg"].baselines)
    (folder / "restore-denoise.safetensors").write_bytes(b"no model")
    assert [task["name"] for task in client.get(f"{BASE}/tasks").json()] == ["jpeg"]


def test_a_task_is_told_with_its_controls_and_rivals(client: TestClient, folder: Path) -> None:
    for name in ("restore-denoise", "restore-colour", "restore-inpaint", "bottleneck-photo"):
        put(folder, name)
    denoise, inpaint, colour = client.get(f"{BASE}/tasks").json()
    assert denoise["title"] == TASKS["denoise"].title
    assert denoise["slider"] == {"label": "Noise", "low": 1, "high": 55, "unit": "σ of 255"}
    assert denoise["damage"]["name"] == "noise"
    assert (denoise["damage"]["low"], denoise["damage"]["high"]) == (0, 55)
    assert denoise["baselines"][-1]["name"] == "bottleneck"
    assert all(rival["title"] and rival["says"] for rival in denoise["baselines"])
    assert (inpaint["mask"], inpaint["slider"]) == (True, None)
    assert colour["damage"] == {
        "name": "grey", "label": "Colour left", "unit": "%",
        "low": None, "high": None, "default": None,
    }  # fmt: skip
    assert "bottleneck" not in [rival["name"] for rival in colour["baselines"]]


def test_the_samples_are_there_are_what_is_said_of_them_and_are_credited(
    client: TestClient,
) -> None:
    listed = client.get(f"{BASE}/samples").json()
    notice = (ROOT / "NOTICE").read_text()
    assert len(listed) >= 2
    for sample in listed:
        answer = client.get(f"{BASE}/samples/{sample['name']}")
        assert answer.headers["content-type"] == "image/jpeg"
        height, width, _ = pixels_of(answer.content).shape
        assert (width, height) == (sample["width"], sample["height"])
        assert read_photo(answer.content).pixels.shape[2] == 3
        assert f"- {sample['name']}.jpg: " in notice
        assert sample["credit"]
    files = {path.stem for path in (ROOT / "aeviz/server/photos/samples").glob("*.jpg")}
    assert files == {sample.name for sample in SAMPLES}


@pytest.mark.parametrize("name", ["none", "dahlia.jpg", "..", "%2e%2e%2fstore.py", "__init__"])
def test_there_is_no_other_sample(client: TestClient, name: str) -> None:
    assert client.get(f"{BASE}/samples/{name}").status_code == 404


def test_the_browser_half_is_served_and_nothing_else(client: TestClient) -> None:
    static = ROOT / "aeviz/web/darkroom/static"
    for path in static.glob("*.[jc]s*"):
        answer = client.get(f"{BASE}/static/{path.name}")
        assert answer.content == path.read_bytes()
        again = client.get(
            f"{BASE}/static/{path.name}", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
    for name in ("none.js", "../store.py", "%2e%2e%2fstore.py", "..", "store.py"):
        assert client.get(f"{BASE}/static/{name}").status_code == 404
