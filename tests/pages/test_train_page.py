"""The Train page without a browser."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from page_tools import open_train
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from aeviz.config import RunConfig
from aeviz.datasets import DATASETS
from aeviz.io import locks
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import maps, queue, store, worker
from aeviz.runs.store import Run, Status
from aeviz.ui.runs import actions, run_list
from aeviz.ui.train import settings

SECONDS = 60


def check(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def button(app: AppTest, label: str) -> Button:
    return next(item for item in app.button if item.label == label)


def shown(app: AppTest) -> str:
    """The run in the address."""
    value = app.query_params["run"]
    return value if isinstance(value, str) else value[0]


def set_type(app: AppTest, name: str) -> None:
    check(app.selectbox(key="train-type").set_value(name).run())


def test_it_opens_ready_to_train() -> None:
    app = open_train()
    assert [title.value for title in app.title] == ["Train"]
    assert not app.error
    assert not button(app, "Train").disabled
    assert app.selectbox(key="train-dataset").value == "mnist-5k"
    texts = " ".join(item.value for item in app.caption)
    assert PRESETS["standard"].idea in texts


def test_every_control_says_what_it_does() -> None:
    app = open_train()
    set_type(app, "denoising")
    widgets = [*app.selectbox, *app.number_input, *app.slider, *app.select_slider, *app.text_input]
    assert len(widgets) > 20
    for widget in widgets:
        assert widget.help, widget.label
        assert widget.label, widget.key


def test_sets_that_need_a_download_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_DATA", str(tmp_path / "nothing"))
    options = open_train().selectbox(key="train-dataset").options
    assert len(options) == len(DATASETS)
    for title, source in zip(options, DATASETS.values(), strict=True):
        assert ("downloads first" in title) == source.network


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_fills_the_controls_and_starts_as_it_is(
    name: str, started: list[RunConfig]
) -> None:
    app = open_train()
    set_type(app, name)
    check(button(app, "Train").click().run())
    preset = PRESETS[name].config
    assert started == [preset]
    assert shown(app) == store.runs()[0].id


def test_changes_reach_the_configuration(started: list[RunConfig]) -> None:
    app = open_train()
    set_type(app, "sparse-kl")
    app.number_input(key="train-sparse-kl-bottleneck.latent_dim").set_value(50)
    app.number_input(key="train-sparse-kl-network.hidden-count").set_value(2)
    app.number_input(key="train-sparse-kl-training.epochs").set_value(3)
    app.slider(key="train-sparse-kl-loss.rho").set_value(0.2)
    app.select_slider(key="train-sparse-kl-loss.weight").set_value(2.0)
    app.selectbox(key="train-dataset").set_value("digits")
    app.text_input(key="train-sparse-kl-name").set_value("Mine")
    check(app.run())
    app.number_input(key="train-sparse-kl-network.hidden-1").set_value(30)
    check(app.run())
    check(button(app, "Train").click().run())
    assert started == [
        PRESETS["sparse-kl"].config.replace(
            **{
                "name": "Mine",
                "dataset": "digits",
                "bottleneck.latent_dim": 50,
                "network.hidden": [256, 30],
                "training.epochs": 3,
                "loss.rho": 0.2,
                "loss.weight": 2.0,
            }
        )
    ]


def test_too_few_steps_to_learn_much_give_a_hint() -> None:
    def hints() -> list[str]:
        return [item.value for item in app.caption if "training steps in total" in item.value]

    app = open_train()
    assert not hints()
    app.selectbox(key="train-dataset").set_value("digits")
    app.number_input(key="train-standard-training.epochs").set_value(3)
    check(app.run())
    images = DATASETS["digits"].counts[0]
    steps = 3 * -(-images // PRESETS["standard"].config.training.batch_size)
    assert [f"{steps} training steps" in text for text in hints()] == [True]


def test_a_double_click_starts_one_run(started: list[RunConfig]) -> None:
    app = open_train()
    check(button(app, "Train").click().run())
    check(button(app, "Train").click().run())
    assert len(started) == 1
    check(app.run())
    assert len(started) == 1


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "bottleneck.latent_dim",
            0,
            "**Code size:** The value must be between 1 and 4096; it is 0",
        ),
        ("bottleneck.latent_dim", -3, "**Code size:**"),
        ("training.epochs", 0, "**Epochs:**"),
        ("training.batch_size", 0, "**Batch size:**"),
        ("training.lr", 0.0, "**Learning rate:**"),
        ("training.seed", -1, "**Seed:**"),
        ("network.hidden-0", 0, "**Nodes:** Each width must be between 1 and 8192"),
        ("network.hidden-0", 9000, "**Nodes:**"),
        ("network.hidden-count", 13, "hidden layers must be between 0 and 12"),
        ("network.hidden-count", 10**9, "hidden layers must be between 0 and 12"),
        ("network.hidden-count", -1, "hidden layers must be between 0 and 12"),
    ],
)
def test_a_value_out_of_range_is_a_sentence_and_disables_train(
    key: str, value: float, sentence: str
) -> None:
    app = open_train()
    app.number_input(key=f"train-standard-{key}").set_value(value)
    check(app.run())
    assert len(app.error) == 1
    assert sentence in app.error[0].value
    assert button(app, "Train").disabled


def test_a_combination_that_does_not_fit_is_a_sentence() -> None:
    app = open_train()
    set_type(app, "linear")
    app.selectbox(key="train-linear-loss.reconstruction").set_value("bce")
    check(app.run())
    assert app.error[0].value.startswith("**Output layer:** ")
    assert button(app, "Train").disabled


def test_a_conv_network_too_deep_for_its_images_is_a_sentence() -> None:
    app = open_train()
    set_type(app, "convolutional")
    app.selectbox(key="train-dataset").set_value("digits")
    app.number_input(key="train-convolutional-network.channels-count").set_value(6)
    check(app.run())
    assert "cannot be halved 6 times" in app.error[0].value


def test_a_run_that_cannot_start_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "file"))
    app = open_train()
    check(button(app, "Train").click().run())
    assert "cannot be written" in app.error[0].value
    assert "run" not in app.query_params


def test_an_unknown_run_is_a_sentence() -> None:
    app = open_train(run="../../nothing")
    assert "There is no run called" in app.warning[0].value
    assert not button(app, "Train").disabled


def waiting(config: RunConfig, status: Status) -> Run:
    run = store.create(config)
    run.write_status(status)
    return run


def test_a_failed_run_shows_its_sentence_and_can_go_on() -> None:
    run = waiting(PRESETS["vae"].config, Status("failed", epoch=1, message="It stopped: step 7."))
    app = open_train(run=run.id)
    assert app.error[0].value == "It stopped: step 7."
    left = PRESETS["vae"].config.training.epochs - 1
    assert any(item.label == f"Continue ({left} epochs left)" for item in app.button)


def test_a_running_run_can_be_stopped_once() -> None:
    run = waiting(
        PRESETS["vae"].config,
        Status("running", 1, 40, 320, 8000.0, 62.0, created=time.time()),
    )
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock:
        app = open_train(run=run.id)
        assert not button(app, "Stop").disabled
        check(button(app, "Stop").click().run())
        assert run.stop_requested
        assert button(app, "Stopping").disabled


def test_a_run_that_waits_says_how_long_and_what_to_look_at_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = waiting(PRESETS["vae"].config, Status(created=time.time()))
    monkeypatch.setattr(queue, "places", lambda: {run.id: 1})
    monkeypatch.setattr("aeviz.runs.wait_time.seconds_until_turns", lambda rows: {run.id: 125.0})
    app = open_train(run=run.id)
    assert progress(app) == "Waiting for its turn: next in the queue · starts in about 2 minutes"
    links = [item.proto for item in app.get("page_link")]
    assert any("model=vae-mnist" in link.query_string for link in links)
    show = next(item.label for item in app.button if item.key == f"show-{run.id}")
    assert show.endswith("waiting, next in the queue, starts in about 2 minutes")


def progress(app: AppTest) -> str:
    return str(app.get("progress")[0].proto.text)


def test_the_list_shows_each_run_with_its_phase_and_opens_it() -> None:
    config = PRESETS["vae"].config
    done = waiting(config.replace(name="First"), Status("done"))
    failed = waiting(config.replace(name="Second"), Status("failed", message="Broken."))
    (store.create(config).folder / "config.json").write_text("{")  # must not spoil the list
    app = open_train()
    labels = [item.label for item in app.button if (item.key or "").startswith("show-")]
    assert len(labels) == 2
    assert any("First" in label and "done, just now" in label for label in labels)
    assert any("Second" in label and "failed" in label for label in labels)
    check(app.button(key=f"show-{failed.id}").click().run())
    assert shown(app) == failed.id
    assert app.error[0].value == "Broken."
    assert app.button(key=f"show-{failed.id}").disabled
    assert not app.button(key=f"show-{done.id}").disabled


def test_a_finished_run_offers_what_comes_next() -> None:
    config = PRESETS["vae"].config.replace(
        **{"dataset": "digits", "network.hidden": [8], "bottleneck.latent_dim": 2,
           "training.epochs": 2, "training.device": "cpu"}
    )  # fmt: skip
    run = store.create(config)
    worker.work(run)
    app = open_train(run=run.id)
    assert not app.error
    links = {item.proto.label: item.proto for item in app.get("page_link")}
    assert f"model={run.id}" in links["Explore it"].query_string
    assert f"model={run.id}" in links["Reconstruct with it"].query_string
    assert app.get("download_button")[0].proto.label == "Download the model"
    components = [item.proto.component_name for item in app.get("bidi_component")]
    assert sum("aeviz_chart" in name for name in components) == 3  # curves, KL bars
    assert sum("aeviz_replay" in name for name in components) == 1


def test_a_finished_run_is_shown_at_once_and_says_how_far_its_maps_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(maps, "start", lambda: begun.append(1))
    config = PRESETS["vae"].config.replace(
        **{"dataset": "digits", "network.hidden": [8], "bottleneck.latent_dim": 3,
           "training.epochs": 1, "training.device": "cpu"}
    )  # fmt: skip
    run = store.create(config)
    worker.work(run)
    app = open_train(run=run.id)
    assert begun, "maps that a server left are taken up"
    assert any(item.value.endswith("Explore shows the PCA map.") for item in app.caption)
    assert app.get("download_button")[0].proto.label == "Download the model"
    monkeypatch.setattr(maps, "share_done", lambda run: 0.4)
    assert any("(40%)" in item.value for item in check(app.run()).caption)
    maps.withdraw(run)
    assert not any("PCA map" in item.value for item in check(app.run()).caption)


def test_steps_of_a_logarithmic_slider() -> None:
    assert settings.log_steps(0.1, 2, 0.3) == [0.1, 0.2, 0.3, 0.5, 1, 2]
    assert settings.log_steps(1, 50, 4.0) == [1, 2, 4, 5, 10, 20, 50]


def test_a_run_that_has_epochs_left_continues_to_its_end() -> None:
    config = PRESETS["vae"].config.replace(**{"training.epochs": 16})
    labels = [actions.continue_label(Status(epoch=n), config) for n in (1, 15, 16)]
    assert labels == ["Continue (15 epochs left)", "Continue (1 epoch left)", "Continue"]
    assert run_list.ago(5) == "just now"
    assert run_list.ago(65) == "1 minute ago"
    assert run_list.ago(2 * 86_400 + 5) == "2 days ago"
