"""Points encoded as two numbers: end to end on few points; the verdict on rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Output, Result, Row, Task
from aeviz.experiments.points_3d import EXPERIMENT
from aeviz.experiments.points_3d.autoencoder import FRAMES, GRID
from aeviz.experiments.points_3d.experiment import _answer
from aeviz.experiments.points_3d.parameters import Parameters
from aeviz.experiments.points_3d.verdict import judge
from aeviz.figures import lab_points

QUICK = ["pca", "ae", "kernel-pca", "isomap", "lle", "t-sne"]
TINY = {"points": 120, "steps": 120, "width": 16, "seeds": 2, "arms": QUICK}


def answered(data: dict[str, Any]) -> Result:
    found = EXPERIMENT.build(data)
    done = {
        done.key: done
        for done in run.in_turn("points-3d", parameters.plain(found), EXPERIMENT.tasks(found))
    }
    return run.assemble("points-3d", found, done)


@pytest.fixture(scope="module")
def result() -> Result:
    return answered(TINY)


def test_it_runs_to_the_end(result: Result) -> None:
    assert result.complete
    assert len(result.rows) == 12
    for arm in result.values("arm"):
        assert min(result.of("trust", arm=arm)) > 0.5
    back = {row["arm"] for row in result.rows if "mse" in row}
    assert back == {"PCA", "autoencoder", "kernel PCA"}
    assert result.values("new_points", arm="t-SNE") == ["no"]
    assert result.values("way_back", arm="Isomap") == ["no"]
    assert result.values("way_back", arm="autoencoder") == ["yes"]
    assert max(result.of("order", arm="PCA")) < min(result.of("order", arm="Isomap"))
    assert judge(result).sentence


def test_the_figures_show_the_points_the_surfaces_and_all_maps(result: Result) -> None:
    figure = lab_points.surface(result)
    assert figure is not None
    assert [trace["type"] for trace in figure["data"]] == ["scatter3d"] + ["surface"] * FRAMES
    assert [trace["visible"] for trace in figure["data"][1:]] == [False] * (FRAMES - 1) + [True]
    heights = [height for row in figure["data"][-1]["z"] for height in row]
    assert len(heights) == GRID * GRID
    assert 10 < sum(height is not None for height in heights) < GRID * GRID
    assert result.arrays["ae-0/steps"][-1] == 120
    assert len(figure["layout"]["sliders"][0]["steps"]) == FRAMES
    maps = lab_points.maps(result)
    assert maps is not None
    assert len(maps["data"]) == len(QUICK)
    assert all(len(trace["x"]) == 120 for trace in maps["data"])
    assert [title for title, _, _ in lab_points.figures(result)] == [
        "The points, and the decoder's surface through them",
        "The map of each method",
    ]
    assert lab_points.figures(Result(Parameters(), [])) == []


def test_arrays_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Output([], arrays={"many": [[0.0] * 200] * 200})
    monkeypatch.setitem(EXPERIMENT.__dict__, "work", lambda found, task: large)
    with pytest.raises(ValueError, match="numbers in its arrays"):
        run.work("points-3d", {}, Task("pca-0", {"arm": "pca", "seed": 0}))


def rows(ae: list[float], pca: list[float], isomap: float = 1.0) -> Result:
    found: list[Row] = [
        {"arm": arm, "seed": i, "mse": e, "order": 0.7 + 0.001 * i, "way_back": "yes"}
        for arm, errors in (("autoencoder", ae), ("PCA", pca))
        for i, e in enumerate(errors)
    ]
    found += [
        {"arm": "Isomap", "seed": i, "order": isomap, "way_back": "no"} for i in range(len(ae))
    ]
    return Result(Parameters(), found)


@pytest.mark.parametrize(
    ("ae", "pca", "outcome", "words"),
    [
        ([0.001, 0.002, 0.0015], [0.12, 0.13, 0.12], "holds", "less than 1 %"),
        ([0.05, 0.06, 0.055], [0.12, 0.13, 0.12], "fails", "more than 1 %"),
        ([0.05, 0.06, 0.055], [0.055, 0.057, 0.053], "fails", "no clear difference to PCA"),
        ([0.05, 0.06, 0.055], [0.001, 0.002, 0.001], "fails", "PCA is better"),
        ([0.001, 0.02, 0.009], [0.12, 0.13, 0.12], "open", "too close to 1 %"),
        ([0.001], [0.1], "open", "Two seeds"),
    ],
)
def test_the_verdict_follows_the_rows(
    ae: list[float], pca: list[float], outcome: str, words: str
) -> None:
    verdict = judge(rows(ae, pca))
    assert verdict.outcome == outcome
    assert words in verdict.sentence


def test_the_verdict_says_whose_map_is_truer() -> None:
    good = [0.001, 0.002, 0.0015], [0.12, 0.13, 0.12]
    assert "Isomap's map is truer" in judge(rows(*good)).sentence
    assert "but Isomap has no way back" in judge(rows(*good)).sentence
    assert "truest" not in judge(rows(*good)).sentence


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"shape": "cube"}, "swiss roll"),
        ({"arms": ["isomap", "ae"]}, "PCA at least"),
        ({"points": 3}, "between 100"),
    ],
)
def test_bad_input_is_one_sentence(data: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        EXPERIMENT.build(data)


def test_the_numeric_answer_is_a_ratio() -> None:
    assert _answer(rows([0.01, 0.03], [0.1, 0.3])) == pytest.approx(10)
    assert _answer(Result(Parameters(), [])) is None


def test_why_is_short() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
