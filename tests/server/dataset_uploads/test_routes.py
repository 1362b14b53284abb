"""Storage of uploads of people's own images, and the threads that read them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient
from waiting import until

from aeviz import limits
from aeviz.dataset_import import spool
from aeviz.errors import UserError
from aeviz.server.dataset_uploads import routes
from aeviz.server.dataset_uploads.jobs import ImportJob
from aeviz.server.dataset_uploads.waiting import Waiting
from aeviz.server.visitors import Visitor

URL = "/aeviz/images"


@pytest.fixture(autouse=True)
def datasets_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


@pytest.fixture
def client(datasets_dir: Path) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes.routes())) as client:
        yield client


def test_what_is_sent_is_found_by_its_id_and_forgotten_by_it(client: TestClient) -> None:
    name = client.post(URL, content=b"a parcel").json()["id"]
    assert spool.find(name).read_bytes() == b"a parcel"
    assert [path.name for path in spool.folder().iterdir()] == [name]
    spool.forget(name)
    assert list(spool.folder().iterdir()) == []
    with pytest.raises(UserError, match="choose them again"):
        spool.find(name)


def test_two_uploads_have_ids_of_their_own(client: TestClient) -> None:
    first, second = (client.post(URL, content=b"same").json()["id"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 22, ".." + "a" * 20, None, 7, [1]])
def test_an_id_that_was_never_given_finds_nothing(name: object, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no longer on the server"):
        spool.find(name)
    spool.forget(name)  # and says nothing


def test_pages_of_other_sites_may_not_send(client: TestClient) -> None:
    answer = client.post(URL, content=b"x", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert not spool.folder().exists()


def test_more_than_is_taken_is_refused_before_it_is_sent(client: TestClient) -> None:
    told = {"content-length": str(limits.DATASET_UPLOAD + 1)}
    answer = client.post(URL, content=iter([b"x"]), headers=told)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("This is more than 2 GiB")
    assert list(spool.folder().iterdir()) == []


def test_without_its_length_it_is_refused(client: TestClient) -> None:
    answer = client.post(URL, content=iter([b"x", b"y"]))
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "Content-Length is required.",
    )


def test_a_disk_without_room_is_a_sentence(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: 7)
    answer = client.post(URL, content=b"four")  # and four more for the data set
    assert answer.status_code == 400
    assert "enough space" in answer.json()["error"]


def test_a_reserve_of_the_disk_is_never_taken(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"total": 400 * limits.MIB, "free": 41 * limits.MIB})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert client.post(URL, content=bytes(limits.MIB)).status_code == 400  # and as much is made
    assert client.post(URL, content=bytes(limits.MIB // 2)).status_code == 200


def test_a_disk_that_fills_while_it_comes_ends_the_upload(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = iter([100, 3])
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: next(rooms))
    answer = client.post(URL, content=b"four")
    assert (answer.status_code, "disk is full" in answer.json()["error"]) == (400, True)
    assert list(spool.folder().iterdir()) == []


def test_the_last_two_of_a_person_wait(client: TestClient) -> None:
    first, *others = (client.post(URL, content=b"mine").json()["id"] for _ in range(3))
    client.cookies.set("aeviz-person", "s" * 43)
    classmates = client.post(URL, content=b"theirs").json()["id"]
    waiting = {path.name for path in spool.folder().iterdir()}
    assert waiting == {*others, classmates}
    assert first not in waiting


def test_all_that_waits_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MIN_WAITING_UPLOAD", 1)
    monkeypatch.setattr(limits, "WAITING_UPLOADS", limits.Limit(in_all=10, person=10, address=10))
    assert client.post(URL, content=b"sixish").status_code == 200
    refused(client.post(URL, content=b"five5"), "no room for more uploads")
    assert client.post(URL, content=b"four").status_code == 200


def test_uploads_from_before_a_restart_count(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MIN_WAITING_UPLOAD", 1)
    monkeypatch.setattr(limits, "WAITING_UPLOADS", limits.Limit(in_all=10, person=10, address=10))
    spool.folder().mkdir(parents=True)
    (spool.folder() / spool.new_id()).write_bytes(b"sixish")
    refused(client.post(URL, content=b"five5"), "no room for more uploads")


def test_an_address_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many browsers it has, each with its own cookie."""
    monkeypatch.setattr(limits, "MIN_WAITING_UPLOAD", 1)
    monkeypatch.setattr(limits, "WAITING_UPLOADS", limits.Limit(in_all=20, person=10, address=10))
    app = Starlette(routes=routes.routes())
    crowd = [TestClient(app, client=("10.0.0.1", 1)) for _ in range(3)]
    for number, one in enumerate(crowd):
        one.cookies.set("aeviz-person", str(number) * 43)
    ids = [one.post(URL, content=b"four").json()["id"] for one in crowd[:2]]
    refused(crowd[2].post(URL, content=b"four"), "from your network")
    elsewhere = TestClient(app, client=("10.0.0.2", 1))
    assert elsewhere.post(URL, content=b"four").status_code == 200
    spool.forget(ids[0])  # a data set has been made of it
    assert crowd[2].post(URL, content=b"four").status_code == 200


def test_tiny_uploads_are_not_without_number(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 2 * limits.MIN_WAITING_UPLOAD
    monkeypatch.setattr(limits, "WAITING_UPLOADS", limits.Limit(9 * most, 9 * most, most))
    for number in range(2):
        client.cookies.set("aeviz-person", str(number) * 43)
        assert client.post(URL, content=b"x").status_code == 200
    client.cookies.set("aeviz-person", "2" * 43)
    refused(client.post(URL, content=b"x"), "from your network")


def test_an_upload_under_way_counts_and_is_not_removed(datasets_dir: Path) -> None:
    spool.folder().mkdir(parents=True)
    waiting, ann = Waiting(), Visitor("ann", "10.0.0.1")
    first, _ = (waiting.accept(ann, 1) for _ in range(2))
    with pytest.raises(UserError, match="have not finished yet"):
        waiting.accept(ann, 1)
    waiting.end(first)
    waiting.accept(ann, 1)


def test_an_upload_that_is_refused_gives_its_room_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = iter([100, 3, 100, 100])
    monkeypatch.setattr(limits, "MIN_WAITING_UPLOAD", 1)
    monkeypatch.setattr(limits, "WAITING_UPLOADS", limits.Limit(in_all=9, person=9, address=4))
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: next(rooms))
    refused(client.post(URL, content=b"four"), "disk is full")
    assert client.post(URL, content=b"four").status_code == 200


def refused(answer: Response, sentence: str) -> None:
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_uploads_that_nobody_came_back_to_are_swept_away(client: TestClient) -> None:
    old = client.post(URL, content=b"old").json()["id"]
    long_ago = time.time() - spool.KEPT_SECONDS - 1
    os.utime(spool.find(old), (long_ago, long_ago))
    new = client.post(URL, content=b"new").json()["id"]
    assert [path.name for path in spool.folder().iterdir()] == [new]


def test_a_job_answers_and_tells_how_far_it_is() -> None:
    def work(progress, cancelled):
        progress(0.5, "Half of it")
        return 7

    job = ImportJob(work)
    assert job.result() == 7
    assert (job.share, job.text, job.is_over) == (0.5, "Half of it", True)


def test_a_cancelled_job_answers_none() -> None:
    begun = threading.Event()

    def work(progress, cancelled):
        begun.set()
        until(cancelled)

    job = ImportJob(work)
    assert begun.wait(60)
    job.cancel()
    assert job.result() is None


def test_jobs_wait_for_one_of_two_threads_and_may_be_cancelled_there() -> None:
    go = threading.Event()
    busy = [ImportJob(lambda progress, cancelled: go.wait(60)) for _ in range(2)]
    third = ImportJob(lambda progress, cancelled: pytest.fail("it was cancelled"))
    assert third.text == "Waiting for its turn"
    third.cancel()
    go.set()
    assert [job.result() for job in busy] == [True, True]
    assert third.result() is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("The zip is cut short."), "The zip is cut short."),
        (MemoryError(), "Not enough memory"),
        (ZeroDivisionError(), "Something went wrong"),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(error: Exception, sentence: str) -> None:
    def work(progress, cancelled):
        raise error

    with pytest.raises(UserError, match=sentence):
        ImportJob(work).result()
