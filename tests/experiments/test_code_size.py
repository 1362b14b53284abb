"""How small may the code be: the tasks end to end, PCA by hand, and the verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.experiments import document, fitting, parameters, run, table
from aeviz.experiments.base import Result, Row
from aeviz.experiments.code_size import EXPERIMENT
from aeviz.experiments.code_size.arms import components_of, config, pca_numbers
from aeviz.experiments.code_size.parameters import ARMS, Parameters
from aeviz.experiments.code_size.tasks import work
from aeviz.experiments.fitting import pixels

TINY = {
    "dataset": "digits",
    "sizes": "2,8",
    "arms": "pca,linear,dense,vae",
    "seeds": 2,
    "steps": 30,
}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("code-size", data, EXPERIMENT.tasks(found))}
    return run.assemble("code-size", found, done)


def test_every_arm_size_and_seed_is_a_row(result: Result) -> None:
    assert result.complete
    assert len(result.of("mse", arm="PCA")) == 2
    for arm in ("linear", "dense", "VAE"):
        for size in (2, 8):
            assert len(set(result.of("mse", arm=arm, size=size))) == 2
    assert all(0 <= value <= 1 for value in result.of("knn") + result.of("probe"))
    assert EXPERIMENT.judge(result).sentence


def test_pcas_rows_are_pcas_error(result: Result) -> None:
    dataset = datasets.load("digits")
    for size in (2, 8):
        exact = metrics.pca_error(pixels(dataset.train), pixels(dataset.test), size)
        # clipping to [0, 1] can only help
        assert exact * 0.9 < result.of("mse", arm="PCA", size=size)[0] <= exact + 1e-6


def test_the_number_of_components_that_an_error_is_worth(result: Result) -> None:
    dataset = datasets.load("digits")
    two, eight = (result.of("mse", arm="PCA", size=size)[0] for size in (2, 8))
    assert pca_numbers(dataset, eight + 1e-7) == 8
    assert pca_numbers(dataset, eight - 1e-7) == 9
    assert pca_numbers(dataset, two + 1e-7) == 2
    assert pca_numbers(dataset, two - 1e-7) == 3
    assert pca_numbers(dataset, 1.0) == 0
    assert pca_numbers(dataset, -1.0) == components_of(dataset)[1].shape[1] + 1


def test_the_verdict_says_what_more_numbers_change() -> None:
    found = rows(0.016, [0.010, 0.0101, 0.0099], 0.05)
    for row in found.rows:
        row["knn"] = 0.9 + 0.01 * int(row["seed"])
    wide = [row | {"size": 1024, "mse": 0.001} for row in found.rows if row["size"] == 32]
    sentence = EXPERIMENT.judge(Result(Parameters(), [*found.rows, *wide])).sentence
    assert "With 32 and 1,024 numbers its error is 0.01 and 0.001: it falls." in sentence
    assert "neighbours is 0.91 and 0.91: it does not clearly rise." in sentence
    assert "neighbours" not in EXPERIMENT.judge(found).sentence


def test_the_same_seed_gives_the_same_row(result: Result) -> None:
    found = EXPERIMENT.build(TINY)
    task = next(task for task in EXPERIMENT.tasks(found) if task.key == "dense-8-1")
    fitting._trained.clear()
    assert work(found, task).rows[0]["mse"] == pytest.approx(
        result.of("mse", arm="dense", size=8)[1], rel=1e-4
    )


@pytest.mark.parametrize("arm", [arm for arm in ARMS if arm != "pca"])
def test_every_network_has_settings(arm: str) -> None:
    found = config(arm, "digits", 8)
    assert found.bottleneck.latent_dim == 8
    assert found.network.kind == ("conv" if arm == "conv" else "dense")


@pytest.mark.parametrize("arm", ["dense", "vae"])
def test_a_large_network_has_two_hidden_layers(arm: str) -> None:
    large = config(arm, "digits", 8, "large")
    assert large.network.hidden == (512, 256)
    hidden = {"network.hidden": config(arm, "digits", 8).network.hidden}
    assert large.replace(**hidden) == config(arm, "digits", 8)


def rows(pca: float, dense: list[float], smallest: float) -> Result:
    made: list[Row] = [
        {"arm": "PCA", "size": 2, "seed": 0, "mse": 0.06},
        {"arm": "PCA", "size": 32, "seed": 0, "mse": pca},
    ]
    for seed, mse in enumerate(dense):
        for size, value in ((2, smallest), (32, mse)):
            made.append(
                {"arm": "dense", "size": size, "seed": seed, "mse": value, "pca_numbers": 60}
            )
    return Result(Parameters(), made)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (rows(0.016, [0.010, 0.0101, 0.0099], 0.05), "holds"),
        (rows(0.016, [0.020, 0.0201, 0.0199], 0.05), "fails"),
        (rows(0.016, [0.010, 0.022, 0.016], 0.05), "open"),
        (rows(0.016, [0.010], 0.05), "open"),
        (rows(0.016, [0.010, 0.0101, 0.0099], 0.009), "open"),  # a smaller code loses less
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    assert EXPERIMENT.judge(found).outcome == outcome


def test_other_sizes_than_the_claims_are_open() -> None:
    found = rows(0.016, [0.010, 0.0101, 0.0099], 0.05)
    small = [{**row, "size": {2: 1, 32: 2}[int(row["size"])]} for row in found.rows]
    verdict = EXPERIMENT.judge(Result(Parameters(sizes=(1, 2)), small))
    assert verdict.outcome == "open"
    assert "The claim is about 32 numbers" in verdict.sentence
    one = [row for row in found.rows if row["size"] == 32]
    verdict = EXPERIMENT.judge(Result(Parameters(sizes=(32,)), one))
    assert verdict.outcome == "open"
    assert "takes two code sizes" in verdict.sentence


def test_a_result_without_networks_is_open() -> None:
    assert EXPERIMENT.judge(Result(Parameters(), [])).outcome == "open"
    assert EXPERIMENT.judge(Result(Parameters(), rows(0.1, [], 0.1).rows)).outcome == "open"


@pytest.mark.parametrize(
    "data", [{"arms": "dense"}, {"arms": "pca"}, {"dataset": "digits", "sizes": "500"}]
)
def test_questions_without_an_answer_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)


def test_the_document_holds_what_repeats_it(result: Result) -> None:
    written = json.loads(json.dumps(document.document(EXPERIMENT, result, 1.5)))
    assert EXPERIMENT.build(written["parameters"]) == result.parameters
    assert written["rows"] == result.rows
    assert "per pixel" in written["columns"]["mse"]
    assert "--set dataset=digits" in written["command"]
    lines = document.as_csv(result).splitlines()
    assert len(lines) == len(result.rows) + 1
    book = json.loads(document.notebook(EXPERIMENT, result.parameters))
    assert {cell["cell_type"] for cell in book["cells"]} == {"markdown", "code"}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), "cell", "exec")


def test_a_reference_result_is_read_back(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    document.reference.cache_clear()
    assert document.reference(EXPERIMENT) is None
    document.reference.cache_clear()
    (tmp_path / "lab").mkdir()
    written = json.dumps(document.document(EXPERIMENT, result, 1.5))
    (tmp_path / "lab" / "code-size.json").write_text(written)
    known = document.reference(EXPERIMENT)
    document.reference.cache_clear()
    assert known is not None
    assert known.result.rows == result.rows
    assert known.seconds == 1.5


def test_the_table_names_what_is_there() -> None:
    for name, experiment in table.experiments().items():
        assert experiment.name == name
        assert len(experiment.why.split()) <= 60
        assert len(experiment.questions) == 3
        experiment.build(experiment.break_it.changes)
        found = experiment.build({})
        keys = [task.key for task in experiment.tasks(found)]
        assert len(set(keys)) == len(keys)
    with pytest.raises(UserError):
        table.find("none")


def test_there_is_no_verdict_before_the_end(result: Result) -> None:
    part = Result(result.parameters, result.rows[:1], complete=False)
    assert EXPERIMENT.verdict(part).outcome == "open"
    assert EXPERIMENT.verdict(result) == EXPERIMENT.judge(result)


def test_pictures_are_strips_of_images() -> None:
    from aeviz.experiments.pictures import grid, strip
    from aeviz.images import decode

    images = torch.stack([torch.full((1, 2, 3), value) for value in (0.0, 1.0, 0.2)])
    pixels = decode(strip(images)).pixels
    assert pixels.shape[:2] == (2, 11)
    assert (pixels[0, 0, 0], pixels[0, 4, 0]) == (0, 255)
    assert decode(grid(images, 2)).pixels.shape[:2] == (5, 7)
