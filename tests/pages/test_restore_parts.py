"""The Restore page's two views, and the experiments with small denoisers, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from page_tools import again, html, press, run
from small_models import digits, identity_model, pca_denoiser, save
from streamlit.testing.v1 import AppTest

from aeviz.experiments import toy_manifold
from aeviz.experiments.denoising_demo import run_trial
from aeviz.experiments.noise_sweep import AMOUNTS, NOISY
from aeviz.models import library
from aeviz.ui.restore.denoise_sweep import rivals


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two bundled models of one data set: one trained to denoise, one that copies."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    save(tmp_path / "copy.safetensors", identity_model(type="linear"))
    save(tmp_path / "pca.safetensors", pca_denoiser())
    return tmp_path


def figure(app: AppTest, testid: str) -> dict[str, Any]:
    """The Plotly figure of the chart with this key."""
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(f"-{testid}"):  # type: ignore[attr-defined]
            figure: dict[str, Any] = json.loads(element.proto.json)["figure"]  # type: ignore[attr-defined]
            return figure
    raise AssertionError(f"no chart {testid}")


def view(app: AppTest) -> str:
    return str(next(group for group in app.button_group if group.key == "restore-view").value)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize(
    "query", [{"view": "small"}, {"model": "pca"}, {"model": "deleted"}, {"model": "copy"}]
)
def test_a_link_to_a_small_model_opens_the_small_view(models: Path, query: dict[str, str]) -> None:
    app = run("restore", **query)
    assert view(app) == "small"
    assert html(app, "aeviz-verdict")


def test_an_address_that_means_nothing_is_no_error(models: Path) -> None:
    app = run("restore", model="pca", view="nothing", part="nothing")
    assert html(app, "aeviz-verdict")


def test_each_part_has_an_address_and_draws_nothing_of_the_others(models: Path) -> None:
    shown = {
        "try": "aeviz-verdict", "limits": "aeviz-sweep", "kinds": "aeviz-kinds",
        "why": "aeviz-manifold-figures",
    }  # fmt: skip
    for part in shown:
        app = run("restore", model="pca", part=part)
        assert [name for name, testid in shown.items() if html(app, testid)] == [part]


def test_the_strip_goes_from_no_noise_to_all_of_it(models: Path) -> None:
    app = run("restore", model="pca", part="limits")
    strip = html(app, "aeviz-sweep")
    assert strip.count("<img") == 22
    captions = re.findall(r'av-caption">(\d+) %', strip)
    assert captions == [str(10 * i) for i in range(11)]
    assert here(strip) == "30"
    app.slider[0].set_value(85)
    assert here(html(again(app), "aeviz-sweep")) in {"80", "90"}


def here(strip: str) -> str:
    """The amount of the strip's marked column."""
    return re.findall(r'av-caption">(\d+) %', strip.partition("av-here")[2])[0]


def test_another_image_is_another_image(models: Path) -> None:
    app = run("restore", model="pca", part="limits")
    before = html(app, "aeviz-sweep")
    next(button for button in app.button if button.label == "Another image").click()
    after = html(again(app), "aeviz-sweep")
    assert before.count("<img") == after.count("<img")
    assert before != after


def test_the_curves_are_those_of_every_model_and_the_slider_is_marked(models: Path) -> None:
    app = run("restore", model="pca", part="limits")
    psnr = figure(app, "aeviz-sweep-psnr")
    lines = {trace["name"]: trace for trace in psnr["data"] if trace["mode"] == "lines"}
    assert set(lines) == {"pca", "copy", "median 3×3", NOISY}
    # 300 images in the gallery: half of them are measured, in the gallery's order.
    x = (digits()[0][-300:] * 255).round()[:150] / 255
    trial = run_trial(pca_denoiser(), x, "gaussian", 0, seed=0)
    assert lines["pca"]["y"][0] == pytest.approx(trial.restored.mean_psnr, abs=1e-3)
    assert lines["copy"]["y"] == pytest.approx(lines[NOISY]["y"], abs=1e-3)
    assert lines["pca"]["x"] == list(AMOUNTS)
    assert psnr["layout"]["shapes"][1]["x0"] == 0.3


def test_the_table_says_where_each_gives_up_and_a_copy_never_helps(models: Path) -> None:
    app = run("restore", model="pca", part="limits")
    rows = html(app, "aeviz-limits").split("<tr")[2:]
    texts = {words(row).split(">")[-1].split()[0]: words(row) for row in rows}
    assert set(texts) == {"pca", "copy", "median", "noisy"}
    assert re.search(r"pca \d+ % ", texts["pca"])
    assert "copy never" in texts["copy"]
    shown = [p.value for p in app.markdown if p.value.startswith("**pca** helps from")]
    helps = re.search(r"pca (\d+ %)", texts["pca"])
    assert helps is not None
    assert helps[1] in shown[0]


