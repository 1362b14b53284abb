import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import aeviz
from aeviz.server.preload import Preload

STATIC = Path(str(streamlit.__file__)).parent / "static"
DARKROOM = Path(str(aeviz.__file__)).parent / "web" / "darkroom" / "static"
PRELOADED = re.compile(r'<link rel="modulepreload" crossorigin href="([^"]+)">')


async def document(request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def anything(request: Request) -> Response:
    return PlainTextResponse("from the app")


def client_of(base_path: str = "") -> TestClient:
    pages = [Route(f"{base_path}/{page}", document) for page in ("", "explore", "restore", "train")]
    app = Starlette(
        routes=[*pages, Route("/{rest:path}", anything)],
        middleware=[
            Middleware(Preload, base_path=base_path),
            Middleware(GZipMiddleware, minimum_size=1),
        ],
    )
    return TestClient(app)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with client_of() as client:
        yield client


def streamlit_module() -> str:
    return next((STATIC / "static" / "js").glob("BidiComponent.*.js")).name


@pytest.mark.parametrize(("page", "module"), [("", "home.js"), ("explore", "explorer.js")])
def test_a_live_page_names_its_modules_beforehand(
    client: TestClient, page: str, module: str
) -> None:
    answer = client.get(f"/{page}")
    named = PRELOADED.findall(answer.text)
    for path in (f"/aeviz/static/{module}", "/aeviz/static/socket.js", "/aeviz/static/plotly.js"):
        assert named.count(path) == 1
    assert f"/static/js/{streamlit_module()}" in named
    assert answer.text.index("modulepreload") < answer.text.index("</head>")
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_photo_tool_names_its_own_modules_and_what_it_shares(client: TestClient) -> None:
    page = client.get("/restore").text
    named = PRELOADED.findall(page)
    for path in ("/aeviz/darkroom/static/stage.js", "/aeviz/static/dom.js"):
        assert named.count(path) == 1
    ours = {path.rpartition("/")[2] for path in named if "/darkroom/" in path}
    assert ours == {path.name for path in DARKROOM.glob("*.js")}
    assert "/gallery/" not in page


def test_every_module_named_is_there(client: TestClient) -> None:
    named = PRELOADED.findall(client.get("/explore").text)
    answers = {path: client.get(path) for path in named}
    assert {path for path, answer in answers.items() if answer.status_code != 200} == set()
    assert {path for path, answer in answers.items() if answer.text == "from the app"} == set()


@pytest.mark.parametrize(
    ("page", "gallery"),
    [
        ("explore", "/vae-mnist"),
        ("explore?model=ae-mnist-2d", "/ae-mnist-2d"),
        ("explore?model=a%22><script>", None),
        ("", "/vae-mnist-2d?part=map"),
    ],
)
def test_the_gallery_of_the_model_that_will_open_is_fetched_ahead(
    client: TestClient, page: str, gallery: str | None
) -> None:
    found = re.findall(
        r'as="fetch" crossorigin href="/aeviz/gallery([^"]*)"', client.get(f"/{page}").text
    )
    assert found == ([gallery] if gallery else [])


def test_a_document_is_never_taken_from_the_cache_of_its_unchanged_self(
    client: TestClient,
) -> None:
    tag = client.get("/train").headers["etag"]
    answer = client.get("/explore", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert "etag" not in answer.headers


def test_streamlits_own_files_come_from_memory_and_stay(client: TestClient) -> None:
    name = streamlit_module()
    answer = client.get(f"/static/js/{name}")
    assert answer.content == (STATIC / "static" / "js" / name).read_bytes()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/js/none.AAAAAAAA.js",
        "/static/js/../../index.html",
        "/static/js/%2e%2e/%2e%2e/manifest.AAAAAAAA.js",
        "/static/media/a/b.AAAAAAAA.woff2",
        "/aeviz/static/../front.py",
        "/aeviz/static/none.js",
        "/_stcore/health",
    ],
)
def test_all_else_is_left_to_the_app(client: TestClient, path: str) -> None:
    assert client.get(path).text == "from the app"


def test_other_pages_and_other_methods_pass_through(client: TestClient) -> None:
    assert client.get("/train").text == (STATIC / "index.html").read_text()
    assert client.head("/explore").status_code == 200


def test_below_a_base_path() -> None:
    with client_of("/class") as client:
        named = PRELOADED.findall(client.get("/class/explore").text)
        assert "/class/aeviz/static/explorer.js" in named
        assert client.get("/class/aeviz/static/explorer.js").status_code == 200
        assert client.get(f"/class/static/js/{streamlit_module()}").text != "from the app"


def test_the_first_page_is_answered_before_torch_is_there() -> None:
    """Importing it takes more than a second, in which a browser could be loading the page."""
    code = (
        "import sys, threading; threading.Thread.start = lambda thread: None\n"  # no warm-up
        "import aeviz.server.photos.routes, aeviz.server.dataset_uploads.routes\n"
        "import aeviz.server.preload\n"
        "import aeviz.server.live.routes, aeviz.server.replay.routes\n"
        "slow = {'torch', 'scipy', 'sklearn', 'pandas', 'umap', 'openTSNE'} & {*sys.modules}\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
