"""Restoring files on the machines of a cluster, for `aeviz.cli.restore`.

The model, the mask and the files' contents are sent; the results come back and are written here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import lru_cache
from pathlib import Path
from typing import Any

from aeviz.cli.restoring import KEPT, Job, Outcome, Work, prepare
from aeviz.cli.terminal import read
from aeviz.cluster.packs import Pack
from aeviz.errors import UserError

BATCH_FILES, BATCH_BYTES = 8, 16 << 20
"""Files, or bytes, that another machine of a cluster gets at a time."""


Made = tuple[bytes, dict[str, Any]] | str
"""A result as PNG and its JSON fields, or why there is none."""
Batch = list[tuple[Job, bytes]]
"""Files and their contents."""


def outcomes_elsewhere(
    args: argparse.Namespace, work: Work, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Outcome]]:
    """Restore the files on the machines of the cluster, a batch at a time on each. A batch that
    loses its machine again and again is divided into its files, so one file stops no other."""
    from aeviz.cluster.actors import amount, resources
    from aeviz.cluster.connection import connect
    from aeviz.cluster.executor import ClusterExecutor

    options = {name: getattr(args, name) for name in ("task", "sigma", "mask_marks", "stretch")}
    window = 2 * max(1, int(amount(resources(connect()).total, "CPU")))
    waiting: dict[Future[list[Made]], Batch] = {}
    batches = _batches(work, jobs)
    pool = ClusterExecutor(files=_order(args, work))

    def begin(batch: Batch) -> None:
        photos = [data for _, data in batch]
        waiting[pool.submit(_made_elsewhere, options, photos)] = batch

    try:
        while True:
            while len(waiting) < window and (found := next(batches, None)) is not None:
                if isinstance(found, tuple):
                    yield found
                else:
                    begin(found)
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                batch = waiting.pop(future)
                try:
                    results = future.result()
                except UserError as error:
                    if len(batch) > 1:
                        for one in batch:
                            begin([one])
                        continue
                    results = [str(error)]
                for (job, data), made in zip(batch, results, strict=True):
                    yield job, _written(work, job, data, made)
    finally:
        pool.shutdown(cancel_futures=True)


def _batches(work: Work, jobs: Sequence[Job]) -> Iterator[Batch | tuple[Job, Outcome]]:
    """The files that are left, in batches, and the outcomes of those that need no work."""
    batch: Batch = []
    for job in jobs:
        try:
            data = read(job[0])
            if work.is_done(job, data):
                yield job, KEPT
                continue
        except UserError as error:
            yield job, str(error)
            continue
        batch.append((job, data))
        if len(batch) >= BATCH_FILES or sum(len(data) for _, data in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _written(work: Work, job: Job, data: bytes, made: Made) -> Outcome:
    if isinstance(made, str):
        return made
    try:
        work.write(job, data, made[0])
    except UserError as error:
        return str(error)
    return made[1]


def _order(args: argparse.Namespace, work: Work) -> dict[str, bytes]:
    """The files that the work needs on another machine."""
    found = {"model.safetensors": work.model.read_bytes()}
    return found if args.mask is None else found | {"mask": read(args.mask)}


def _made_elsewhere(order: Pack, options: dict[str, Any], photos: list[bytes]) -> list[Made]:
    """On another machine: the results of these files' contents, or why there is none."""
    work = _prepared(order.folder(), tuple(options.items()))
    found: list[Made] = []
    for data in photos:
        try:
            found.append(work.made(data))
        except UserError as error:
            found.append(str(error))
    return found


@lru_cache(maxsize=2)
def _prepared(folder: Path, options: tuple[tuple[str, Any], ...]) -> Work:
    mask = folder / "mask"
    files = {"model": str(folder / "model.safetensors"), "mask": mask if mask.exists() else None}
    return prepare(argparse.Namespace(**dict(options), **files, device="auto"))
