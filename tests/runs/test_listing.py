"""The list of runs: the content of a row, and the low cost of a hundred of them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.identity import Person
from aeviz.io import locks
from aeviz.runs import listing, manage, queue, store
from aeviz.runs.listing import Row, filter_rows, final_terms, rows, sort_rows
from aeviz.runs.store import Run, Status

ADA = Person("a" * 32)


@pytest.fixture(autouse=True)
def folder(runs_dir: Path) -> Path:
    return runs_dir


def over(config: RunConfig, **changes: object) -> Run:
    run = store.create(config, ADA.owner)
    run.write_status(Status("done", epoch=3, created=time.time()))
    for epoch, loss in enumerate((90.0, 70.0, 80.0), 1):
        run.append_metrics({"epoch": epoch, "step": epoch, "validation": {"loss": loss}})
    return run


def test_a_row_says_what_the_folder_holds(config: RunConfig) -> None:
    run = over(config)
    run.model_path.touch()
    (row,) = rows()
    assert (row.run, row.owner, row.config) == (run, ADA.owner, config)
    assert (row.status.phase, row.status.epoch, row.loss) == ("done", 3, 80.0)
    assert row.name == "Variational (VAE) on bars"
    assert row.has_model
    assert row.place is None


def test_what_changes_on_the_disk_is_in_the_next_list(config: RunConfig) -> None:
    run = over(config)
    assert not rows()[0].has_model
    manage.rename(run, "My best", ADA)
    run.append_metrics({"epoch": 4, "step": 4, "validation": {"loss": 60.0}})
    run.model_path.touch()
    (row,) = rows()
    assert (row.name, row.loss, row.has_model) == ("My best", 60.0, True)
    manage.rename(run, "", ADA)
    assert rows()[0].name == "Variational (VAE) on bars"
    manage.remove(run, ADA)
    assert rows() == []


def test_a_run_whose_process_ends_without_a_word_is_noticed(config: RunConfig) -> None:
    """Nothing in its folder changes then."""
    run = store.create(config)
    run.write_status(Status("running", epoch=1, created=time.time()))
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock:
        assert rows()[0].status.phase == "running"
    assert rows()[0].status.phase == "failed"


def test_a_run_that_waits_has_its_place(config: RunConfig) -> None:
    first, second = store.create(config), store.create(config)
    with queue._ticket(first), queue._ticket(second):
        assert {row.id: row.place for row in rows()} == {first.id: 1, second.id: 2}


def test_a_damaged_run_does_not_spoil_the_list(config: RunConfig) -> None:
    good, bad = over(config), over(config)
    (bad.folder / "config.json").write_text("{")
    assert [row.run for row in rows()] == [good]


LINES = (
    b"\xff", b"5", b"null", b'{"validation":null}', b"[" * 100_000, b'{"epoch": 3, "step": "x"}',
    b'{"epoch": 3, "step": 3, "validation": {"loss": 1' + b"0" * 400 + b"}}",
    b'{"epoch": 0, "step": 3, "validation": {"loss": 1}}', b'{"epoch": 3, "step": 3, "time": []}',
    b'{"epoch": 3, "step": 3, "validation": {"loss": "x"}}', b'{"epoch": 3, "step": -3}',
)  # fmt: skip
STATUSES = (
    {"epoch": "x"}, {"step": "x"}, {"created": None}, {"created": 1e300}, {"phase": "over"},
    {"phase": ["done"]}, {"steps": -5}, {"images_per_second": 10**400}, {"message": 5},
    {"message": "\ud800"}, {"updated": float("nan")}, {"more": 1}, {"epoch": True},
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_damaged_line_of_metrics_is_left_out(config: RunConfig, line: bytes) -> None:
    good, bad = over(config), over(config)
    whole = bad.metrics()
    with (bad.folder / "metrics.jsonl").open("ab") as file:
        file.write(line + b"\n")
    assert bad.metrics() == whole
    assert {row.run for row in rows()} == {good, bad}


@pytest.mark.parametrize("change", STATUSES, ids=str)
def test_a_status_of_other_types_cannot_be_read(config: RunConfig, change: dict) -> None:
    good, bad = over(config), over(config)
    path = bad.folder / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert bad.status.message == "This run's status cannot be read."
    assert time.time() - bad.status.created < 60  # as old as its folder
    assert {row.run for row in rows()} == {good, bad}


@pytest.mark.parametrize("data", [b"\xff", b"[" * 100_000, b'{"name": "\\ud800"}', b"{}" * 9])
def test_a_configuration_that_cannot_be_read_leaves_its_run_out(
    config: RunConfig, data: bytes
) -> None:
    good, bad = over(config), over(config)
    (bad.folder / "config.json").write_bytes(data)
    assert [row.run for row in rows()] == [good]


def test_strange_files_in_the_queue_do_not_spoil_the_list(config: RunConfig, folder: Path) -> None:
    good = over(config)
    (folder / ".queue" / "123-x~y").mkdir(parents=True)
    (folder / ".queue" / "slot-0").write_bytes(b"\xff")
    assert [row.run for row in rows()] == [good]


def test_the_best_epoch_counts_where_early_stopping_keeps_it(config: RunConfig) -> None:
    over(config.replace(**{"training.patience": 2}))
    assert rows()[0].loss == 70.0


def test_a_loss_is_a_finite_number_or_none() -> None:
    lines = [{"loss": 1.0}, {"validation": {"loss": 5.0}}, {"validation": {"loss": float("nan")}}]
    assert final_terms(lines) == {"loss": 5.0}
    assert final_terms(lines[:1]) == {}
    assert final_terms([]) == {}


def test_the_mse_is_that_of_the_epoch_that_is_kept(config: RunConfig) -> None:
    """Early stopping keeps the lowest loss, not the lowest MSE."""
    for patience, mse in ((0, 0.02), (2, 0.03)):
        run = store.create(config.replace(**{"training.patience": patience}))
        for epoch, (loss, error) in enumerate(((9.0, 0.01), (7.0, 0.03), (8.0, 0.02)), 1):
            row = {"epoch": epoch, "step": epoch, "validation": {"loss": loss, "mse": error}}
            run.append_metrics(row)
        assert next(row for row in rows() if row.run == run).mse == mse
    assert over(config) in [row.run for row in rows() if row.mse is None]  # of an older version


def test_nothing_is_read_twice_and_no_model_at_all(
    config: RunConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        over(config).model_path.write_bytes(b"no model: whoever opens this fails")
    before = rows()
    read: list[Path] = []
    plain = Path.open

    def noted(self: Path, *args: object, **more: object) -> object:
        read.append(self)
        return plain(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", noted)
    assert rows() == before
    assert read == []


def test_what_is_gone_is_forgotten(config: RunConfig, folder: Path) -> None:
    run = over(config)
    rows()
    assert run.folder in listing._cache
    manage.remove(run, ADA)
    rows()
    assert run.folder not in listing._cache


# ---- order and choice ----------------------------------------------------------------------------


def row(name: str, created: float, loss: float | None = None, **settings: object) -> Row:
    status = Status("done", created=created)
    return Row(Run(Path(name)), name, "", RunConfig().replace(**settings), status, loss)


LIST = [row("beta", 3, None), row("Alpha", 1, 20.0), row("gamma", 2, 10.0), row("alpha", 4, 10.0)]


@pytest.mark.parametrize(
    ("by", "falling", "names"),
    [
        ("age", False, ["alpha", "beta", "gamma", "Alpha"]),
        ("age", True, ["Alpha", "gamma", "beta", "alpha"]),
        ("name", False, ["alpha", "Alpha", "beta", "gamma"]),
        ("loss", False, ["alpha", "gamma", "Alpha", "beta"]),
        ("loss", True, ["Alpha", "alpha", "gamma", "beta"]),
    ],
)
def test_order(by: str, falling: bool, names: list[str]) -> None:
    assert [row.name for row in sort_rows(LIST, by, falling)] == names


def test_losses_are_ranked_among_their_own_kind() -> None:
    squared = {"network.output": "linear", "loss.reconstruction": "mse"}
    mixed = [row("a", 1, 90.0), row("b", 2, 20.0, **squared), row("c", 3, 80.0), row("d", 4, 0.0)]
    assert [row.name for row in sort_rows(mixed, "loss")] == ["d", "c", "a", "b"]


@pytest.mark.parametrize("by", listing.SORTS)
def test_every_column_sorts(by: str) -> None:
    assert sorted(row.name for row in sort_rows(LIST, by)) == sorted(row.name for row in LIST)


def test_a_filter_wants_all_words_in_any_order() -> None:
    def words(row: Row) -> str:
        return f"{row.name} {row.config.dataset}"

    assert [row.name for row in filter_rows(LIST, "MNIST alp", words)] == ["Alpha", "alpha"]
    assert filter_rows(LIST, "alpha digits", words) == []
    assert filter_rows(LIST, "  ", words) == LIST


def test_a_file_replaced_within_a_tick_is_another_file(config: RunConfig) -> None:
    """Same size, same time: the inode differs."""
    run = over(config)
    (run.folder / "name").write_text("one")
    times = (run.folder / "name").stat()
    assert rows()[0].name == "one"
    (run.folder / "new").write_text("two")
    os.utime(run.folder / "new", ns=(times.st_atime_ns, times.st_mtime_ns))
    (run.folder / "new").rename(run.folder / "name")
    assert rows()[0].name == "two"
