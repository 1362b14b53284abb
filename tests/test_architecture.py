"""The architecture: which package may import which, and what no package may do.

Imports point one way, from the pages down to the files: a package imports only packages of lower
floors. docs/architecture.md lists them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS: tuple[set[str], ...] = (
    {"errors", "escaping", "limits", "wording"},
    {"io", "images"},
    {"config", "device", "pca", "quota"},
    {"cluster", "identity", "teacher", "degradations", "datasets", "handwriting", "nn"},
    {"dataset_import", "presets"},
    {"models"},
    {"evaluation", "latent"},
    {"restoration"},
    {"training"},
    {"runs", "export"},
    {"experiments", "sweeps"},
    {"figures"},
    {"server", "cli"},
    {"ui"},
    {"pages"},
    {"app", "__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
WITH_STREAMLIT = {"app", "pages", "ui"}

SOURCES = sorted(
    [ROOT / "app.py", *(ROOT / "aeviz").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
)
PICKLES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
Rule = Callable[[Path, ast.AST], Iterable[str]]
"""The parts of a file (its path and its syntax tree) that break the rule."""


@cache
def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text())


def room_of(path: Path) -> str:
    """aeviz/nn/losses.py -> nn, pages/home.py -> pages, app.py -> app, aeviz/__init__.py -> ""."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "aeviz":
        parts = parts[1:]
    return "" if parts[0] == "__init__" else parts[0]


