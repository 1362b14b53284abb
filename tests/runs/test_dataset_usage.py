"""A data set of own images is not removed while a run uses it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.datasets import custom, custom_images
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.runs import dataset_usage, store

ADA, BOB = Person("a" * 32), Person("b" * 32)
ABOUT = {"class_names": ("a", "b")}


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data set of 30 images, and an empty folder of runs."""
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    images = torch.arange(30, dtype=torch.uint8).view(30, 1, 1, 1).expand(30, 1, 16, 16)
    return custom_images.keep("Thirty", images, torch.arange(30) % 2, ABOUT, ADA.owner)


def test_it_stays_while_a_run_waits_for_it_and_goes_when_that_is_over(name: str) -> None:
    run = store.create(RunConfig(dataset=name))
    with pytest.raises(UserError, match="stop it first"):
        dataset_usage.remove(name, ADA)
    assert custom.source(name) is not None
    run.write_status(dataclasses.replace(run.status, phase="stopped"))
    dataset_usage.remove(name, ADA)
    assert custom.source(name) is None


def test_runs_on_other_data_do_not_hold_it(name: str) -> None:
    store.create(RunConfig(dataset="digits"))
    dataset_usage.remove(name, ADA)
    assert custom.source(name) is None


def test_one_that_is_not_there_is_a_sentence(name: str) -> None:
    dataset_usage.remove(name, ADA)
    with pytest.raises(UserError, match="no longer on this server"):
        dataset_usage.remove(name, ADA)


def test_only_who_made_it_and_the_teacher_remove_it(name: str) -> None:
    assert custom.owner(name) == ADA.owner
    for stranger in (BOB, Person()):
        with pytest.raises(UserError, match="somebody else"):
            dataset_usage.remove(name, stranger)
    assert custom.source(name) is not None
    dataset_usage.remove(name, Person(local=True))
    assert custom.source(name) is None


def test_one_of_nobodys_is_the_machines(name: str) -> None:
    images = torch.zeros(30, 1, 16, 16, dtype=torch.uint8)
    other = custom_images.keep("From before", images, torch.arange(30) % 2, ABOUT)
    with pytest.raises(UserError, match="somebody else"):
        dataset_usage.remove(other, ADA)
    dataset_usage.remove(other, Person(BOB.owner, code=True))
    assert custom.source(other) is None
