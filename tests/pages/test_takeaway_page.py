"""The page's part without a browser: settings filled in by a link, and the menu of a run."""

from __future__ import annotations

import pytest
from page_tools import data, open_train

from aeviz.config import RunConfig
from aeviz.export import config_link
from aeviz.models import checkpoint
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS, settings_for
from aeviz.runs import store
from aeviz.runs.store import Status

HARD: dict[str, dict[str, object]] = {
    # a value that the control does not offer by itself, and settings that have no control
    "vae": {"loss.beta": 33.0, "network.init": "glorot", "loss.reconstruction": "log-mse"},
    "sparse-kl": {"loss.rho": 0.9, "network.hidden": [40, 30], "training.lr": 3e-4},
    "denoising": {"dataset": "digits", "corruption.kind": "none", "network.channels": [4]},
}


@pytest.mark.parametrize("name", HARD)
def test_a_link_fills_in_the_settings(name: str, started: list[RunConfig]) -> None:
    config = PRESETS[name].config.replace(**HARD[name])
    app = open_train(**config_link.query(config))
    assert not app.warning
    assert not app.error
    assert app.selectbox(key="train-type").value == name
    assert app.selectbox(key="train-dataset").value == config.dataset
    app.button(key="train-start").click().run()
    assert not app.exception
    assert started == [config]
    assert list(app.query_params) == ["run"]


def test_settings_can_be_changed_after_a_link(started: list[RunConfig]) -> None:
    config = PRESETS["vae"].config.replace(**{"bottleneck.latent_dim": 2})
    app = open_train(**config_link.query(config))
    code = next(field for field in app.number_input if field.label == "Code size")
    assert code.value == 2
    code.set_value(5).run()
    app.selectbox(key="train-dataset").set_value("digits").run()
    app.button(key="train-start").click().run()
    there = settings_for("vae", "digits")  # of other data than the link's, the length too
    assert started == [there.replace(**{"bottleneck.latent_dim": 5})]


def test_the_settings_can_be_shared_before_a_run() -> None:
    app = open_train(type="vae", **{"bottleneck.latent_dim": "2"})
    assert str(data(app, "aeviz-settings-link")["link"]).endswith(
        "?type=vae&bottleneck.latent_dim=2"
    )
    next(field for field in app.number_input if field.label == "Code size").set_value(3).run()
    assert "bottleneck.latent_dim=3" in str(data(app, "aeviz-settings-link")["link"])


def test_a_bad_link_is_one_sentence_and_the_page_works() -> None:
    app = open_train(type="vae", **{"bottleneck.latent_dim": "-1"})
    assert len(app.warning) == 1
    assert "cannot be used. **Code size:** " in app.warning[0].value
    assert not app.button(key="train-start").disabled


def test_a_finished_run_can_be_taken_along() -> None:
    config = settings_for("vae", "digits").replace(
        **{"network.hidden": [8], "bottleneck.latent_dim": 2}
    )
    run = store.create(config)
    checkpoint.save(run.model_path, Autoencoder(config, (1, 8, 8)), {}, None)
    run.write_status(Status("done"))
    app = open_train(run=run.id)
    labels = [item.proto.label for item in app.get("download_button")]
    wanted = ["Model file", "Python script", "ONNX encoder", "ONNX decoder", "TensorBoard events"]
    assert labels[-5:] == wanted
    written = next(item.value for item in app.code)
    assert written.endswith("?type=vae&dataset=digits&network.hidden=8&bottleneck.latent_dim=2")
