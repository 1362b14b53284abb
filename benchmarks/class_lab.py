"""Thirty students who run experiments in the Lab, for `benchmarks.class_trains --lab`."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from aeviz.experiments import jobs
from aeviz.experiments.jobs import Job

NAME = "code-size"


def question(student: int) -> dict[str, object]:
    """The parameters of a small experiment; pairs of students have the same ones."""
    return {
        "dataset": "digits",
        "arms": ["pca", "dense"],
        "sizes": [2, 8],
        "seeds": 1,
        "steps": 100 + student // 2,
    }


@dataclass
class LabLesson:
    """All students start within `spread` seconds; call `go_on` repeatedly."""

    students: int
    spread: float
    seed: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        self.began = time.perf_counter()
        self.presses = sorted((draw.uniform(0, self.spread), i) for i in range(self.students))

    def go_on(self) -> None:
        now = time.perf_counter() - self.began
        while self.presses and self.presses[0][0] <= now:
            _, student = self.presses.pop(0)
            self.jobs[student] = jobs.start(NAME, question(student), f"{student:032x}")

    @property
    def is_over(self) -> bool:
        over = all(job.status.phase in jobs.OVER for job in self.jobs.values())
        return not self.presses and over

    def held(self) -> dict[str, bool]:
        """The checks, as sentences, and whether each holds."""
        different = {job.id for job in self.jobs.values()}
        done = sum(job.status.phase == "done" for job in map(jobs.find, different) if job)
        wanted = len({str(question(student)) for student in range(self.students)})
        return {
            f"each of {len(different)} experiments is done": done == len(different),
            f"{self.students} students with {wanted} experiments make {wanted} jobs": (
                len(different) == wanted
            ),
        }
