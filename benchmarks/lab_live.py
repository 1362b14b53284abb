"""Seconds that each experiment of the Lab takes as the page starts it, and its verdict.

    python -m benchmarks.lab_live [NAME ...]

Each experiment runs alone, with the parameters that its page opens with, in a process of its own as
jobs of the page do. "First" is the time until a chart has its first point, "all" until the verdict.
Beside the verdict is that of the shipped reference result, if the two are about the same question.
Aims: first <= 10 s, all <= 120 s. Exits with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time

from aeviz.experiments import document, jobs, parameters, table
from aeviz.experiments.base import Experiment
from aeviz.figures import lab

FIRST, ALL = 10.0, 120.0
LIMIT = 900.0
EVERY_SECONDS = 0.2


def measure(experiment: Experiment) -> tuple[float, float, str]:
    """Seconds until the first point and until the end, and the outcome."""
    params = experiment.build({})
    began = time.perf_counter()
    job = jobs.start(experiment.name, parameters.plain(params))
    first = 0.0
    while job.status.phase not in jobs.OVER and time.perf_counter() - began < LIMIT:
        time.sleep(EVERY_SECONDS)
        result = None if first else job.result()
        charts = experiment.charts_of(params)
        if result is not None and any(lab.chart(spec, result)["data"] for spec in charts):
            first = time.perf_counter() - began
    seconds = time.perf_counter() - began
    result = job.result()
    if result is None or job.status.phase != "done":
        return first, seconds, f"not done: {job.status.message or job.status.phase}"
    return first, seconds, experiment.verdict(result).outcome


def reference(experiment: Experiment) -> str:
    known = document.reference(experiment)
    if known is None:
        return "-"
    if other := experiment.incomparable(experiment.build({}), known.result.parameters):
        return f"another {', '.join(other)}"
    return experiment.verdict(known.result).outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    missed = False
    print(f"{'experiment':18} {'first':>6} {'all':>6}  verdict   reference")
    with tempfile.TemporaryDirectory(prefix="aeviz-lab-") as folder:
        os.environ["AEVIZ_RUNS"] = folder
        for name in args.names or table.MODULES:
            experiment = table.find(name)
            first, seconds, outcome = measure(experiment)
            missed |= not 0 < first <= FIRST or seconds > ALL or outcome.startswith("not done")
            print(
                f"{name:18} {first:6.1f} {seconds:6.1f}  {outcome:8}  {reference(experiment)}",
                flush=True,
            )
    sys.exit(missed)


if __name__ == "__main__":
    main()
