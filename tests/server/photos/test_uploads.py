"""Uploads: bad files, bad names, bad addresses, too much of everything."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from photo_server_tools import BASE, ask, picture, pixels_of, png, until_end, upload
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient
from waiting import until

from aeviz import limits
from aeviz.errors import UserError
from aeviz.images import MAX_BYTES, Photo, write_photo
from aeviz.images.decoding import MAX_PIXELS
from aeviz.server import uploads
from aeviz.server.photos.routes import MAX_UPLOAD, PhotoServer
from aeviz.server.photos.store import GONE
from aeviz.server.uploads import BusyError, Uploads

PHOTO = png(picture(20, 30))


def refusal(client: TestClient, data: bytes) -> str:
    answer = client.post(f"{BASE}/photos", content=data)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "This file is empty"),
        (PHOTO[:-40], "incomplete, damaged"),
        (PHOTO[:20] + b"\xff" * 40, "damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not an image"),
        (b"<!doctype html><script>alert(1)</script>", "not an image"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (bytes(1000), "not an image"),
    ],
    ids=["empty", "cut", "corrupt", "svg", "html", "heic", "zeros"],
)
def test_what_is_no_photo_is_refused_in_a_sentence(
    client: TestClient, darkroom: PhotoServer, data: bytes, said: str
) -> None:
    sentence = refusal(client, data)
    assert said in sentence
    assert sentence.endswith(".")
    assert list(darkroom.store.folder.glob("[!.]*")) == []
    assert list(darkroom.store.folder.glob(".upload*")) == []


def test_a_decompression_bomb_is_refused(client: TestClient) -> None:
    bomb = bytearray(png(np.zeros((1, 1, 1), np.uint8)))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    assert "pixels" in refusal(client, bytes(bomb)) or "damaged" in refusal(client, bytes(bomb))
    assert MAX_PIXELS < 100_000**2


def test_the_limit_is_that_of_the_decoder() -> None:
    assert MAX_UPLOAD == MAX_BYTES


def test_a_body_said_to_be_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post(
        f"{BASE}/photos", content=b"x", headers={"Content-Length": str(MAX_UPLOAD + 1)}
    )
    assert answer.status_code == 413
    assert answer.json() == {"error": "This file is larger than 320 MiB: make the image smaller."}


def test_a_body_that_does_not_say_its_size_is_refused_while_it_is_read(
    client: TestClient, darkroom: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom._uploads, "_max_bytes", 3 << 20)
    sent = []

    def endless():
        while len(sent) < 100:
            sent.append(1)
            yield bytes(1 << 20)

    answer = client.post(f"{BASE}/photos", content=endless())
    assert answer.status_code == 413
    assert "larger than 3 MiB" in answer.json()["error"]
    assert list(darkroom.store.folder.glob(".upload*")) == []


def test_a_client_that_leaves_or_rests_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 10)

    async def read(last: str) -> None:
        messages = [{"type": "http.request", "body": bytes(100), "more_body": True}] * 3

        async def receive():
            if messages:
                return messages.pop()
            if last == "rests":
                await asyncio.sleep(3600)
            return {"type": "http.disconnect"}

        request = Request({"type": "http", "headers": []}, receive)
        async with Uploads(tmp_path, 1000).body(request):
            raise AssertionError("there is no whole body")

    with pytest.raises(ClientDisconnect):
        asyncio.run(read("leaves"))
    for limit in ("QUIET_SECONDS", "WHOLE_SECONDS"):
        monkeypatch.setattr(uploads, "QUIET_SECONDS", 60)
        monkeypatch.setattr(uploads, limit, 0.05)
        with pytest.raises(Exception, match="The upload stopped before its end"):
            asyncio.run(read("rests"))
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_drips_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then, as long as nothing is said about speed."""
    monkeypatch.setattr(limits, "UPLOAD_GRACE_SECONDS", 0.05)

    async def drip() -> dict[str, object]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def read() -> None:
        request = Request({"type": "http", "headers": []}, drip)
        async with Uploads(tmp_path, 1000).body(request):
            raise AssertionError("it never ends")

    with pytest.raises(UserError, match="too slow"):
        asyncio.run(read())
    assert list(tmp_path.iterdir()) == []


