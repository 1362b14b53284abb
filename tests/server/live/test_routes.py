import json
import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from live_models import Library, loaded
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from aeviz.limits import Limit
from aeviz.server.live.routes import routes


@pytest.fixture
def library() -> Library:
    return Library(tiny=loaded(latent_dim=3), gauss=loaded(latent_dim=2, gaussian=True))


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    app = Starlette(routes=routes(load=library.load, version=library.version))
    with TestClient(app) as client:
        yield client


def decode_message(codes: np.ndarray, request_id: int = 1) -> bytes:
    return struct.pack("<IB3x", request_id, 0) + codes.astype("<f4").tobytes()


def closed(session: WebSocketTestSession) -> tuple[int, str]:
    with pytest.raises(WebSocketDisconnect) as caught:
        session.receive_bytes()
    return caught.value.code, caught.value.reason


def test_decoded_pixels_are_the_models(client: TestClient, library: Library) -> None:
    codes = np.array([[0.5, -1, 2], [0, 0, 0]], np.float32)
    with client.websocket_connect("/aeviz/live/tiny") as session:
        session.send_bytes(decode_message(codes, request_id=41))
        reply = session.receive_bytes()
    with torch.inference_mode():
        x_hat = library.models["tiny"].model.decode(torch.from_numpy(codes))
    expected = (x_hat * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    assert reply == struct.pack("<IB3x", 41, 0) + expected.tobytes()


def test_an_encode_gives_the_mean_and_its_reconstruction(
    client: TestClient, library: Library
) -> None:
    image = np.linspace(0, 1, 64, dtype=np.float32)
    with client.websocket_connect("/aeviz/live/gauss") as session:
        session.send_bytes(struct.pack("<IB3x", 2, 1) + image.tobytes())
        reply = session.receive_bytes()
    model = library.models["gauss"].model
    with torch.inference_mode():
        mu, _ = model.posterior(torch.from_numpy(image).reshape(1, 1, 8, 8))
        pixels = (model.decode(mu) * 255).round().byte().numpy()
    np.testing.assert_allclose(np.frombuffer(reply, "<f4", 2, 8), mu[0].numpy(), rtol=1e-5)
    assert reply[16:] == pixels.tobytes()


def test_several_requests_in_flight_are_all_answered(client: TestClient) -> None:
    with client.websocket_connect("/aeviz/live/tiny") as session:
        for request_id in range(4):
            session.send_bytes(decode_message(np.zeros((1, 3)), request_id))
        ids = [struct.unpack_from("<I", session.receive_bytes())[0] for _ in range(4)]
    assert ids == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (decode_message(np.full((1, 3), np.nan)), "NaN"),
        (decode_message(np.zeros((1, 2))), "whole codes"),
        (decode_message(np.zeros((1025, 3))), "1 to 1024"),
        (b"\0" * 8, "1 to 1024"),
        (b"hello", "8 bytes"),
        (struct.pack("<IB3x", 1, 9), "unknown operation 9"),
        (struct.pack("<IB3x", 1, 1) + b"\0" * 12, "one 8 x 8 x 1"),
    ],
)
def test_bad_input_closes_with_4400_and_a_reason_and_others_never_notice(
    client: TestClient, data: bytes, reason: str
) -> None:
    with client.websocket_connect("/aeviz/live/tiny") as good:
        with client.websocket_connect("/aeviz/live/tiny") as bad:
            bad.send_bytes(data)
            code, said = closed(bad)
        assert code == 4400
        assert reason in said
        good.send_bytes(decode_message(np.zeros((1, 3))))
        assert len(good.receive_bytes()) == 8 + 64


def test_text_is_refused(client: TestClient) -> None:
    with client.websocket_connect("/aeviz/live/tiny") as session:
        session.send_text("[1, 2, 3]")
        assert closed(session) == (4400, "messages are binary, this one was text")


@pytest.mark.parametrize("name", ["nothing", "%2e%2e", "%00"])
def test_an_unknown_model_is_named(client: TestClient, name: str) -> None:
    with client.websocket_connect(f"/aeviz/live/{name}") as session:
        code, reason = closed(session)
    assert code == 4400
    assert "no model called" in reason


def test_a_model_deleted_while_explored_goes_on_and_is_then_gone(
    client: TestClient, library: Library
) -> None:
    with client.websocket_connect("/aeviz/live/tiny") as session:
        session.send_bytes(decode_message(np.zeros((1, 3))))
        session.receive_bytes()
        del library.models["tiny"]
        session.send_bytes(decode_message(np.zeros((1, 3))))
        assert len(session.receive_bytes()) == 8 + 64
    with client.websocket_connect("/aeviz/live/tiny") as session:
        assert closed(session)[0] == 4400


@pytest.mark.parametrize("origin", ["http://evil.example", "http://testserver:81", "null", ""])
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/aeviz/live/tiny", headers={"Origin": origin}),
    ):
        raise AssertionError("the socket was opened")


def test_the_own_origin_and_a_named_one_are_let_in(library: Library) -> None:
    app = Starlette(
        routes=routes(
            allowed_origins=["https://class.example/"], load=library.load, version=library.version
        )
    )
    with TestClient(app) as client:
        for origin in ("http://testserver", "https://class.example"):
            headers = {"Origin": origin}
            with client.websocket_connect("/aeviz/live/tiny", headers=headers) as session:
                session.send_bytes(decode_message(np.zeros((1, 3))))
                assert len(session.receive_bytes()) == 8 + 64


