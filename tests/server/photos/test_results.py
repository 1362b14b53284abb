"""Damage added and undone, scores, strength, zips, Stop, and two pages at once."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import numpy as np
import pytest
from photo_server_tools import (
    BASE,
    ask,
    picture,
    pixels_of,
    png,
    told,
    until_end,
    upload,
)
from starlette.testclient import TestClient

from aeviz.degradations import DEGRADATIONS
from aeviz.errors import UserError
from aeviz.models.checkpoint import LoadedRestorer
from aeviz.restoration import photo as restore_photo
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.tasks import TASKS
from aeviz.server.photos import jobs
from aeviz.server.photos.routes import PhotoServer
from aeviz.server.photos.scores import scores

CLEAN = picture(61, 83)


def restored(client: TestClient, photo: str, task: str = "jpeg", **more: Any) -> dict[str, Any]:
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo, task, **more)
        done, _ = until_end(session, 1)
    assert done["state"] == "done", done
    return done


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_damage_is_added_undone_and_scored_against_the_clean_photo(
    client: TestClient, task
) -> None:
    photo = upload(client, CLEAN, damage=task.damage, seed=3)
    done = restored(client, photo["id"], task.name)
    assert photo["reference"] is True
    assert photo["mask"] is task.mask
    assert photo["channels"] == (1 if task.name == "colour" else 3)
    assert (photo["width"], photo["height"]) == (83 // task.scale, 61 // task.scale)
    after = pixels_of(client.get(f"{BASE}/results/{done['result']}").content)
    truth = CLEAN[: after.shape[0], : after.shape[1]]
    assert done["scores"] == scores(truth, after)
    before = pixels_of(client.get(f"{BASE}/photos/{photo['id']}/before").content)
    if task.scale == 1:
        assert photo["before"] == scores(truth, before)
    assert photo["before"]["psnr"] < 60


def test_the_same_seed_gives_the_same_damage(client: TestClient) -> None:
    query = {"damage": "impulse", "amount": "20"}
    seen = [
        client.get(
            f"{BASE}/photos/{upload(client, CLEAN, seed=seed, **query)['id']}/before"
        ).content
        for seed in (1, 1, 2)
    ]
    assert seen[0] == seen[1] != seen[2]
    assert not np.array_equal(pixels_of(seen[0]), CLEAN)


def test_holes_that_the_page_made_are_known(client: TestClient) -> None:
    photo = upload(client, CLEAN, damage="holes")["id"]
    mask = pixels_of(client.get(f"{BASE}/photos/{photo}/mask").content)
    before = pixels_of(client.get(f"{BASE}/photos/{photo}/before").content)
    assert 0.05 < (mask > 0).mean() < 0.5
    np.testing.assert_array_equal(before, np.where(mask > 0, 0, CLEAN))
    after = pixels_of(
        client.get(f"{BASE}/results/{restored(client, photo, 'inpaint')['result']}").content
    )
    np.testing.assert_array_equal(np.where(mask > 0, 0, after), before)


def test_a_photo_too_large_for_damage_is_told_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.photos.degrade.MAX_PIXELS", 1000)
    answer = client.post(f"{BASE}/photos?damage=noise", content=png(CLEAN))
    assert (answer.status_code, "make it smaller" in answer.json()["error"]) == (400, True)


def test_a_reference_that_comes_later_scores_what_is_there(client: TestClient) -> None:
    noisy = np.clip(CLEAN.astype(int) + 20, 0, 255).astype(np.uint8)
    photo = upload(client, noisy)["id"]
    done = restored(client, photo)
    assert done["scores"] is None
    assert client.get(f"{BASE}/results/{done['result']}/scores").json() is None
    answer = client.put(f"{BASE}/photos/{photo}/reference", content=png(CLEAN)).json()
    after = pixels_of(client.get(f"{BASE}/results/{done['result']}").content)
    expected = scores(CLEAN, after)
    assert answer == {"before": scores(CLEAN, noisy), "results": {done["result"]: expected}}
    assert client.get(f"{BASE}/results/{done['result']}/scores").json() == expected
    assert restored(client, photo)["scores"] == expected


def test_strength_keeps_that_much_of_the_change(client: TestClient) -> None:
    photo = upload(client, CLEAN, damage="jpeg")["id"]
    result = restored(client, photo)["result"]
    before = pixels_of(client.get(f"{BASE}/photos/{photo}/before").content).astype(float)
    after = pixels_of(client.get(f"{BASE}/results/{result}").content).astype(float)
    assert np.abs(after - before).max() > 2
    for path in ("", "/view"):
        for strength in (0, 30, 100):
            answer = client.get(f"{BASE}/results/{result}{path}?strength={strength}")
            expected = before + strength / 100 * (after - before)
            assert np.abs(pixels_of(answer.content) - expected).max() <= 0.5
    half = pixels_of(client.get(f"{BASE}/results/{result}?strength=50").content)
    told = client.get(f"{BASE}/results/{result}/scores?strength=50").json()
    assert told == scores(CLEAN, half)
    for bad in ("101", "-1", "x", "1.5"):
        assert client.get(f"{BASE}/results/{result}?strength={bad}").status_code == 400


def test_the_difference_is_four_times_what_has_changed(client: TestClient) -> None:
    photo = upload(client, CLEAN)["id"]
    result = restored(client, photo)["result"]
    after = pixels_of(client.get(f"{BASE}/results/{result}").content).astype(int)
    seen = pixels_of(client.get(f"{BASE}/results/{result}/difference").content)
    np.testing.assert_array_equal(seen, np.minimum(4 * np.abs(after - CLEAN), 255))
    none = pixels_of(client.get(f"{BASE}/results/{result}/difference?strength=0").content)
    assert not none.any()


def test_alpha_depth_and_grey_are_kept(client: TestClient) -> None:
    alpha = picture(20, 30, 1, seed=5)
    photo = upload(client, np.concatenate([picture(20, 30), alpha], 2))
    assert photo["alpha"] is True
    seen = pixels_of(client.get(f"{BASE}/photos/{photo['id']}/before").content)
    assert seen.shape == (20, 30, 4)
    result = restored(client, photo["id"])["result"]
    after = pixels_of(client.get(f"{BASE}/results/{result}").content)
    np.testing.assert_array_equal(after[:, :, 3:], alpha)
    grey = upload(client, picture(20, 30, 1))
    assert grey["channels"] == 1
    result = restored(client, grey["id"])["result"]
    assert pixels_of(client.get(f"{BASE}/results/{result}").content).shape == (20, 30, 1)


@pytest.mark.parametrize("name", ["median", "bicubic", "telea"])
def test_a_classical_filter_does_the_same_job(client: TestClient, name: str) -> None:
    task = next(task for task in TASKS.values() if name in task.baselines)
    photo = upload(client, CLEAN, damage=task.damage)
    done = restored(client, photo["id"], task.name, method=name)
    answer = client.get(f"{BASE}/results/{done['result']}")
    assert f"-{task.name}-{name}.png" in answer.headers["content-disposition"]
    before = pixels_of(client.get(f"{BASE}/photos/{photo['id']}/before").content)
    mask = None
    if task.mask:
        mask = pixels_of(client.get(f"{BASE}/photos/{photo['id']}/mask").content)[:, :, 0] > 0
    expected = BASELINES[name].run(before, mask=mask, scale=task.scale)
    np.testing.assert_array_equal(pixels_of(answer.content), expected)
    assert done["scores"] is not None


def test_the_network_without_skips_is_another_one(client: TestClient) -> None:
    photo = upload(client, CLEAN)["id"]
    ways = ("ours", "bottleneck")
    ours, other = (restored(client, photo, "denoise", method=m, sigma=20.0) for m in ways)
    files = [client.get(f"{BASE}/results/{done['result']}").content for done in (ours, other)]
    assert files[0] != files[1]


def test_the_noise_level_that_is_told_counts(client: TestClient) -> None:
    photo = upload(client, CLEAN)["id"]
    seen = [
        client.get(
            f"{BASE}/results/{restored(client, photo, 'denoise', sigma=s)['result']}"
        ).content
        for s in (None, 60)
    ]
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"task": "wash"}, "There is no such task"),
        ({"task": "denoise", "method": "telea"}, "no such method"),
        ({"task": "denoise", "method": "../x"}, "no such method"),
        ({"task": "denoise", "sigma": "9"}, "must be a number"),
        ({"task": "denoise", "sigma": True}, "must be a number"),
        ({"task": "denoise", "sigma": 1e9}, "above 0 and at most 100"),
        ({"task": "inpaint"}, "Nothing is marked"),
        ({"task": ["denoise"]}, "There is no such task"),
    ],
)
def test_a_wish_that_makes_no_sense_is_told_so_and_the_next_one_is_served(
    client: TestClient, wish: dict[str, Any], said: str
) -> None:
    photo = upload(client, CLEAN)["id"]
    with client.websocket_connect(f"{BASE}/work") as session:
        session.send_json({"do": "restore", "job": 1, "photo": photo, **wish})
        failed, _ = until_end(session, 1)
        assert failed["state"] == "failed"
        assert said in failed["error"]
        assert failed["gone"] is False
        ask(session, 1, photo, "denoise")
        assert until_end(session, 1)[0]["state"] == "done"


def test_a_model_that_is_missing_or_damaged_is_told_in_a_sentence() -> None:
    def load(name: str) -> LoadedRestorer:
        raise UserError(f"{name}.safetensors is cut short.")

    darkroom = PhotoServer(load=load)
    from starlette.applications import Starlette

    with TestClient(Starlette(routes=darkroom.routes())) as client:
        photo = upload(client, CLEAN)["id"]
        with client.websocket_connect(f"{BASE}/work") as session:
            ask(session, 1, photo, "denoise")
            failed, _ = until_end(session, 1)
    darkroom.close()
    assert (failed["state"], failed["error"]) == (
        "failed",
        "restore-denoise.safetensors is cut short.",
    )


class Slowly:
    """Lets the tiles of tiny models through one by one; `restoring` counts those under way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Semaphore(0)
        self.at = threading.Semaphore(0)
        monkeypatch.setattr(restore_photo, "SIDE", 128)
        monkeypatch.setattr(restore_photo, "OVERLAP", 32)
        restore = restore_photo.restore

        def slow(*args):
            self.at.release()
            assert self.go.acquire(timeout=60)
            return restore(*args)

        monkeypatch.setattr(restore_photo, "restore", slow)

    def begun(self) -> None:
        assert self.at.acquire(timeout=60)