def test_slow_uploads_of_one_address_leave_places_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_WAIT_SECONDS", 0.05)
    begun = 0

    def request(peer: str, ended: asyncio.Event | None) -> Request:
        async def receive() -> dict[str, object]:
            nonlocal begun
            begun += 1
            if ended is not None:
                await ended.wait()
            return {"type": "http.request", "body": b"whole", "more_body": False}

        return Request({"type": "http", "headers": [], "client": (peer, 1)}, receive)

    async def scene() -> None:
        uploads, ended = Uploads(tmp_path, 1000), asyncio.Event()

        async def send(peer: str, wait: bool) -> bytes:
            async with uploads.body(request(peer, ended if wait else None)) as path:
                return path.read_bytes()

        flood = [asyncio.create_task(send("10.0.0.1", True)) for _ in range(limits.UPLOADS.person)]
        while begun < limits.UPLOADS.person:
            await asyncio.sleep(0)
        with pytest.raises(BusyError, match="try again in a minute"):
            await send("10.0.0.1", False)
        assert await send("10.0.0.2", False) == b"whole"
        ended.set()
        assert await asyncio.gather(*flood) == [b"whole"] * len(flood)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("..\\..\\boot.ini.JPG", "boot.ini.jpg"),
        ('a"b;c\r\nSet-Cookie: x=1.png', None),
        ("<img src=x onerror=alert(1)>.jpg", None),
        ("x" * 300 + ".jpeg", None),
        ("Straße 写真.webp", "Straße 写真.webp"),
        ("", "image.png"),
        ("CON.png", "_CON.png"),
    ],
)
def test_names_are_made_safe(client: TestClient, name: str, shown: str | None) -> None:
    photo = upload(client, picture(16, 16), name=name)
    assert shown is None or photo["name"] == shown
    assert len(photo["name"]) <= 80
    assert not set('/\\"<>\r\n') & set(photo["name"])
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 1, photo["id"], "denoise")
        done, _ = until_end(session, 1)
    said = client.get(f"{BASE}/results/{done['result']}").headers["content-disposition"]
    assert said.startswith("attachment; filename")
    assert said.isascii()
    assert "-denoise.png" in said
    assert not set("/\\<>\r\n") & set(said)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://testserver:81", "null", ""])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "photos"),
        ("PUT", "photos/x/mask"),
        ("PUT", "photos/x/reference"),
        ("DELETE", "photos/x"),
        ("POST", "zip"),
        ("GET", "photos/x/before"),
        ("GET", "tasks"),
    ],
)
def test_a_foreign_page_is_refused(client: TestClient, origin: str, method: str, path: str) -> None:
    answer = client.request(method, f"{BASE}/{path}", headers={"Origin": origin}, content=PHOTO)
    assert answer.status_code == 403
    assert answer.json() == {"error": "This address is for the app's own pages."}


def test_our_own_page_and_a_named_proxy_are_let_in(client: TestClient) -> None:
    for headers in ({"Origin": "http://testserver"}, {}):
        assert client.post(f"{BASE}/photos", content=PHOTO, headers=headers).status_code == 200
    proxied = PhotoServer(["https://class.example/"])
    try:
        assert proxied._guard.origins.allow({"origin": "https://class.example", "host": "inner"})
    finally:
        proxied.close()


@pytest.mark.parametrize("wanted", ["none", "..", "%2e%2e", "%00", "x" * 500, ".lock", "é"])
@pytest.mark.parametrize(
    "path",
    [
        "photos/{}/before",
        "photos/{}/mask",
        "results/{}",
        "results/{}/view",
        "results/{}/difference",
        "results/{}/scores",
    ],
)
def test_an_id_that_does_not_exist_is_told_in_a_sentence(
    client: TestClient, path: str, wanted: str
) -> None:
    answer = client.get(f"{BASE}/{path.format(wanted)}")
    assert answer.status_code == 404
    if wanted not in ("..", "%2e%2e"):  # which never arrive as they are
        assert answer.json() == {"error": GONE}


def test_a_photo_is_no_result_and_a_result_no_photo_to_restore_for_ever(client: TestClient) -> None:
    photo = upload(client, picture(16, 16))
    assert client.get(f"{BASE}/results/{photo['id']}").status_code == 404


def test_a_dropped_photo_is_gone_everywhere(client: TestClient, darkroom: PhotoServer) -> None:
    photo = upload(client, picture(16, 16))["id"]
    assert client.get(f"{BASE}/photos/{photo}/before").status_code == 200
    assert client.delete(f"{BASE}/photos/{photo}").json() == {}
    for answer in (
        client.get(f"{BASE}/photos/{photo}/before"),
        client.delete(f"{BASE}/photos/{photo}"),
        client.put(f"{BASE}/photos/{photo}/mask", content=PHOTO),
        client.put(f"{BASE}/photos/{photo}/reference", content=PHOTO),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": GONE})
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 3, photo, "denoise")
        failed, _ = until_end(session, 3)
    assert (failed["error"], failed["gone"]) == (GONE, True)
    assert not (darkroom.store.folder / photo).exists()


def test_two_hundred_photos_at_once_are_all_restored(client: TestClient) -> None:
    photos = [upload(client, picture(16, 16, seed=n), name=f"{n}.png")["id"] for n in range(200)]
    results = []
    with client.websocket_connect(f"{BASE}/work") as session:
        for number, photo in enumerate(photos):
            ask(session, number, photo, "denoise")
        for number in range(200):
            done, _ = until_end(session, number)
            assert done["state"] == "done", done
            results.append(done["result"])
    assert len(set(results)) == 200


