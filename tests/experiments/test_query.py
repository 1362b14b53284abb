"""A person's own image: networks that tasks store, kept by the job, and the answers by hand."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from lab_results import finished_tasks

from aeviz import datasets, limits
from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.errors import UserError
from aeviz.experiments import jobs, stored
from aeviz.experiments.base import Result, Task
from aeviz.experiments.jobs import Job, Status
from aeviz.experiments.query import Respond
from aeviz.experiments.run import Done
from aeviz.experiments.stored import read_corpus
from aeviz.images import decode_sprite
from aeviz.models import library
from aeviz.models.checkpoint import Loaded
from aeviz.nn.model import Autoencoder

TINY: dict[str, dict[str, Any]] = {
    "anomaly": {
        "dataset": "digits",
        "only": 0,
        "networks": "AE,DAE",
        "steps": 60,
        "size": 8,
        "seeds": 2,
    },
    "retrieval": {"dataset": "digits", "sizes": "4,16", "steps": 60, "seeds": 2},
    "denoise-limits": {"dataset": "digits", "amounts": "0,0.3,0.6", "steps": 100, "seeds": 2},
}


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def finished() -> dict[str, dict[str, Done]]:
    """The finished tasks of `TINY` by experiment and key."""
    return finished_tasks(TINY)


def kept(name: str, done: dict[str, Done], monkeypatch: pytest.MonkeyPatch) -> Job:
    """The job of `TINY` with these finished tasks."""
    monkeypatch.setattr(jobs, "_spawn", lambda job: job.write_status(Status(created=time.time())))
    job = jobs.start(name, TINY[name])
    before: dict[str, Done] = {}
    for key, one in done.items():
        before[key] = one
        job.keep(before, one)
    return job


def opened(job: Job) -> tuple[Result, Task, Loaded, Split | None]:
    """What `prepare` takes for the only network of this job."""
    experiment, params = job.experiment()
    ((key, name),) = job.models().items()
    task = next(task for task in experiment.tasks(params) if task.key == key)
    result = job.result()
    assert result is not None
    corpus = read_corpus(library.find(name).path.parent / "corpus.safetensors")
    return result, task, library.load(name), corpus


def responder(job: Job) -> Respond:
    found = job.experiment()[0].query
    assert found is not None
    return found.prepare(*opened(job))


def held_out(job: Job) -> tuple[torch.Tensor, list[str]]:
    """The images of the network's gallery, in [0, 1], and their classes."""
    loaded = opened(job)[2]
    gallery = loaded.gallery
    assert gallery is not None
    images = decode_sprite(gallery.sprite, len(gallery.latents), loaded.model.image_shape)
    return images.float() / 255, [gallery.class_names[int(i)] for i in gallery.labels]