def test_a_full_server_says_so(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aeviz.limits.SOCKETS", Limit(in_all=1, person=1))
    app = Starlette(routes=routes(load=library.load, version=library.version))
    with TestClient(app) as client, client.websocket_connect("/aeviz/live/tiny") as first:
        with client.websocket_connect("/aeviz/live/tiny") as second:
            code, reason = closed(second)
        assert (code, "try again later" in reason) == (4429, True)
        first.send_bytes(decode_message(np.zeros((1, 3))))
        assert first.receive_bytes()


def test_a_base_path_moves_all_routes(library: Library) -> None:
    app = Starlette(routes=routes("/class/", load=library.load, version=library.version))
    with TestClient(app) as client:
        assert client.get("/class/aeviz/gallery/tiny").status_code == 200
        assert client.get("/aeviz/gallery/tiny").status_code == 404


def test_the_gallery_unpacks_to_codes_labels_and_coordinates(
    client: TestClient, library: Library
) -> None:
    packed = client.get("/aeviz/gallery/tiny").content
    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])
    body = packed[4 + length :]

    def array(name: str) -> np.ndarray:
        at = header["arrays"][name]
        count = int(np.prod(at["shape"]))
        return np.frombuffer(body, at["dtype"], count, at["offset"]).reshape(at["shape"])

    latents = library.models["tiny"].gallery.latents.numpy()  # type: ignore[union-attr]
    np.testing.assert_array_equal(array("latents"), latents)
    np.testing.assert_array_equal(array("labels"), np.arange(20) % 2)
    mean, plane = (np.array(header["pca"][key]) for key in ("mean", "components"))
    np.testing.assert_allclose(array("pca"), (latents - mean) @ plane.T, atol=1e-5)
    assert header["class_names"] == ["even", "odd"]
    assert (header["sprite"]["columns"], header["sprite"]["width"]) == (5, 8)
    assert (4 + length) % 4 == 0


def test_a_map_alone_gets_the_same_points_and_no_more(client: TestClient) -> None:
    whole, part = (client.get(f"/aeviz/gallery/tiny{query}").content for query in ("", "?part=map"))
    headers, bodies = [], []
    for packed in (whole, part):
        (length,) = struct.unpack_from("<I", packed)
        headers.append(json.loads(packed[4 : 4 + length]))
        bodies.append(packed[4 + length :])
    assert bodies[0] == bodies[1]
    left_out = {key for key in headers[0] if headers[0][key] != headers[1][key]}
    assert left_out == {"typical", "sprite"}
    assert headers[1]["typical"] is headers[1]["sprite"] is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"pca": 0.5, "tsne": 1, "umap": 0.25}, {"pca": 0.5, "tsne": 1.0, "umap": 0.25}),
        ({"pca": "high", "tsne": float("nan"), "umap": 1.01, "other": 0.5}, {}),
        ("high", {}),
        (None, {}),
    ],
)
def test_layouts_and_how_far_to_trust_them_are_told(
    client: TestClient, library: Library, said: object, told: dict[str, float]
) -> None:
    tiny = library.models["tiny"]
    assert tiny.gallery is not None
    umap = torch.arange(40.0).reshape(20, 2)
    gallery = replace(tiny.gallery, umap=umap)
    library.models["tiny"] = replace(tiny, card={"trustworthiness": said}, gallery=gallery)
    packed = client.get("/aeviz/gallery/tiny").content
    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])
    assert header["trustworthiness"] == told
    at = header["arrays"]["umap"]
    sent = np.frombuffer(packed, "<f4", 40, 4 + length + at["offset"]).reshape(at["shape"])
    np.testing.assert_array_equal(sent, umap.numpy())
    assert "tsne" not in header["arrays"]


def test_dimensions_come_most_informative_first(client: TestClient) -> None:
    packed = client.get("/aeviz/gallery/gauss").content
    (length,) = struct.unpack_from("<I", packed)
    dims = json.loads(packed[4 : 4 + length])["dims"]
    assert sorted(dim["index"] for dim in dims) == [0, 1]
    assert dims[0]["information"] >= dims[1]["information"]
    assert all(dim["low"] <= -3 and dim["high"] >= 3 for dim in dims)


def test_a_sprite_is_kept_for_ever_under_its_version_and_asked_for_otherwise(
    client: TestClient, library: Library
) -> None:
    first = client.get("/aeviz/sprite/tiny")
    assert first.content == library.models["tiny"].gallery.sprite  # type: ignore[union-attr]
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "no-cache"
    version = first.headers["etag"].strip('"')
    assert "immutable" in client.get(f"/aeviz/sprite/tiny?v={version}").headers["cache-control"]
    again = client.get("/aeviz/sprite/tiny", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["gallery", "sprite"])
def test_an_unknown_gallery_is_a_sentence(client: TestClient, path: str) -> None:
    answer = client.get(f"/aeviz/{path}/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no model called nothing."}


@pytest.mark.parametrize(
    "name", ["../routes.py", "%2e%2e%2froutes.py", "nothing.js", "__init__.py"]
)
def test_static_serves_only_the_browser_half(client: TestClient, name: str) -> None:
    assert client.get(f"/aeviz/static/{name}").status_code == 404


def test_the_browser_half_and_plotly_come_from_here(client: TestClient) -> None:
    script = client.get("/aeviz/static/explorer.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "export default" in script.text
    assert "scattergl" in client.get("/aeviz/plotly.min.js").text


def test_stats_count_clients_and_requests(client: TestClient) -> None:
    with client.websocket_connect("/aeviz/live/tiny") as session:
        session.send_bytes(decode_message(np.zeros((3, 3))))
        session.receive_bytes()
        stats = client.get("/aeviz/live/stats").json()
    assert (stats["clients"], stats["requests"], stats["passes"]) == (1, 1, 1)
    assert stats["rows_per_pass"]["p50"] == 3
    assert stats["open_models"] == ["tiny"]