def test_queued_uploads_wait_on_the_disk_and_few_are_decoded_at_once(
    client: TestClient, darkroom: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most, go = 0, 0, threading.Event()
    counting = threading.Lock()
    upload = type(darkroom.service).upload

    def slow(service, body, name, damage, stretch=False):
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        go.wait(10)
        with counting:
            inside -= 1
        return upload(service, body, name, damage, stretch)

    monkeypatch.setattr(type(darkroom.service), "upload", slow)
    threads = [
        threading.Thread(target=client.post, args=(f"{BASE}/photos",), kwargs={"content": PHOTO})
        for _ in range(limits.UPLOADS.person)
    ]
    for thread in threads:
        thread.start()
    until(lambda: len(list(darkroom.store.folder.glob(".upload*"))) >= limits.UPLOADS.person)
    go.set()
    for thread in threads:
        thread.join(20)
    assert most <= 2
    assert list(darkroom.store.folder.glob(".upload*")) == []


@pytest.mark.parametrize(
    "query",
    [
        {"damage": "rain"},
        {"damage": "noise", "amount": "56"},
        {"damage": "noise", "amount": "-1"},
        {"damage": "noise", "amount": "nan"},
        {"damage": "noise", "amount": "1e3"},
        {"damage": "noise", "seed": "x"},
        {"damage": "noise", "seed": "2147483648"},
        {"damage": "noise", "seed": "²"},
    ],
)
def test_damage_that_cannot_be_is_refused_in_a_sentence(client: TestClient, query) -> None:
    answer = client.post(f"{BASE}/photos", content=PHOTO, params=query)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_file_that_changes_its_kind_is_read_for_what_it_is(client: TestClient) -> None:
    said = {"Content-Type": "image/jpeg"}
    answer = client.post(f"{BASE}/photos?name=photo.jpg", content=PHOTO, headers=said)
    assert (answer.json()["width"], answer.json()["height"]) == (30, 20)
    photo = answer.json()["id"]
    again = client.put(f"{BASE}/photos/{photo}/mask", content=b"GIF89a\1\0\1\0")
    assert again.status_code == 400
    assert "This GIF file is incomplete" in again.json()["error"]


def test_a_mask_of_nearly_all_asks_first_and_one_of_paint_is_read(client: TestClient) -> None:
    photo = upload(client, picture(20, 30))["id"]
    nearly_all = np.full((20, 30, 1), 255, np.uint8)
    nearly_all[0] = 0
    answer = client.put(f"{BASE}/photos/{photo}/mask", content=png(nearly_all))
    assert answer.status_code == 409
    assert "95 % of the photo; is it inverted?" in answer.json()["error"]
    answer = client.put(f"{BASE}/photos/{photo}/mask?sure=1", content=png(nearly_all))
    assert answer.json() == {"pixels": 570}
    paint = np.zeros((20, 30, 4), np.uint8)
    paint[4, :, :] = 255, 255, 255, 128
    answer = client.put(f"{BASE}/photos/{photo}/mask", content=png(paint))
    assert answer.json() == {"pixels": 30}


def test_masks_and_references_of_another_size_are_refused(client: TestClient) -> None:
    photo = upload(client, picture(20, 30))["id"]
    for part in ("mask", "reference"):
        answer = client.put(f"{BASE}/photos/{photo}/{part}", content=png(picture(30, 20)))
        assert answer.status_code == 400
        assert "20x30 pixels and the photo 30x20" in answer.json()["error"]


def test_a_narrow_photo_is_told_and_stretched_and_its_reference_with_it(
    client: TestClient,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 4096, (20, 30, 1)).astype(np.uint16)
    pixels[0, 0], pixels[0, 1] = 0, 4095
    file = write_photo(Photo(pixels))
    plain = client.post(f"{BASE}/photos?stretch=0", content=file).json()
    assert (plain["narrow"], plain["range"]) == (True, 0.0625)
    assert plain["notes"] == ["The photo uses only 12 of its 16 bits."]
    full = client.post(f"{BASE}/photos?stretch=1", content=file).json()
    assert (full["narrow"], full["range"]) == (True, 1)
    seen = pixels_of(client.get(f"{BASE}/photos/{full['id']}/before").content)
    assert (seen.min(), seen.max()) == (0, 255)
    measured = client.put(f"{BASE}/photos/{full['id']}/reference", content=file).json()
    assert measured["before"]["psnr"] == 100
    wide = upload(client, picture(20, 30))
    assert wide["narrow"] is False
    refused = client.post(f"{BASE}/photos?stretch=yes", content=file)
    assert refused.json() == {"error": "Give stretch as a whole number from 0 to 1."}
