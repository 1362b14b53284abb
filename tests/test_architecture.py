"""The house plan, held: which room may import which, and what no room may do.

Arrows point one way: pages -> ui -> {training, live, restore} -> {evaluation, latent} -> library ->
checkpoint -> nn -> damage -> config. A room imports rooms of lower floors only.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS: tuple[set[str], ...] = (
    {"errors", "escaping", "json_file", "limits"},
    {"config", "model_card", "atomic", "sealed", "device", "folders", "images"},
    {"damage", "datasets", "people", "handwriting", "disk", "teacher"},
    {"defaults", "quota"},
    {"nn", "presets", "restorers", "terminal", "album"},
    {"checkpoint"},
    {"library"},
    {"evaluation", "latent", "uploads"},
    {"restore", "training", "live", "takeaway"},
    {"darkroom", "cli_restore"},
    {"plots", "cli", "intake"},
    {"plots_training"},
    {"plots_diagnostics", "plots_runs", "replay"},
    {"ui"},
    {"pages"},
    {"app", "__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
WITH_STREAMLIT = {"app", "pages", "ui"}

SOURCES = sorted(
    [ROOT / "app.py", *(ROOT / "aeviz").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
)
every_source = pytest.mark.parametrize(
    "path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES]
)


def room_of(path: Path) -> str:
    """aeviz/nn/losses.py -> nn, pages/home.py -> pages, app.py -> app, aeviz/__init__.py -> ""."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "aeviz":
        parts = parts[1:]
    return "" if parts[0] == "__init__" else parts[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of all that is imported, wherever in the file: "aeviz.nn.losses", "torch.nn"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_used(tree: ast.AST) -> set[str]:
    names = (name.split(".") for name in imported(tree))
    return {parts[1] for parts in names if parts[0] == "aeviz" and len(parts) > 1} & set(FLOOR)


@every_source
def test_a_room_imports_lower_rooms_only(path: Path) -> None:
    room = room_of(path)
    used = rooms_used(ast.parse(path.read_text()))
    if not room:
        assert not used, "aeviz/__init__.py imports nothing, so that every part starts fast"
        return
    assert room in FLOOR, f"{room} is a new room: give it a floor in this test"
    above = {other for other in used if other != room and FLOOR[other] >= FLOOR[room]}
    assert not above


@every_source
def test_only_the_face_knows_streamlit(path: Path) -> None:
    names = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
    assert "streamlit" not in names or room_of(path) in WITH_STREAMLIT


@every_source
def test_only_the_end_of_a_training_lays_out_maps(path: Path) -> None:
    """They take many seconds of a processor, so never in the process that serves pages."""
    names = set(imported(ast.parse(path.read_text())))
    slow = {name for name in names if name.startswith("aeviz.latent.layout")}
    where = {"latent/layout_cache.py", "training/finish.py", "training/maps.py"}
    assert not slow or path in {ROOT / "aeviz" / name for name in where}


def called(path: Path) -> set[str]:
    """Names of the functions and methods that are called anywhere in the file."""
    return {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


@every_source
def test_only_a_training_process_and_the_command_line_finish_a_model(path: Path) -> None:
    where = {"training/finish.py", "training/worker.py", "training/maps.py", "cli.py"}
    finishes = called(path) & {"finish", "card_and_gallery", "mapped"}
    assert not finishes or path in {ROOT / "aeviz" / name for name in where}


@every_source
def test_pages_are_left_by_links_only(path: Path) -> None:
    """After `st.switch_page` the server may still answer what the page before had asked for as it
    refreshed itself, and the new page goes blank."""
    assert "switch_page" not in called(path)


@every_source
def test_nothing_reads_or_writes_a_pickle(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {name.split(".")[0] for name in imported(tree)}
    assert not names & {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("torch", "load"), ("torch", "save")}
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


@every_source
def test_only_the_image_room_opens_pictures(path: Path) -> None:
    """Pillow knows formats that start programs: what it may read is decided in one place."""
    opened = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "open"
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Image", "PIL")
    ]
    assert not opened or path.is_relative_to(ROOT / "aeviz" / "images")


def test_pictures_are_opened_by_a_list_of_formats() -> None:
    for path in (ROOT / "aeviz" / "images").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
                assert "formats" in {keyword.arg for keyword in node.keywords}


@every_source
def test_nothing_is_evaluated_and_no_error_is_swallowed_whole(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec"}
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None


def texts() -> list[Path]:
    """All that a person wrote: code, pages, documents, settings."""
    folders = ("aeviz", "pages", "benchmarks", "tests", "docs", ".ci", ".streamlit")
    files = [*ROOT.iterdir(), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    kinds = {".py", ".md", ".txt", ".toml", ".js", ".css", ""}
    return [path for path in files if path.is_file() and path.suffix in kinds]


def test_no_package_index_is_named() -> None:
    """Where packages come from is the machine's own setting, not the project's."""
    parts = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"))
    words = [".".join(part) for part in parts] + ["index" + "-url", "find" + "-links"]
    found = {
        (path.relative_to(ROOT), word)
        for path in texts()
        for word in words
        if word in path.read_text(errors="ignore")
    }
    assert not found
    assert ROOT / "aeviz" / "cli.py" in texts()


def test_these_rules_can_fail() -> None:
    """The parser sees what it must see, however it is written."""
    tree = ast.parse(
        "def f():\n    from aeviz.ui import live\nimport aeviz.training.loop as x, streamlit.web"
    )
    assert rooms_used(tree) == {"ui", "training"}
    assert "streamlit.web" in set(imported(tree))
    assert room_of(ROOT / "aeviz" / "nn" / "losses.py") == "nn"
    assert room_of(ROOT / "pages" / "home.py") == "pages"
    assert room_of(ROOT / "app.py") == "app"
    assert room_of(ROOT / "aeviz" / "__init__.py") == ""
    assert FLOOR["config"] < FLOOR["nn"] < FLOOR["checkpoint"] < FLOOR["training"] < FLOOR["ui"]
    assert {room_of(path) for path in SOURCES} >= {"nn", "training", "ui", "pages", "app"}


def test_the_command_line_starts_without_streamlit() -> None:
    """`python -m aeviz` works where only the core is installed, and starts fast."""
    check = "import sys, aeviz.cli; print('streamlit' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr
