"""The sweeps on the Runs page, without a browser."""

from __future__ import annotations

import time

from page_tools import again, data, links, open_runs
from streamlit.testing.v1 import AppTest

from aeviz.config import RunConfig
from aeviz.io import locks
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs import manage, store
from aeviz.runs.store import Status
from aeviz.sweeps.record import Plan, State, Sweep, Trial
from aeviz.sweeps.space import Axis, grid
from aeviz.ui.runs import sweeps, table

LR, CODE = "training.lr", "bottleneck.latent_dim"
AXES = (Axis(LR, (0.01, 0.001)), Axis(CODE, (2, 8)))
Ended = tuple[State, float | None]


def a_sweep(*ended: Ended, name: str = "vae sweep", count: int = 4, **plan: object) -> Sweep:
    """Its trials ended like this, and each has a run."""
    config: RunConfig = PRESETS["vae"].config.replace(name="")
    made = Sweep("", Plan(name, config, AXES, **plan), count, created=time.time())  # type: ignore[arg-type]
    made.id = made.plan.id
    for number, (settings, (state, value)) in enumerate(zip(grid(AXES), ended, strict=False), 1):
        trial = Trial(number, settings, "", state, value=value, epochs=3)
        run = store.create(made.plan.config_of(trial), sweep=made.id)
        phase = "stopped" if state in ("pruned", "running") else state
        run.write_status(Status(phase, epoch=3, created=time.time()))  # type: ignore[arg-type]
        trial.run = run.id
        made.trials.append(trial)
    made.save()
    return made


def words(app: AppTest) -> str:
    return "\n".join(item.value for item in (*app.markdown, *app.caption))


ALL: tuple[Ended, ...] = (("done", 110.0), ("done", 112.0), ("done", 102.0), ("done", 104.0))


def test_without_a_sweep_there_is_no_part_for_them() -> None:
    app = open_runs()
    assert "Sweeps" not in words(app)
    assert not data(app, sweeps.LINES)


def test_a_complete_sweep_in_words_and_figures() -> None:
    made = a_sweep(*ALL)
    app = open_runs()
    said = words(app)
    assert "All 4 runs are done." in said
    assert "The best has **learning rate 0.001 · code size 2**: validation loss 102 nats" in said
    assert "The learning rate matters most: by itself it explains 94% of the variance." in said
    assert links(app)["Open this run"] == f"run={made.trials[2].run}"
    traces = data(app, sweeps.LINES)["figure"]["data"]
    assert [trace["name"] for trace in traces] == ["trained to the end", "vae sweep 3"]
    assert set(traces[1]["customdata"]) == {made.trials[2].run}
    assert data(app, sweeps.DOTS)["figure"]["layout"]["xaxis"]["title"]["text"] == "Learning rate"
    app.selectbox(key=f"runs-sweep-setting-{made.id}").set_value(CODE)
    again(app)
    assert data(app, sweeps.DOTS)["figure"]["layout"]["xaxis"]["title"]["text"] == "Code size"


def test_a_click_chooses_a_run() -> None:
    made = a_sweep(*ALL)
    app = open_runs(**{sweeps.CHOSEN: made.trials[1].run})
    assert links(app)["Open this run"] == f"run={made.trials[1].run}"
    assert "vae sweep 2** · learning rate 0.01 · code size 8 · validation loss 112" in words(app)
    app.session_state[sweeps.CHOSEN] = "<script>"
    assert links(again(app))["Open this run"] == f"run={made.trials[2].run}"


def test_the_best_runs_are_compared() -> None:
    made = a_sweep(*ALL)
    app = open_runs()
    app.button(key="runs-sweep-compare").click()
    again(app)
    best = [made.trials[i].run for i in (2, 3, 0, 1)]
    assert app.session_state[table.CHOSEN] == best


def test_runs_that_failed_or_were_stopped_are_counted() -> None:
    made = a_sweep(("failed", None), ("pruned", 300.0), ("done", 102.0))
    said = words(open_runs())
    assert "Of 4 runs, 1 is done, 1 was stopped early, 1 failed and 1 is left." in said
    assert "The sweep is interrupted. The same command continues it." in said
    assert "matters most" not in said
    lock = locks.take(made.folder / "lock")
    assert lock is not None
    with lock:
        assert "interrupted" not in words(open_runs())


def test_a_sweep_without_a_result_is_a_sentence() -> None:
    a_sweep(("running", None))
    app = open_runs()
    assert "All 4 runs are left. There is no result yet." in words(app)
    assert not data(app, sweeps.LINES)
    a_sweep(*[("failed", None)] * 4, name="bad")
    assert "All 4 runs failed. None has a result." in words(open_runs())


def test_only_runs_that_were_stopped_early_are_shown_too() -> None:
    made = a_sweep(("pruned", 300.0), ("pruned", 200.0), asha=True)
    app = open_runs()
    assert links(app)["Open this run"] == f"run={made.trials[0].run}"
    assert data(app, sweeps.DOTS)


def test_a_renamed_run_keeps_its_place_and_a_deleted_one_its_value() -> None:
    made, me = a_sweep(*ALL), manage.Person(local=True)
    manage.rename(store.find(made.trials[2].run), "My <best>", me)
    app = open_runs()
    assert data(app, sweeps.LINES)["figure"]["data"][1]["name"] == "My &lt;best&gt;"
    assert "**My \\<best>**, the best" in words(app)
    manage.remove(store.find(made.trials[2].run), me)
    app = open_runs()
    assert "This run was deleted." in words(app)
    assert "Open this run" not in links(app)
    for trial in made.trials:
        if not store.Run(store.runs_dir() / trial.run).is_gone:
            manage.remove(store.find(trial.run), me)
    assert "Sweeps" not in words(open_runs())


def test_the_mse_is_named_if_it_is_compared() -> None:
    a_sweep(("done", 0.0314), measure="mse")
    app = open_runs()
    assert "MSE 0.0314 per pixel" in words(app)
    assert data(app, sweeps.DOTS)["figure"]["layout"]["yaxis"]["title"]["text"] == "MSE per pixel"
