"""`aeviz sweep`: a sweep of real runs, what the command refuses, and an interrupt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_tools import TINY, Capture, refusal, result

from aeviz.cli import main as command
from aeviz.cli.sweep import plan_of
from aeviz.errors import UserError
from aeviz.io.paths import sweeps_dir
from aeviz.runs import store
from aeviz.sweeps import run
from aeviz.sweeps.record import Plan

SMALL = ["sweep", "standard", *TINY, "--device", "cpu"]


def planned(*argv: str) -> tuple[Plan, int]:
    return plan_of(command.parser().parse_args(["sweep", *argv]))


def test_a_sweep_of_real_runs(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_WORKERS", "2")
    argv = [*SMALL, "--grid", "training.lr=0.003,1e-8"]
    first = result(capsys, *argv)
    assert [trial["state"] for trial in first["trials"]] == ["done", "done"]
    assert first["best"]["settings"] == {"training.lr": 0.003}
    assert first["best"]["value"] < first["trials"][1]["value"]
    assert first["measure"] == "loss"
    runs = [store.find(trial["run"]) for trial in first["trials"]]
    assert all(one.model_path.exists() for one in runs)
    assert {one.sweep for one in runs} == {first["sweep"]}
    again = result(capsys, *argv)
    assert again["trials"] == first["trials"]
    assert len(store.runs()) == 2


def test_an_interrupt_prints_the_results_so_far(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run", interrupted)
    found = result(capsys, *SMALL, "--grid", "training.lr=0.1,0.01", code=130)
    assert found["trials"] == []
    assert found["best"] is None


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "needs a setting to vary"),
        (["--grid", "training.lr"], "takes KEY=VALUE"),
        (["--grid", "training.rate=1,2"], "no setting called 'training.rate'"),
        (["--grid", "training=1,2"], "group of settings"),
        (["--grid", "dataset=mnist,digits"], "the same in all runs"),
        (["--grid", "training.lr=0.1,fast"], "This is with training.lr=fast."),
        (["--grid", "training.lr=0.1,-1"], "must be between"),
        (["--grid", "network.norm=batch", "--grid", "training.batch_size=1"], "Batch norm"),
        (["--grid", "training.lr=1", "--grid", "training.lr=2"], "given twice"),
        (["--range", "training.lr=0.1,0.2"], "add --random N"),
        (["--range", "training.lr=0.2,0.1", "--random", "2"], "low end below"),
        (["--range", "training.lr=0,1,log", "--random", "2"], "above 0"),
        (["--range", "training.lr=0.1", "--random", "2"], "KEY=LOW,HIGH"),
        (["--range", "network.kind=0,1", "--random", "2"], "not a number"),
        (["--range", "training.lr=0.1,1e9", "--random", "2"], "must be between"),
        (["--grid", "training.lr=0.1,0.2", "--random", "3"], "at most 2"),
        (["--grid", "training.lr=0.1,0.2", "--tpe", "0"], "--tpe needs a number"),
        (["--grid", "training.lr=0.1,0.2", "--asha"], "at least four epochs"),
        (["--grid", "training.epochs=4,8", "--asha"], "do not vary training.epochs"),
        (["--grid", "loss.reconstruction=bce,mse", "--by", "loss"], "use --by mse"),
        (["--grid", "training.lr=0.1,0.2", "--name", "n" * 61], "at most 60 characters"),
        (["--grid", f"training.seed={','.join(map(str, range(301)))}"], "at most 300 trials"),
        (["--grid", f"training.seed={','.join(map(str, range(1001)))}"], "1,000 combinations"),
    ],
)
def test_nothing_starts_if_something_is_wrong(capsys: Capture, argv: list[str], words: str) -> None:
    assert words in refusal(capsys, *SMALL, *argv)
    assert store.runs() == []
    assert not sweeps_dir().exists()


def test_a_photo_restorer_and_a_file_that_is_no_configuration_are_refused(
    capsys: Capture, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"latent": 3}')
    for config in ("restore-denoise", "nothing", wrong, tmp_path / "missing.json"):
        refusal(capsys, "sweep", config, "--grid", "training.lr=0.1,0.2")


def test_values_are_json_or_words() -> None:
    plan, count = planned(
        "vae", "--grid", "network.hidden=[400],[512,256]", "--grid", "training.optimizer=adam,sgd",
        "--grid", "bottleneck.latent_dim=2.0,8,8",
    )  # fmt: skip
    assert count == 8
    assert [axis.values for axis in plan.axes] == [([400], [512, 256]), ("adam", "sgd"), (2, 8)]
    assert plan.name == "vae sweep"
    assert plan.measure == "loss"
    assert plan.config.training.epochs > 1  # the preset's own length


def test_a_value_may_need_that_of_another_setting() -> None:
    """A linear output does not go with the BCE of the preset."""
    with pytest.raises(UserError, match="Binary cross-entropy"):
        planned("standard", "--grid", "network.output=linear,sigmoid")
    axes = ["--grid", "network.output=linear", "--grid", "loss.reconstruction=mse,l1"]
    assert planned("standard", *axes)[1] == 2


def test_if_the_loss_is_not_comparable_the_mse_is_compared() -> None:
    assert planned("vae", "--grid", "loss.beta=0.5,1")[0].measure == "mse"
    assert planned("vae", "--grid", "loss.beta=0.5,1", "--by", "recon")[0].measure == "recon"
    assert planned("vae", "--grid", "loss.warmup=0,0.5")[0].measure == "loss"


def test_a_configuration_may_come_from_a_run(tmp_path: Path) -> None:
    config, _ = planned("vae", "--grid", "training.lr=0.1,0.2", "--epochs", "7")
    path = tmp_path / "config.json"
    path.write_text(config.config.to_json())
    plan, _ = planned(str(path), "--grid", "training.lr=0.1,0.2")
    assert plan.config == config.config
    assert plan.id == config.id
    assert planned(str(path), "--grid", "training.lr=0.1,0.2", "--seed", "1")[0].id != plan.id


def test_a_range_of_whole_numbers() -> None:
    plan, count = planned("vae", "--range", "bottleneck.latent_dim=2,64,log", "--random", "5")
    [axis] = plan.axes
    assert (axis.low, axis.high, axis.log, axis.whole, count) == (2, 64, True, True, 5)
    assert json.loads(json.dumps(plan.to_dict()))["axes"][0]["key"] == "bottleneck.latent_dim"
