"""Sweeps of trainings that take no time, except for one with real processes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import locks
from aeviz.runs import manage, store
from aeviz.sweeps import record, run
from aeviz.sweeps.record import Plan, Sweep
from aeviz.sweeps.search import comparisons
from aeviz.sweeps.space import Axis
from tests.sweeps.conftest import Trainings

LR, CODE = "training.lr", "bottleneck.latent_dim"
GRID = (Axis(LR, (0.01, 0.001)), Axis(CODE, (2, 4)))


def states(sweep: Sweep) -> list[str]:
    return [trial.state for trial in sweep.trials]


def test_a_grid_of_two_by_two_is_four_runs(config: RunConfig, trainings: Trainings) -> None:
    said: list[str] = []
    sweep = run.run(Plan("small", config, GRID), 4, said.append)
    assert [trial.settings for trial in sweep.trials] == [
        {LR: 0.01, CODE: 2}, {LR: 0.01, CODE: 4}, {LR: 0.001, CODE: 2}, {LR: 0.001, CODE: 4},
    ]  # fmt: skip
    assert states(sweep) == ["done"] * 4
    assert [trial.value for trial in sweep.trials] == pytest.approx(
        [12 + 1 / 9, 14 + 1 / 9, 3 + 1 / 9, 5 + 1 / 9]
    )
    assert sweep.best is not None
    assert sweep.best.settings == {LR: 0.001, CODE: 2}
    assert sweep.is_complete
    assert not sweep.is_going

    assert trainings.most == 2  # as AEVIZ_WORKERS says
    runs = [store.find(trial.run) for trial in sweep.trials]
    assert {one.sweep for one in runs} == {sweep.id}
    assert [one.config.name for one in runs] == [f"small {number}" for number in (1, 2, 3, 4)]
    assert runs[3].config == config.replace(**{"name": "small 4", LR: 0.001, CODE: 4})
    assert said[-1].startswith("4 of 4: training.lr=0.001 bottleneck.latent_dim=4: done, ")


def test_the_same_sweep_trains_nothing_again(config: RunConfig, trainings: Trainings) -> None:
    plan = Plan("small", config, GRID)
    first = run.result(run.run(plan, 4))
    again = run.result(run.run(plan, 4))
    assert len(trainings.started) == 4
    assert first["trials"] == again["trials"]
    assert first["best"] == again["best"]
    json.dumps(again)


def test_after_an_interrupt_the_finished_stay_and_the_others_go_on(
    config: RunConfig, trainings: Trainings
) -> None:
    plan = Plan("small", config, GRID)
    trainings.interrupt = 14  # two runs are done after 9 ticks; the next two train
    with pytest.raises(KeyboardInterrupt):
        run.run(plan, 4)
    assert not trainings.living  # they were stopped
    left = record.opened(plan, 4)
    assert states(left) == ["done", "done", "running", "running"]
    assert not left.is_going
    epochs = [store.find(trial.run).status.epoch for trial in left.trials]
    assert epochs[:2] == [9, 9]
    assert 0 < epochs[2] < 9

    sweep = run.run(plan, 4)
    assert states(sweep) == ["done"] * 4
    assert trainings.resumed == [trial.run for trial in left.trials[2:]]
    assert len(trainings.started) == 4
    assert [trial.run for trial in sweep.trials] == [trial.run for trial in left.trials]


def test_after_a_power_cut_it_goes_on(
    config: RunConfig, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process of the sweep ends without a word, just before it records the second run."""
    plan, start = Plan("small", config, GRID), trainings.start

    def cut(*args: Any, **more: Any) -> store.Run:
        started = start(*args, **more)
        if len(trainings.started) == 2:
            raise SystemExit
        return started

    monkeypatch.setattr(run.spawn, "start", cut)
    monkeypatch.setattr(run._Runner, "stop", lambda self: None)
    with pytest.raises(SystemExit):
        run.run(plan, 4)
    trainings.power_cut()
    record_path = record.opened(plan, 4).folder / "sweep.json"
    data = json.loads(record_path.read_text())
    data["trials"][1]["run"] = ""
    record_path.write_text(json.dumps(data))

    sweep = run.run(plan, 4)
    assert states(sweep) == ["done"] * 4
    assert len(trainings.started) == 4  # the run that was not recorded is found by its file
    assert trainings.resumed == trainings.started[:2]


def test_asha_stops_trials_that_are_clearly_worse(config: RunConfig, trainings: Trainings) -> None:
    rates = (0.001, 0.01, 0.02, 0.03, 0.04, 0.05)
    sweep = run.run(Plan("asha", config, (Axis(LR, rates),), asha=True), 6)
    assert states(sweep) == ["done"] + ["pruned"] * 5
    worst = sweep.trials[-1]
    assert worst.reports.keys() == {2}
    assert worst.epochs < 9
    assert worst.value is not None
    assert worst.message.startswith("Stopped early: after epoch 2, its validation loss of ")
    assert store.find(worst.run).status.phase == "stopped"
    assert sweep.best is sweep.trials[0]