def test_a_model_without_images_says_so(models: Path) -> None:
    save(models / "bare.safetensors", pca_denoiser(), gallery=False)
    assert "too few test images" in run("restore", model="bare", part="limits").info[0].value
    kinds = html(run("restore", model="bare", part="kinds"), "aeviz-kinds")
    assert "Photographs" in kinds


def test_other_kinds_have_the_figures_of_a_trial_and_photographs_are_warned_of(
    models: Path,
) -> None:
    app = run("restore", model="pca", part="kinds")
    text = words(html(app, "aeviz-kinds"))
    x = (digits()[0][-300:] * 255).round()[:200] / 255
    trial = run_trial(pca_denoiser(), x, "gaussian", 0.2, seed=0)
    assert f"{trial.noisy.mean_psnr:.1f} dB" in text
    assert f"{trial.restored.mean_psnr:.1f} dB" in text
    own, photographs = (int(share) for share in re.findall(r"flagged: (\d+) %", text))
    assert own <= 10
    assert photographs > own
    assert html(app, "aeviz-kinds").count("<img") == 2 * 3 * 4


def test_where_no_model_denoises_the_copy_is_shown(models: Path) -> None:
    (models / "pca.safetensors").unlink()
    assert "Restored by copy" in html(run("restore", view="small", part="kinds"), "aeviz-kinds")


def test_kind_and_amount_of_the_other_kinds_change_the_table(models: Path) -> None:
    app = run("restore", model="pca", part="kinds")
    seen = {html(app, "aeviz-kinds")}
    seen.add(html(press(app, "kinds-noise-pca", "masking"), "aeviz-kinds"))
    app.slider[0].set_value(60)
    seen.add(html(again(app), "aeviz-kinds"))
    next(button for button in app.button if button.label == "New noise").click()
    seen.add(html(again(app), "aeviz-kinds"))
    assert len(seen) == 4


def test_the_blob_is_reckoned_by_hand(models: Path) -> None:
    app = press(run("restore", view="small", part="why"), "toy-shape", "blob")
    text = words(html(app, "aeviz-manifold-figures"))
    found = re.search(r"Measured factor ([\d.]+) .* Best factor ([\d.]+)", text)
    assert found is not None
    assert found[2] == "0.900"  # 0.36 / (0.36 + 0.04)
    assert float(found[1]) == pytest.approx(0.9, abs=0.03)


def test_the_arrows_lead_from_noisy_points_to_the_line(models: Path) -> None:
    app = press(run("restore", view="small", part="why"), "toy-shape", "circle")
    traces = {trace["name"]: trace for trace in figure(app, "aeviz-manifold")["data"]}
    arrows = torch.tensor(
        [
            [v if v is not None else float("nan") for v in traces["restored"][side]]
            for side in ("x", "y")
        ]
    ).T.reshape(-1, 3, 2)
    starts, ends = arrows[:, 0], arrows[:, 1]
    assert torch.allclose(starts[:, 0], torch.tensor(traces["noisy"]["x"]))
    away = toy_manifold.distance("circle", ends).mean()
    assert away < 0.5 * toy_manifold.distance("circle", starts).mean()
    assert arrows[:, 2].isnan().all()


def test_a_copy_is_said_to_help_at_no_amount(models: Path) -> None:
    app = run("restore", model="copy", part="limits")
    assert any("is never closer" in text.value for text in app.markdown)


def test_rivals_are_bundled_and_of_the_same_images(models: Path) -> None:
    save(models / "clothes.safetensors", identity_model(dataset="fashion-mnist", type="linear"))
    save(models / "runs" / "mine" / "model.safetensors", pca_denoiser())
    names = {info.name: info for info in library.models()}
    assert [one.name for one in rivals(names["pca"])] == ["pca", "copy"]
    assert [one.name for one in rivals(names["mine"])] == ["mine", "pca", "copy"]
    assert [one.name for one in rivals(names["clothes"])] == ["clothes"]


def test_the_gain_on_each_kind_is_said_in_a_sentence(models: Path) -> None:
    app = run("restore", model="pca", part="kinds")
    said = next(text.value for text in app.markdown if "changes the PSNR" in text.value)
    shown = re.findall(r"[+−][\d.]+ dB", words(html(app, "aeviz-kinds")))
    assert re.findall(r"[+−][\d.]+ dB", said) == shown
    assert len(shown) == 2
