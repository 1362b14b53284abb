"""Data sets that an experiment cannot use are refused with one sentence before it starts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from aeviz import datasets
from aeviz.datasets import Source
from aeviz.errors import UserError
from aeviz.experiments import table
from aeviz.experiments.base import Experiment

WITH_DATA = [name for name in table.MODULES if hasattr(table.find(name).build({}), "dataset")]


def refusal(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch, **changes: Any
) -> UserError | None:
    """What is said of the experiment's usual data set if it had these properties."""
    usual = experiment.build({})
    find = datasets.find

    def changed(name: str) -> Source:
        source = find(name)
        return dataclasses.replace(source, **changes) if name == usual.dataset else source

    monkeypatch.setattr(datasets, "find", changed)
    try:
        experiment.build({})
    except UserError as error:
        return error
    finally:
        monkeypatch.undo()
    return None


@pytest.mark.parametrize("name", WITH_DATA)
def test_three_images_are_too_few(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = str(refusal(table.find(name), monkeypatch, counts=(1, 1, 1)))
    assert "images" in said
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize("name", WITH_DATA)
def test_one_class_is_refused_if_labels_are_needed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = table.find(name)
    said = refusal(experiment, monkeypatch, class_names=("only",))
    assert (said is not None) == bool({"labels"} & experiment.needs)
    if said is not None:
        assert "two or more classes" in str(said)


@pytest.mark.parametrize("name", WITH_DATA)
def test_factors_are_needed_for_some(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = table.find(name)
    said = refusal(experiment, monkeypatch, factor_names=())
    assert (said is not None) == ("factors" in experiment.needs)


@pytest.mark.parametrize("name", WITH_DATA)
def test_a_code_may_not_be_wider_than_allowed(name: str) -> None:
    experiment = table.find(name)
    wide = {"size": 10**6} if hasattr(experiment.build({}), "size") else {"sizes": [10**6]}
    if not hasattr(experiment.build({}), next(iter(wide))):
        pytest.skip("the code has a fixed size")
    with pytest.raises(UserError) as error:
        experiment.build(wide)
    assert str(error.value).count("\n") == 0
