from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from small_run import run_of, snapshot, write
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aeviz.runs.store import Run
from aeviz.server.replay import film
from aeviz.server.replay.routes import STATIC, Replay
from aeviz.training import snapshots
from tests.server.replay.test_epochs import unpacked


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    monkeypatch.setattr(film, "LENGTHS", {"gif": (6, 15, 2), "mp4": (6, 30, 2)})
    return run_of(3)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=Replay().routes())) as client:
        yield client


def test_an_epoch_is_served_and_kept_under_its_version(run: Run, client: TestClient) -> None:
    stamp = snapshots.stamp(run.snapshots()[1])
    answer = client.get(f"/aeviz/runs/{run.id}/epochs/1?v={stamp}")
    header, arrays = unpacked(answer.content)
    assert header["epoch"] == 1
    assert (arrays["x_hat"] == 60).all()
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in client.get(f"/aeviz/runs/{run.id}/epochs/1").headers["cache-control"]


def test_an_epoch_that_is_written_anew_is_served_anew(run: Run, client: TestClient) -> None:
    client.get(f"/aeviz/runs/{run.id}/epochs/2")
    again = snapshot(2)
    again.x_hat[:] = 7
    write(run.folder / "snapshots", again)
    _, arrays = unpacked(client.get(f"/aeviz/runs/{run.id}/epochs/2").content)
    assert (arrays["x_hat"] == 7).all()


def test_an_epoch_that_a_later_one_has_replaced_is_no_error(run: Run, client: TestClient) -> None:
    run.snapshots()[1].unlink()
    assert client.get(f"/aeviz/runs/{run.id}/epochs/1").status_code == 204
    run.snapshots()[-1].unlink()
    assert client.get(f"/aeviz/runs/{run.id}/epochs/2").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "{run}/epochs/99",
        "{run}/epochs/-1",
        "{run}/epochs/1e3",
        "{run}/epochs/999999999",
        "no-such-run/epochs/0",
        "..%2f..%2fetc/epochs/0",
        "{run}/replay.exe",
        "no-such-run/replay.gif",
    ],
)
def test_what_is_not_there_is_a_sentence(run: Run, client: TestClient, path: str) -> None:
    answer = client.get(f"/aeviz/runs/{path.format(run=run.id)}")
    assert answer.status_code == 404
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["error"].endswith(".")
        assert str(run.folder) not in answer.text


def test_a_damaged_snapshot_is_a_sentence_and_the_film_goes_on_without_it(
    run: Run, client: TestClient
) -> None:
    run.snapshots()[1].write_bytes(b"nothing of the kind")
    answer = client.get(f"/aeviz/runs/{run.id}/epochs/1")
    assert answer.status_code == 404
    assert "cannot be read" in answer.json()["error"]
    assert client.get(f"/aeviz/runs/{run.id}/replay.gif").status_code == 200


def test_a_film_is_a_download_and_is_made_once(
    run: Run, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.get(f"/aeviz/runs/{run.id}/replay.gif?theme=light")
    assert answer.headers["content-type"] == "image/gif"
    assert f"{run.id}.gif" in answer.headers["content-disposition"]
    assert Image.open(io.BytesIO(answer.content)).n_frames > 3
    monkeypatch.setattr(film, "film", None)
    monkeypatch.setattr("aeviz.server.replay.films.film", None)
    assert client.get(f"/aeviz/runs/{run.id}/replay.gif?theme=light").content == answer.content


def test_a_new_epoch_makes_a_new_film(run: Run, client: TestClient) -> None:
    first = client.get(f"/aeviz/runs/{run.id}/replay.gif").content
    write(run.folder / "snapshots", snapshot(3))
    assert client.get(f"/aeviz/runs/{run.id}/replay.gif").content != first


def test_one_epoch_is_no_film_yet(run: Run, client: TestClient) -> None:
    for path in run.snapshots()[1:]:
        path.unlink()
    answer = client.get(f"/aeviz/runs/{run.id}/replay.mp4")
    assert answer.status_code == 404
    assert "two epochs" in answer.json()["error"]


def test_the_browser_half_is_served_and_nothing_else(client: TestClient) -> None:
    for path in STATIC.iterdir():
        answer = client.get(f"/aeviz/replay/static/{path.name}")
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
    for name in ("routes.py", "..%2froutes.py", "nothing.js"):
        assert client.get(f"/aeviz/replay/static/{name}").status_code == 404


def test_a_base_path_moves_the_routes(run: Run) -> None:
    with TestClient(Starlette(routes=Replay().routes("/class/"))) as client:
        assert client.get(f"/class/aeviz/runs/{run.id}/epochs/0").status_code == 200
