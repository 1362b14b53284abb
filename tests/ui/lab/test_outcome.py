"""The outcome of an experiment: how it differs from the reference result."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from aeviz.experiments import table
from aeviz.experiments.base import Picture, Result
from aeviz.experiments.document import Reference
from aeviz.ui.lab import outcome

CODE_SIZE = table.find("code-size")


def result(**changes: object) -> Result:
    return Result(CODE_SIZE.build(changes), [])


def test_another_verdict_names_the_settings_that_differ() -> None:
    known = Reference(result(dataset="mnist", steps=4000), [], 1.0, "CPU")
    text = outcome._differences(CODE_SIZE, result(steps=20), known)
    assert "Data set mnist (here mnist-5k); Training steps 4000 (here 20)." in text
    assert "Seeds" not in text


def test_another_verdict_with_the_same_settings_is_up_to_computer_or_version() -> None:
    known = Reference(result(), [], 1.0, "CPU")
    assert "computer or the version" in outcome._differences(CODE_SIZE, result(), known)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("likelihood", {}, ""),
        ("likelihood", {"dataset": "mnist", "steps": 30}, ""),
        ("likelihood", {"pixels": "grey"}, "Pixels drawn (here grey)"),
        ("likelihood", {"dataset": "digits"}, "Data set mnist (here digits)"),
        ("anomaly", {"setup": "one-anomalous", "only": 1}, "Class -1 (here 1)"),
        ("compression", {"tested": "inverted"}, "Tested on own (here inverted)"),
        ("points-3d", {"shape": "torus"}, "Shape s-curve (here torus)"),
        ("denoise-manifold", {"shape": "spiral"}, "Data circle (here spiral)"),
        ("capacity", {"dataset": "digits"}, "Data set mnist (here digits)"),
    ],
)
def test_a_reference_about_another_question_is_not_shown(
    name: str, changes: dict[str, object], said: str
) -> None:
    experiment = table.find(name)
    one = Result(experiment.build(changes), [])
    sentence = outcome._other_question(experiment, one)
    assert said in sentence
    assert bool(sentence) == bool(said)
    if said:
        assert outcome._comparable(experiment, one.parameters) is None


@pytest.mark.parametrize(("width", "square"), [(28, True), (30, True), (200, False), (10, False)])
def test_a_square_is_not_a_strip(width: int, square: bool) -> None:
    file = io.BytesIO()
    Image.new("L", (width, 28)).save(file, "PNG")
    assert outcome._is_square(file.getvalue()) == square


def test_pictures_of_a_group_stay_together_in_the_order_of_their_numbers() -> None:
    shown = {
        "a": Picture("originals"),
        "b": Picture("PCA, 128 bits", group="At most 128 bits"),
        "c": Picture("digits, 64 bits", group="trained on digits"),
        "d": Picture("noise, 64 bits", group="trained on digits"),
        "e": Picture("VAE, 64 bits", group="At most 64 bits"),
        "f": Picture("PCA, 63 bits", group="At most 64 bits"),
    }
    assert "".join(name for name, _ in outcome._arranged(shown)) == "afebcd"


@pytest.mark.parametrize(
    ("group", "caption", "shown"),
    [
        ("50 % noise", "PCA, 50 % noise", "PCA"),
        ("PCA", "PCA, 2 numbers", "2 numbers"),
        ("PCA", "PCA", "PCA"),
        ("", "originals", "originals"),
    ],
)
def test_a_caption_does_not_repeat_its_group(group: str, caption: str, shown: str) -> None:
    assert outcome._without(group, caption) == shown


def test_arms_that_differ_after_the_plus_share_a_link() -> None:
    ae, vae, wide = {"type": "standard"}, {"type": "vae"}, {"type": "standard", "latent_dim": "64"}
    links = {"AE + k-means": ae, "AE + HDBSCAN": ae, "VAE + k-means": vae}
    assert outcome._by_network(links) == {"AE": ae, "VAE": vae}
    assert [*outcome._by_network({"AE + k-means": ae, "AE + mixture": wide})] == [
        "AE + k-means",
        "AE + mixture",
    ]
