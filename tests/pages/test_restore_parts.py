"""The Restore page's two views, and the parts of the second one, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_tools import again, html, links, press, run
from small_models import digits, identity_model, pca_denoiser, save
from streamlit.testing.v1 import AppTest

from aeviz.experiments import table
from aeviz.restoration.denoising_demo import run_trial
from aeviz.ui.restore.denoise_views import IN_LAB


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two bundled models of one data set: one trained to denoise, one that copies."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    save(tmp_path / "copy.safetensors", identity_model(type="linear"))
    save(tmp_path / "pca.safetensors", pca_denoiser())
    return tmp_path


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
    shown = {"try": "aeviz-verdict", "kinds": "aeviz-kinds"}
    for part in shown:
        app = run("restore", model="pca", part=part)
        assert [name for name, testid in shown.items() if html(app, testid)] == [part]


@pytest.mark.parametrize("part", IN_LAB)
def test_an_old_link_to_a_part_that_is_now_in_the_lab_leads_there(models: Path, part: str) -> None:
    app = run("restore", model="pca", part=part)
    assert html(app, "aeviz-verdict")
    assert any("now an experiment of the Lab" in text.value for text in app.markdown)
    experiment, label = IN_LAB[part]
    assert links(app)[label] == f"experiment={experiment}"


def test_the_links_lead_to_experiments_of_the_lab(models: Path) -> None:
    found = links(run("restore", view="small"))
    for experiment, label in IN_LAB.values():
        assert experiment in table.MODULES
        assert found[label] == f"experiment={experiment}"
    assert not any(label in links(run("restore")) for _, label in IN_LAB.values())


def test_a_model_without_images_is_tested_on_photographs(models: Path) -> None:
    save(models / "bare.safetensors", pca_denoiser(), gallery=False)
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


def test_the_gain_on_each_kind_is_said_in_a_sentence(models: Path) -> None:
    app = run("restore", model="pca", part="kinds")
    said = next(text.value for text in app.markdown if "changes the PSNR" in text.value)
    shown = re.findall(r"[+−][\d.]+ dB", words(html(app, "aeviz-kinds")))
    assert re.findall(r"[+−][\d.]+ dB", said) == shown
    assert len(shown) == 2
