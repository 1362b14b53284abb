"""The Lab's part for a person's own image: choose, upload or draw one after the run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from lab_results import finished_tasks
from page_tools import again, data, html, links, press, run, upload
from streamlit.testing.v1 import AppTest

from aeviz.experiments import jobs
from aeviz.experiments.jobs import Job, Status
from aeviz.images import encode_png

LINKS: dict[str, dict[str, str]] = {
    "anomaly": {
        "dataset": "digits", "only": "0", "networks": "AE", "steps": "60", "size": "8",
        "seeds": "1",
    },
    "retrieval": {
        "dataset": "digits", "arms": "pixels,pca,pca-itq,ae,ae-itq", "sizes": "8", "steps": "60",
        "seeds": "1",
    },
    "denoise-limits": {
        "dataset": "digits", "amounts": "0.2,0.5", "steps": "60", "seeds": "1",
    },
}  # fmt: skip
SOURCE = "lab-own-image-source"


@pytest.fixture(scope="module")
def answered() -> dict[str, dict[str, Any]]:
    """The finished tasks of `LINKS` by experiment and key."""
    return finished_tasks(LINKS)


@pytest.fixture
def finished(
    answered: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Job]:
    monkeypatch.setattr(jobs, "_spawn", lambda job: job.write_status(Status(created=time.time())))
    found = {}
    for name, link in LINKS.items():
        job = found[name] = jobs.start(name, link)
        done: dict[str, Any] = {}
        for key, one in answered[name].items():
            done[key] = one
            job.keep(done, one)
        job.write_status(Status("done", len(done), len(done), 1.0, "", time.time()))
    return found


def opened(name: str) -> AppTest:
    return run("lab", experiment=name, **LINKS[name], ran="1")


def answer(app: AppTest) -> str:
    return html(app, "aeviz-lab-answer")


@pytest.mark.parametrize("name", LINKS)
def test_a_test_image_has_an_answer_and_the_network_is_a_door(
    finished: dict[str, Job], name: str
) -> None:
    app = opened(name)
    assert answer(app)
    (network,) = finished[name].models().values()
    assert f"model={network}" in links(app)["Open this network in Explore"]
    before = answer(app)
    app.session_state["lab-own-image-chosen"] = "test-3"
    assert answer(again(app)) != before


def test_explore_and_reconstruct_open_the_network(finished: dict[str, Job]) -> None:
    (network,) = finished["anomaly"].models().values()
    for page in ("explore", "reconstruct"):
        app = run(page, model=network)
        assert not app.warning
        assert app.query_params["model"] in (network, [network])
        (picker,) = (box for box in app.selectbox if box.label == "Model")
        assert picker.value == network
        assert any(option.startswith("The Lab · 0 is normal") for option in picker.options)


def test_an_upload_is_fitted_and_a_bad_one_is_one_sentence(finished: dict[str, Job]) -> None:
    app = press(opened("anomaly"), SOURCE, "Upload")
    assert not answer(app)
    photo = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    upload(app, ("photo.png", encode_png(photo)), ("bad.png", b"no image"))
    assert [error.value for error in app.error] == [
        "bad.png: This is not an image; choose a PNG, JPEG, WebP, AVIF, BMP, TIFF or GIF file."
    ]
    assert "40x30 to 8x8" in app.info[0].value
    assert "<strong>Flagged</strong>" in answer(app)
    assert data(app, "aeviz-lab-own-image")["figure"]["layout"]["annotations"]


def test_the_search_shows_a_row_for_each_arm(finished: dict[str, Job]) -> None:
    app = press(opened("retrieval"), SOURCE, "Other kinds")
    shown = answer(app)
    for title in ("This image", "pixels", "PCA", "PCA bits (ITQ)", "AE", "AE bits (ITQ)"):
        assert f"<b>{title}</b>" in shown
    assert shown.count("<figure>") == 1 + 5 * 8


def test_the_pad_waits_for_a_drawing(finished: dict[str, Job]) -> None:
    app = press(opened("retrieval"), SOURCE, "Draw")
    (network,) = finished["retrieval"].models().values()
    assert data(app, "aeviz-drawing")["model"] == network
    assert not answer(app)


def test_damaged_files_are_one_sentence(finished: dict[str, Job]) -> None:
    folder = next((finished["retrieval"].folder / "models").iterdir())
    (folder / "corpus.safetensors").write_bytes(b"damaged")
    app = opened("retrieval")
    assert [error.value for error in app.error] == [
        "The stored images of this result are damaged: run the experiment again."
    ]
    (folder / "model.safetensors").write_bytes(b"damaged")
    app = opened("retrieval")
    assert not app.error
    assert any("keeps no network" in one.value for one in app.caption)