def test_one_network_of_the_first_seed_is_kept(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    anomaly = kept("anomaly", finished["anomaly"], monkeypatch)
    assert anomaly.models() == {"ae-0-0": f"{anomaly.id}.ae-0-0"}
    info = library.find(f"{anomaly.id}.ae-0-0")
    assert (info.display_name, info.latent_dim, info.in_lab) == ("0 is normal", 8, True)
    assert info.name not in [one.name for one in library.models()]
    search = kept("retrieval", finished["retrieval"], monkeypatch)
    assert [*search.models()] == ["ae-16-0"]
    denoiser = kept("denoise-limits", finished["denoise-limits"], monkeypatch)
    assert [*denoiser.models()] == ["denoising-0"]
    assert library.find(f"{denoiser.id}.denoising-0").config.corruption.kind == "gaussian"


@pytest.mark.parametrize(("limit", "value"), [("LAB_STORED", 1000), ("LAB_NETWORKS", 0)])
def test_a_result_keeps_few_networks_and_bytes(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(limits, limit, value)
    job = kept("anomaly", finished["anomaly"], monkeypatch)
    assert job.models() == {}
    assert not (job.folder / "models").exists()
    assert job.result() is not None


@pytest.mark.parametrize("task", ["", ".", "..", "x", "ae-0-0/..", "../ae-0-0"])
def test_other_names_find_no_network(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    job = kept("anomaly", finished["anomaly"], monkeypatch)
    with pytest.raises(UserError):
        library.find(f"{job.id}.{task}")


def test_the_stored_images_are_the_first_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "CORPUS_VALUES", 64 * 5)
    data = datasets.load("digits")
    config = RunConfig(dataset="digits").replace(**{"bottleneck.latent_dim": 3})
    model = Autoencoder(config, (1, 8, 8)).eval()
    made = stored.stored("a network", model, data, corpus=data.train)
    path = tmp_path / "corpus.safetensors"
    path.write_bytes(made.corpus)
    corpus = read_corpus(path)
    assert corpus is not None
    assert torch.equal(corpus.images, data.train.images[:5])
    assert torch.equal(corpus.labels, data.train.labels[:5])
    assert read_corpus(tmp_path / "none") is None
    for damaged in (made.corpus[:-3], b"", made.corpus[:-1] + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            read_corpus(path)


def test_an_anomaly_is_flagged_as_in_the_result(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept("anomaly", finished["anomaly"], monkeypatch)
    result, _, loaded, _ = opened(job)
    respond = responder(job)
    images, labels = held_out(job)
    answers = [respond(x, label) for x, label in zip(images, labels, strict=True)]
    flagged = [answer.headline == "Flagged" for answer in answers]
    of = {"arm": "AE error", "class": "0", "seed": 0}
    for is_normal, measure in ((True, "alarms"), (False, "caught")):
        shown = [f for f, label in zip(flagged, labels, strict=True) if (label == "0") == is_normal]
        # the gallery may lack some test images, and its network is rounded
        assert sum(shown) / len(shown) == pytest.approx(result.of(measure, **of)[0], abs=0.05)
    first = labels.index("0")
    x, answer = images[first], answers[first]
    x_hat = loaded.model.decode(loaded.model.encode(x[None])).clamp(0, 1)
    times = (x - x_hat).square().sum().item() / result.of("threshold", **of)[0]
    assert 0 < times < 31 / 16
    assert f"The error is {times:.2f} times the threshold." in answer.sentence
    assert answer.chart is not None
    (_, (place, _)) = answer.chart.marks(result)
    assert place == pytest.approx(times)
    (_, (place, _)) = respond(1 - x, "").chart.marks(result)  # type: ignore[union-attr]
    assert place == 31 / 16, "in the histogram's last place"
    (shelf,) = answer.shelves
    assert shelf.images.shape == (3, 3, 8, 8)
    assert torch.equal(shelf.images[0], x.expand(3, -1, -1))
    assert shelf.labels[0] == "0, a normal image"
    assert respond(x, "").shelves[0].labels[0] == "this image"


def test_a_blank_image_has_an_answer(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in TINY:
        answer = responder(kept(name, finished[name], monkeypatch))(torch.zeros(1, 8, 8), "")
        assert "nan" not in answer.sentence
        assert all(shelf.images.isfinite().all() for shelf in answer.shelves)


def test_an_image_of_the_collection_is_nearest_to_itself(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept("retrieval", finished["retrieval"], monkeypatch)
    _, _, loaded, corpus = opened(job)
    assert corpus is not None
    assert loaded.gallery is not None
    label = loaded.gallery.class_names[int(corpus.labels[7])]
    x = corpus.images[7].float() / 255
    answer = responder(job)(x, label)
    query_shelf, *shelves = answer.shelves
    assert query_shelf.labels == (label,)
    titles = [shelf.title for shelf in shelves]
    assert titles == [
        "pixels", "PCA", "AE", "PCA bits (median)", "PCA bits (ITQ)", "AE bits (median)",
        "AE bits (ITQ)",
    ]  # fmt: skip
    for shelf in shelves:
        assert len(shelf.labels) == 8
        assert shelf.detail.split(" · ")[1] == f"{shelf.labels.count(label)} of 8 are class {label}"
        right = {place for place in range(8) if shelf.labels[place] == label}
        assert shelf.wrong == set(range(8)) - right
        if "bits" not in shelf.title:
            assert torch.allclose(shelf.images[0], x)
    assert shelves[0].detail.startswith("64 bytes")
    assert shelves[-1].detail.startswith("2 bytes")
    assert f"of {len(corpus):,} images" in answer.sentence
    assert not any(shelf.wrong for shelf in responder(job)(x, "").shelves), "no known class"


def test_a_search_without_its_images_is_one_sentence(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept("retrieval", finished["retrieval"], monkeypatch)
    result, task, loaded, _ = opened(job)
    found = job.experiment()[0].query
    assert found is not None
    with pytest.raises(UserError, match="run it again"):
        found.prepare(result, task, loaded, None)


def test_an_image_is_restored_as_it_is_and_with_each_amount_of_noise(
    finished: dict[str, dict[str, Done]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept("denoise-limits", finished["denoise-limits"], monkeypatch)
    _, _, loaded, _ = opened(job)
    images, labels = held_out(job)
    x = images[0]
    answer = responder(job)(x, labels[0])
    large, noisy, denoised, filtered = answer.shelves
    x_hat = loaded.model.decode(loaded.model.encode(x[None])).clamp(0, 1)[0]
    assert torch.allclose(large.images[1], x_hat, atol=1e-6)
    assert torch.allclose(2 * large.images[2] - 1, x_hat - x, atol=1e-6)
    assert large.labels[0] == labels[0]
    assert torch.equal(noisy.images[0], x), "no noise"
    assert [label.split("\n")[0] for label in noisy.labels] == ["0 %", "30 %", "60 %"]
    assert noisy.labels[0].endswith("∞")
    for shelf in (noisy, denoised, filtered):
        for place, label in enumerate(shelf.labels):
            error = (shelf.images[place] - x).square().mean().item()
            if error:
                assert label.split("\n")[-1] == f"{-10 * math.log10(error):.1f}"
    gains = [
        float(after) - float(before.split("\n")[1].replace("∞", "inf"))
        for before, after in zip(noisy.labels, denoised.labels, strict=True)
    ]
    assert f"at {sum(gain > 0 for gain in gains)} of 3 amounts of noise" in answer.sentence
    assert max(gains) > 1
    assert "unlike" not in answer.note
    assert "unlike" in responder(job)(1 - x, "").note
