"""`python -m aeviz restore`: restore photographs, or small images, into a folder.

The file of a result contains a hash of the image, the model, the options and this package's
version. If the same command is run again, results with the same hash are kept, so that interrupted
work continues; if anything has changed, the image is restored again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aeviz import images
from aeviz.cli.restore_elsewhere import outcomes_elsewhere
from aeviz.cli.restoring import KEPT, Job, Outcome, Work, prepare
from aeviz.cli.terminal import Progress, files, read, say
from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.restoration import crops
from aeviz.restoration.tasks import TASKS


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The command's options."""
    sub.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR")
    sub.add_argument("--task", choices=tuple(TASKS), help="default: the model's own task")
    sub.add_argument("--model", metavar="FILE or NAME", help="default: restore-TASK")
    sub.add_argument("--sigma", type=float, metavar="S", help="denoise: the noise level, of 255")
    sub.add_argument(
        "--mask", type=Path, metavar="FILE", help="inpaint: image with the part to fill in white"
    )
    sub.add_argument(
        "--mask-marks",
        choices=("white", "black"),
        help="which colour in the mask marks the part to fill",
    )
    sub.add_argument(
        "--stretch", action="store_true", help="stretch a small range of values from black to white"
    )
    sub.add_argument("--device", default="auto")


def restore(args: argparse.Namespace) -> dict[str, Any]:
    """Restore all files in `args.paths`; failures are listed and do not stop the others."""
    paths = files(args.paths)
    jobs = list(zip(paths, _targets(paths, args.out), strict=True))
    work = prepare(args)
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    progress = Progress(len(paths))
    result = {"restored": done, "failed": failed, "exit_code": 0}
    outcomes = (
        _here(work, jobs, progress)
        if address.configured() is None
        else _listed(outcomes_elsewhere(args, work, jobs), progress)
    )
    try:
        for (path, target), outcome in outcomes:
            if isinstance(outcome, str):
                failed.append({"path": str(path), "error": outcome})
                progress.end(outcome, worked=False)
            else:
                done.append({"path": str(path), "out": str(target)} | outcome)
                progress.end(_in_words(outcome), worked=not outcome["kept"])
    except KeyboardInterrupt:
        say(
            f"\naeviz: interrupted after {len(done)} of {len(paths)} images. "
            "Run the same command again to continue."
        )
        return result | {"exit_code": 130}
    return result | {"exit_code": 2 if failed and not done else 0}


def _here(work: Work, jobs: Sequence[Job], progress: Progress) -> Iterator[tuple[Job, Outcome]]:
    """Restore the files one after another in this process."""
    for job in jobs:
        progress.begin(job[0].name)
        try:
            data = read(job[0])
            if work.is_done(job, data):
                yield job, KEPT
            else:
                png, figures = work.made(data, lambda n, of: progress.show(n, of, "tiles"))
                work.write(job, data, png)
                yield job, figures
        except UserError as error:
            yield job, str(error)


def _listed(
    outcomes: Iterator[tuple[Job, Outcome]], progress: Progress
) -> Iterator[tuple[Job, Outcome]]:
    """The outcomes of work that was done elsewhere: each begins for the terminal as it ends."""
    for job, outcome in outcomes:
        progress.begin(job[0].name)
        yield job, outcome


def _targets(paths: list[Path], folder: Path) -> list[Path]:
    """The path of each result, which depends only on `paths` and `folder`. UserError if it is that
    of an original."""
    taken: set[str] = set()
    names = [crops.unique_name(images.safe_name(path.name, ".png"), taken) for path in paths]
    targets = [folder / name for name in names]
    originals = {path.resolve() for path in paths}
    for target in targets:
        if target.resolve() in originals:
            raise UserError(f"The result would overwrite {target}: choose another --out.")
    return targets


def _in_words(figures: dict[str, Any]) -> str:
    if figures["kept"]:
        return "already done"
    took = f"{figures['seconds']:.1f} s"
    if "megapixels" not in figures:
        return took
    return f"{figures['megapixels']:.1f} MP with noise {figures['sigma']:.0f} in {took}"