def test_stop_ends_a_job_mid_way_and_leaves_nothing(
    client: TestClient, darkroom: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = upload(client, picture(300, 400))["id"]
    slowly = Slowly(monkeypatch)
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo, "denoise", sigma=20.0)
        slowly.begun()
        session.send_json({"do": "stop", "job": 1})
        ask(session, 2, "none", "denoise")
        until_end(session, 2)  # so the earlier stop has had its effect
        slowly.go.release(1)
        stopped, tiles = until_end(session, 1)
    assert stopped == {"job": 1, "state": "stopped", "skipped": 0}
    assert len(tiles) <= 1
    assert not slowly.at.acquire(timeout=0.05)
    kept = [path for path in darkroom.store.folder.iterdir() if path.is_dir()]
    assert [path.name for path in kept] == [photo]


def test_a_socket_that_closes_stops_its_jobs(
    client: TestClient, darkroom: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = upload(client, picture(300, 400))["id"]
    slowly = Slowly(monkeypatch)
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo, "denoise", sigma=20.0)
        slowly.begun()
    slowly.go.release(1)
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo, "jpeg")
        slowly.go.release(1000)
        assert until_end(session, 1)[0]["state"] == "done"
    assert len([path for path in darkroom.store.folder.iterdir() if path.is_dir()]) == 2