def test_a_trial_that_fails_does_not_end_the_sweep(config: RunConfig, trainings: Trainings) -> None:
    trainings.fail = lambda config: config.training.lr == 0.01
    plan = Plan("small", config, GRID)
    sweep = run.run(plan, 4)
    assert states(sweep) == ["failed", "failed", "done", "done"]
    assert sweep.trials[0].message == "The loss grew without limit."
    assert run.run(plan, 4).trials[0].state == "failed"
    assert len(trainings.started) == 4

    trainings.fail = lambda config: False
    continued = store.find(sweep.trials[0].run)  # on the Runs page
    trainings.resume(continued)
    while trainings.living:
        trainings.sleep(0)
    assert states(run.run(plan, 4)) == ["done", "failed", "done", "done"]


def test_a_run_that_a_person_stops_or_deletes_is_left_alone(
    config: RunConfig, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = trainings.sleep

    def meddle(seconds: float) -> None:
        if trainings.ticks == 2:
            store.find(trainings.started[0]).request_stop()
            deleted = store.find(trainings.started[1])
            trainings.end(deleted, "stopped")
            manage.remove(deleted, manage.Person(local=True))
        sleep(seconds)

    monkeypatch.setattr(run.time, "sleep", meddle)
    sweep = run.run(Plan("small", config, GRID), 4)
    assert states(sweep) == ["stopped", "failed", "done", "done"]
    assert sweep.trials[0].message == "Stopped by a person."
    assert sweep.trials[1].message == "Its run was deleted."


def test_a_run_that_makes_way_for_others_is_continued(
    config: RunConfig, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = trainings.sleep

    def make_way(seconds: float) -> None:
        if trainings.ticks == 2:
            trainings.end(store.find(trainings.started[0]), "stopped")
        sleep(seconds)

    monkeypatch.setattr(run.time, "sleep", make_way)
    sweep = run.run(Plan("small", config, GRID), 4)
    assert states(sweep) == ["done"] * 4
    assert trainings.resumed == [sweep.trials[0].run]


def test_the_values_of_deleted_runs_are_kept(config: RunConfig, trainings: Trainings) -> None:
    plan = Plan("small", config, GRID)
    before = run.run(plan, 4)
    for trial in before.trials:
        manage.remove(store.find(trial.run), manage.Person(local=True))
    after = run.run(plan, 4)
    assert [trial.value for trial in after.trials] == [trial.value for trial in before.trials]
    assert len(trainings.started) == 4


def test_only_one_process_works_on_a_sweep(config: RunConfig, trainings: Trainings) -> None:
    sweep = run.run(Plan("small", config, GRID), 4)
    lock = locks.take(sweep.folder / "lock")
    assert lock is not None
    with lock, pytest.raises(UserError, match="already running"):
        run.run(sweep.plan, 4)


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_draws_differ_lie_in_the_range_and_do_not_depend_on_interrupts(
    config: RunConfig, trainings: Trainings, search: record.Search
) -> None:
    axes = (Axis(LR, (), 1e-4, 1e-1, log=True), Axis(CODE, (2, 4)))
    whole = run.run(Plan("whole", config, axes, search), 6)
    drawn = [tuple(trial.settings.values()) for trial in whole.trials]
    assert len(set(drawn)) == 6
    assert all(1e-4 <= rate <= 1e-1 and code in (2, 4) for rate, code in drawn)
    parts = Plan("parts", config, axes, search)
    run.run(parts, 2)
    sweep = run.run(parts, 6)  # a sweep can be continued with more trials
    assert len(sweep.trials) == 6
    if search == "random":
        assert [tuple(trial.settings.values()) for trial in sweep.trials] == drawn


def test_draws_from_lists_are_all_different(config: RunConfig, trainings: Trainings) -> None:
    axes = (Axis("network.hidden", ([8], [16], [8, 8])), Axis(CODE, (2, 4)))
    sweep = run.run(Plan("all", config, axes, "random"), 6)
    assert len({json.dumps(trial.settings) for trial in sweep.trials}) == 6
    assert store.find(sweep.trials[0].run).config.network.hidden in ((8,), (16,), (8, 8))


def test_a_damaged_record_is_not_listed_and_not_overwritten(
    config: RunConfig, trainings: Trainings
) -> None:
    sweep = run.run(Plan("small", config, GRID), 4)
    assert [one.id for one in record.sweeps()] == [sweep.id]
    path = sweep.folder / "sweep.json"
    text = path.read_text()
    for damage in (
        "{",
        "[]",
        '{"plan": 1}',
        text.replace('"value": ', '"value": "', 1),
        text.replace('"training.lr": 0.01', '"training.lr": "fast"'),
        text.replace('"training.lr": 0.01', '"training.lr": 0.5'),
    ):
        path.write_text(damage)
        assert record.sweeps() == []
        with pytest.raises(UserError, match="delete it"):
            run.run(sweep.plan, 4)
        assert path.read_text() == damage


@pytest.mark.parametrize(
    ("epochs", "epochs_of_comparisons"), [(3, []), (4, [2]), (9, [2]), (12, [2, 6]), (60, [10, 30])]
)
def test_trials_are_compared_in_the_first_half(
    config: RunConfig, epochs: int, epochs_of_comparisons: list[int]
) -> None:
    plan = Plan("asha", config.replace(**{"training.epochs": epochs}), GRID, asha=True)
    assert comparisons(plan) == epochs_of_comparisons
