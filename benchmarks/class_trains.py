"""A class that trains: thirty students press Train while sixty others drag, on one server.

    python -m benchmarks.class_trains [--students 30] [--clients 60] [--seconds 15] [--spread 20]
        [--limit 240] [--model vae-mnist] [--lab]

Starts the app and lets the sixty drag alone for `--seconds`. Then the students start their runs
within `--spread` seconds, and the sixty drag until all runs have ended. The students train small
networks for a few epochs. One presses Train five times at once. Some stop their runs while these
wait or train. For some the process is killed, and they press Resume. At the end, three runs train
while the server is stopped. Exits with 1 if a check fails: each run ends as intended, nobody's
first run waits while a further run of another student begins, the sixty keep their frame rate, and
no process is left.

`--lab`: the students run experiments in the Lab instead; pairs of students run the same one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import class_students as students
from benchmarks.class_lab import LabLesson
from benchmarks.class_students import Lesson, Press, Row
from benchmarks.live_class import load
from benchmarks.serving import ROOT, Server, serve

POLL_SECONDS = 0.25
KEEP = 0.9  # of the frame rate of the sixty alone
LONGEST_MS = 100.0  # a response within a tenth of a second feels immediate (Nielsen 1993)
NOTICE_SECONDS = 10.0
LEAVE_SECONDS = 60.0


class Drags:
    """The sixty clients drag, in consecutive measurements, until the block ends."""

    def __init__(self, url: str, args: argparse.Namespace, server: int) -> None:
        self.windows: list[Any] = []
        self._over = threading.Event()
        self._numbers = {"clients": args.clients, "seconds": args.seconds, "server": server}
        self._thread = threading.Thread(target=self._go, args=(url, args))

    def _go(self, url: str, args: argparse.Namespace) -> None:
        while not self._over.is_set():
            self.windows.append(load(url, args, **self._numbers))

    def __enter__(self) -> Drags:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def frames(windows: Sequence[Any]) -> tuple[float, float, float]:
    """Over all measurements: median frames/s of the clients, frames/s of the slowest client, and
    p95 latency in ms."""
    rates = np.concatenate([window["frames_per_second"] for window in windows])
    latencies = np.concatenate([window["latencies_ms"] for window in windows])
    p95 = float(np.percentile(latencies, 95)) if len(latencies) else float("inf")
    return float(np.median(rates)), float(rates.min()), p95


def last_ones(server: Server, seconds: float) -> tuple[list[Row], float]:
    """Three students start very long runs, and the server is stopped while the first one trains.

    Returns the runs, and the seconds from the end of the server to that of the last process.
    """
    config = students.tiny(0, students.ENDLESS)
    lesson = Lesson(server.url, [Press(0.0, students.owner(i), config) for i in range(3)])

    def seen() -> bool:
        lesson.go_on()
        return any(row.picture for row in lesson.rows)

    wait(seen, seconds)
    server.process.terminate()
    server.process.wait(30)
    ended = time.perf_counter()
    wait(lambda: not students.processes_of(lesson.rows), LEAVE_SECONDS)
    return lesson.rows, time.perf_counter() - ended


def wait(condition: Callable[[], bool], seconds: float) -> None:
    """Waits until the condition holds, but at most `seconds`."""
    deadline = time.perf_counter() + seconds
    while not condition() and time.perf_counter() < deadline:
        time.sleep(POLL_SECONDS)


def spread_of(seconds: Sequence[float], unit: str = "s") -> str:
    if not seconds:
        return "none"
    p50, p95 = np.percentile(seconds, [50, 95])
    return f"{p50:6.1f}{p95:8.1f}{max(seconds):8.1f} {unit}"


def tell(lesson: Lesson) -> None:
    """Prints how long each step took, counted from the press."""
    rows, firsts = lesson.rows, [row for row in lesson.rows if not row.before]
    print(f"{'from the press to':32}{'median':>6}{'p95':>8}{'longest':>8}")
    for name, moments in (
        ("a place in the queue", [(row.pressed, row.queued) for row in rows]),
        ("the turn, of a first run", [(row.pressed, row.began) for row in firsts]),
        ("the picture of an epoch", [(row.pressed, row.picture) for row in firsts]),
        ("the end", [(row.pressed, row.ended) for row in rows]),
    ):
        print(f"{name:32}{spread_of([then - at for at, then in moments if then is not None])}")
    waited = [row for row in rows if row.waiting_bytes]
    if waited:
        each = np.median([np.median(row.waiting_bytes) for row in waited]) / 2**20
        used = np.median([row.waiting_seconds for row in waited])
        print(f"a run that waits: {each:.0f} MiB, {used:.1f} s of a processor (medians)")
    print(f"first runs that a later press overtook: {len(students.overtaken(rows))}")


def check(lesson: Lesson, alone: Sequence[Any], meanwhile: Sequence[Any]) -> dict[str, bool]:
    """The checks, as sentences, and whether each holds."""
    rows = lesson.rows
    wrong = [row for row in rows if not students.ended_as_meant(row)]
    for row in wrong:
        status = row.run.status
        print(f"  {row.run.id}: wanted {row.press.wish}, is {status.phase}. {status.message}")
    for refusal in lesson.refused:
        print(f"  refused: {refusal}")
    there = {path.parent.name for path in Path(os.environ["AEVIZ_RUNS"]).glob("*/config.json")}
    killed = [row.noticed - row.killed for row in rows if row.killed and row.noticed]
    was, _, _ = frames(alone)
    now, _, p95 = frames(meanwhile)
    return {
        f"each of {len(rows)} runs ended as intended": not (wrong or lesson.refused),
        "none is lost": not lesson.to_come and {row.run.id for row in rows} <= there,
        f"a killed process was noticed within {NOTICE_SECONDS:g} s "
        f"({max(killed, default=0):.1f} s at most)": all(s <= NOTICE_SECONDS for s in killed),
        "no first run waited while another student's further run began": not students.pushed_aside(
            rows
        ),
        f"a drag keeps {KEEP:.0%} of its frames ({now / max(was, 1e-9):.0%})": now >= KEEP * was,
        f"a drag responds within {LONGEST_MS:g} ms ({p95:.0f} ms, p95)": p95 <= LONGEST_MS,
    }


def lesson_of(server: Server, args: argparse.Namespace) -> dict[str, bool]:
    """Runs the whole lesson, prints what was observed, and returns the checks."""
    load(server.url, args, clients=4, grids=1, seconds=1)  # open the model, warm its passes
    pid = server.process.pid
    alone = [load(server.url, args, clients=args.clients, seconds=args.seconds, server=pid)]
    lesson = Lesson(server.url, students.plan(args.students, args.spread))

    def over() -> bool:
        lesson.go_on()
        return lesson.is_over

    with Drags(server.url, args, pid) as drags:
        wait(over, args.limit)
        took = time.perf_counter() - lesson.began
    print(f"{len(lesson.rows)} runs of {args.students} students in {took:.0f} s")
    tell(lesson)
    print(f"{args.clients} who drag: {'frames/s':>14}{'worst':>8}{'p95 ms':>8}{'server cores':>14}")
    for name, windows in (("alone", alone), ("meanwhile", drags.windows)):
        median, worst, p95 = frames(windows)
        cores = np.mean([window["cores"]["server"] for window in windows])
        print(f"  {name:20}{median:10.1f}{worst:8.1f}{p95:8.1f}{cores:14.2f}")
    held = check(lesson, alone, drags.windows)
    lesson.end()  # runs that have not ended have failed their check; they must not delay the rest
    wait(lambda: not students.processes_of(lesson.rows), LEAVE_SECONDS)
    left = students.processes_of(lesson.rows)
    held["no process is left of the runs that are over"] = not left
    rows, seconds = last_ones(server, args.limit)
    kept = all(row.run.status.phase == "stopped" for row in rows)
    held[f"runs end with their server, stopped ({seconds:.1f} s)"] = (
        kept and len(rows) == 3 and not students.processes_of(rows)
    )
    return held


def lab_lesson(server: Server, args: argparse.Namespace) -> dict[str, bool]:
    """Students run experiments while sixty drag; returns the checks."""
    load(server.url, args, clients=4, grids=1, seconds=1)  # open the model, warm its passes
    pid = server.process.pid
    alone = [load(server.url, args, clients=args.clients, seconds=args.seconds, server=pid)]
    lesson = LabLesson(args.students, args.spread)

    def over() -> bool:
        lesson.go_on()
        return lesson.is_over

    with Drags(server.url, args, pid) as drags:
        wait(over, args.limit)
        took = time.perf_counter() - lesson.began
    print(f"{len(lesson.jobs)} students' experiments in {took:.0f} s")
    was, _, _ = frames(alone)
    now, worst, p95 = frames(drags.windows)
    print(f"{args.clients} who drag: {was:.1f} frames/s alone, {now:.1f} meanwhile")
    print(f"the slowest of them: {worst:.1f} frames/s")
    return lesson.held() | {
        f"a drag keeps {KEEP:.0%} of its frames ({now / max(was, 1e-9):.0%})": now >= KEEP * was,
        f"a drag responds within {LONGEST_MS:g} ms ({p95:.0f} ms, p95)": p95 <= LONGEST_MS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=15.0, help="of a window of dragging")
    parser.add_argument("--spread", type=float, default=20.0, help="seconds within which all press")
    parser.add_argument("--limit", type=float, default=240.0, help="seconds until all must be over")
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--lab", action="store_true", help="experiments of the Lab, not trainings")
    args = parser.parse_args()
    print(
        f"{args.students} students, {args.clients} who drag {args.model}; {os.cpu_count()} cores, "
        f"{os.environ.get('AEVIZ_WORKERS') or 'as many as usual'} runs at once, load average "
        f"before {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["AEVIZ_RUNS"] = folder
        with serve(ROOT / "benchmarks" / "class_app.py", Path(folder)) as server:
            held = (lab_lesson if args.lab else lesson_of)(server, args)
    for text, holds in held.items():
        print(f"{'ok  ' if holds else 'FAIL'}  {text}")
    sys.exit(not all(held.values()))


if __name__ == "__main__":
    main()