def test_the_small_photo_of_one_page_is_done_before_the_large_one_of_another(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = upload(client, picture(500, 700))["id"]
    small = upload(client, picture(40, 50))["id"]
    slowly = Slowly(monkeypatch)
    with (
        client.websocket_connect(f"{BASE}/work") as first,
        client.websocket_connect(f"{BASE}/work") as second,
    ):
        ask(first, 1, large, "denoise", sigma=20.0)
        slowly.begun()
        ask(second, 1, small, "denoise", sigma=20.0)
        assert next(told(second)) == {"job": 1, "state": "waiting", "ahead": 1}
        slowly.go.release(2)
        assert until_end(second, 1)[0]["state"] == "done"
        slowly.go.release(1000)
        assert until_end(first, 1)[0]["state"] == "done"


def test_many_results_in_one_zip_under_names_of_their_own(client: TestClient) -> None:
    results = []
    for name in ("a.png", "../a.png", 'b".jpg'):
        photo = upload(client, CLEAN, name=name)["id"]
        results.append(restored(client, photo)["result"])
    single = [client.get(f"{BASE}/results/{result}").content for result in results]
    half = client.get(f"{BASE}/results/{results[0]}?strength=50").content

    answer = client.post(f"{BASE}/zip", json={"results": [*results, f"{results[0]}:50"]})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names == ["a-jpeg.png", "a-jpeg-2.png", "b-jpeg.png", "a-jpeg-3.png"]
    assert [archive.read(name) for name in names] == [*single, half]
    assert answer.headers["content-disposition"] == 'attachment; filename="restored.zip"'

    form = client.post(f"{BASE}/zip", data={"results": results[:1], "strength": "50"})
    assert zipfile.ZipFile(io.BytesIO(form.content)).read("a-jpeg.png") == half


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"results": []}', b'{"results": "a"}', b'{"results": [1]}', b"\xff",
     b'{"results": ["a"], "strength": 101}', b"[" * 10_000],
)  # fmt: skip
def test_a_zip_of_nothing_is_refused_in_a_sentence(client: TestClient, body: bytes) -> None:
    answer = client.post(f"{BASE}/zip", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_zip_with_a_result_that_is_gone_is_refused_whole(client: TestClient) -> None:
    result = restored(client, upload(client, CLEAN)["id"])["result"]
    answer = client.post(f"{BASE}/zip", json={"results": [result, "none"]})
    assert answer.status_code == 404


def test_a_photo_dropped_while_it_is_restored_ends_in_a_result(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = upload(client, picture(300, 400))["id"]
    slowly = Slowly(monkeypatch)
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo, "denoise", sigma=20.0)
        slowly.begun()
        client.delete(f"{BASE}/photos/{photo}")
        slowly.go.release(1000)
        done, _ = until_end(session, 1)
    assert done["state"] == "done"
    assert client.get(f"{BASE}/results/{done['result']}").status_code == 200
    assert client.get(f"{BASE}/results/{done['result']}/difference").status_code == 404


def test_every_task_has_its_damage() -> None:
    assert {task.damage for task in TASKS.values()} == set(DEGRADATIONS)
    assert jobs.methods(TASKS["denoise"])[0] == "ours"