def imported(tree: ast.AST) -> set[str]:
    """Full names of all imports anywhere in the file: "aeviz.nn.losses", "torch.nn"."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imported(tree)}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call, with what is called as it is written: "st.switch_page", "eval"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def inside(path: Path, *where: str) -> bool:
    """Whether the path is one of these files or folders of the package."""
    return any(path.is_relative_to(ROOT / "aeviz" / name) for name in where)


def lower_rooms_only(path: Path, tree: ast.AST) -> Iterable[str]:
    names = (name.split(".") for name in imported(tree))
    used = {parts[1] for parts in names if parts[0] == "aeviz" and len(parts) > 1} & set(FLOOR)
    room = room_of(path)
    if not room:  # aeviz/__init__.py imports nothing, so that every part starts fast
        return used
    assert room in FLOOR, f"{room} is a new room: give it a floor in this test"
    return {other for other in used if other != room and FLOOR[other] >= FLOOR[room]}


def streamlit_in_the_face_only(path: Path, tree: ast.AST) -> Iterable[str]:
    return set() if room_of(path) in WITH_STREAMLIT else packages(tree) & {"streamlit"}


def layouts_at_the_end_of_a_training_only(path: Path, tree: ast.AST) -> Iterable[str]:
    """They take many seconds of processor time, so never in the process that serves pages."""
    if inside(path, "latent/layout_cache.py", "training/finish.py", "runs/maps.py"):
        return ()
    return (name for name in imported(tree) if name.startswith("aeviz.latent.layout"))


def models_finished_by_trainings_only(path: Path, tree: ast.AST) -> Iterable[str]:
    if inside(path, "training/finish.py", "runs/worker.py", "runs/maps.py", "cli/train.py"):
        return ()
    ends = {"finish", "card_and_gallery", "with_maps"}
    return (name for name, _ in calls(tree) if name.rpartition(".")[2] in ends)


def pages_left_by_links_only(path: Path, tree: ast.AST) -> Iterable[str]:
    """After `st.switch_page` the server may still answer what the page before had asked for as it
    refreshed itself, and the new page goes blank."""
    return (name for name, _ in calls(tree) if name.rpartition(".")[2] == "switch_page")


PARTS = ("parameters", "arms", "tasks", "verdict", "experiment", "__init__")
"""Files of an experiment that is a folder. Each imports those before it."""


def experiments_in_the_same_parts(path: Path, tree: ast.AST) -> Iterable[str]:
    """Whoever knows one experiment of the Lab knows all of them."""
    folder = path.parent
    if folder.parent != ROOT / "aeviz" / "experiments":
        return ()
    own = f"aeviz.experiments.{folder.name}."
    used = {name.removeprefix(own).split(".")[0] for name in imported(tree) if own in name}
    later = PARTS[PARTS.index(path.stem) :] if path.stem in PARTS else PARTS[2:]
    return used & {*later}


def no_pickle(path: Path, tree: ast.AST) -> Iterable[str]:
    yield from packages(tree) & PICKLES
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("torch.load", "torch.save"):
            yield ast.unparse(node)
        allows = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
        if allows and ast.unparse(node.value) != "False":
            yield "allow_pickle"


def pictures_opened_in_one_room(path: Path, tree: ast.AST) -> Iterable[str]:
    """Pillow has formats that start programs: the allowed ones are defined in one place."""
    openers = ("Image.open", "PIL.Image.open")
    if not inside(path, "images"):
        attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        return (name for node in attributes if (name := ast.unparse(node)) in openers)
    return (
        name
        for name, call in calls(tree)
        if name in openers and "formats" not in {keyword.arg for keyword in call.keywords}
    )


def nothing_evaluated(path: Path, tree: ast.AST) -> Iterable[str]:
    return (name for name, _ in calls(tree) if name in ("eval", "exec"))


def no_error_swallowed_whole(path: Path, tree: ast.AST) -> Iterable[str]:
    return (
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    )


RULES: dict[Rule, tuple[str, str]] = {
    lower_rooms_only: ("nn/losses.py", "def f():\n    from aeviz.ui import live"),
    streamlit_in_the_face_only: ("nn/losses.py", "import os, streamlit.web"),
    layouts_at_the_end_of_a_training_only: ("ui/live.py", "from aeviz.latent import layouts"),
    models_finished_by_trainings_only: ("ui/live.py", "finish.finish(model)"),
    pages_left_by_links_only: ("ui/live.py", "st.switch_page('home')"),
    experiments_in_the_same_parts: (
        "experiments/anomaly/arms.py",
        "from aeviz.experiments.anomaly.tasks import work",
    ),
    no_pickle: ("models/checkpoint.py", "torch.load('file')"),
    pictures_opened_in_one_room: ("dataset_import/build.py", "Image.open(file, formats=['PNG'])"),
    nothing_evaluated: ("config.py", "f(eval('1'))"),
    no_error_swallowed_whole: ("config.py", "try:\n    f()\nexcept:\n    pass"),
}
"""Each rule, and a file and code that break it."""
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@every_rule
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    broken = {
        path.relative_to(ROOT): found for path in SOURCES if (found := [*rule(path, parsed(path))])
    }
    assert not broken


@every_rule
def test_the_rule_can_fail(rule: Rule) -> None:
    file, code = RULES[rule]
    assert [*rule(ROOT / "aeviz" / file, ast.parse(code))]
    assert not [*rule(ROOT / "aeviz" / file, ast.parse("import os"))]


def test_an_experiment_that_is_a_folder_has_all_parts() -> None:
    folders = [*(ROOT / "aeviz" / "experiments").glob("*/__init__.py")]
    assert folders
    for folder in folders:
        there = {path.stem for path in folder.parent.glob("*.py")}
        assert there >= {*PARTS}, folder


@pytest.mark.parametrize(
    "code",
    ["import dill", "from joblib import load", "np.load(file, allow_pickle=True)", "torch.save"],
)
def test_every_way_to_a_pickle_is_seen(code: str) -> None:
    assert [*no_pickle(ROOT / "app.py", ast.parse(code))]


def test_pictures_are_opened_by_a_list_of_formats() -> None:
    path = ROOT / "aeviz" / "images" / "decoding.py"
    assert [*pictures_opened_in_one_room(path, ast.parse("Image.open(file)"))]
    assert not [*pictures_opened_in_one_room(path, ast.parse("Image.open(file, formats=())"))]


def texts() -> list[Path]:
    """All hand-written files: code, pages, documents, settings."""
    folders = ("aeviz", "pages", "benchmarks", "tests", "docs", ".ci", ".streamlit")
    files = [*ROOT.iterdir(), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    kinds = {".py", ".md", ".txt", ".toml", ".js", ".css", ""}
    return [path for path in files if path.is_file() and path.suffix in kinds]


def test_no_package_index_is_named() -> None:
    """The source of packages is the machine's setting, not the project's."""
    parts = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"))
    words = [".".join(part) for part in parts] + ["index" + "-url", "find" + "-links"]
    found = {
        (path.relative_to(ROOT), word)
        for path in texts()
        for word in words
        if word in path.read_text(errors="ignore")
    }
    assert not found
    assert ROOT / "aeviz" / "cli" / "main.py" in texts()


def at_import(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """Imports that run when the file is imported: not those in functions or only for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            types_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if not types_only:
                yield from at_import(node)


def test_no_module_imports_itself_by_way_of_others() -> None:
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in SOURCES
    }
    uses: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted = {
            full if (full := f"{node.module}.{alias.name}") in names else f"{node.module}"
            for node in at_import(parsed(path))
            for alias in node.names
        }
        uses[name] = wanted & names.keys() - {name}
    assert len(uses["aeviz.ui.train.page"]) > 10
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_each_file_has_its_room() -> None:
    places = ("aeviz/nn/losses.py", "pages/home.py", "app.py", "aeviz/__init__.py")
    assert [room_of(ROOT / place) for place in places] == ["nn", "pages", "app", ""]
    assert FLOOR["config"] < FLOOR["nn"] < FLOOR["models"] < FLOOR["training"] < FLOOR["ui"]
    assert {room_of(path) for path in SOURCES} >= {"nn", "training", "ui", "pages", "app"}


def test_the_command_line_starts_without_streamlit() -> None:
    """`python -m aeviz` works where only the core is installed, and starts fast."""
    check = "import sys, aeviz.cli.main; print('streamlit' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr


def test_optuna_is_imported_by_a_sweep_that_starts_only() -> None:
    """Neither pages nor other commands need it."""
    check = (
        "import sys, aeviz.cli.main, aeviz.sweeps.run, aeviz.ui.runs.page;"
        "print('optuna' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr
