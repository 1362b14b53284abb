"""Ten minutes on a GPU: checks, measurements, and further training of the bundled models.

    python -m benchmarks.gpu_session --minutes 9 --photos DIR [DIR ...] --mnist DIR --out DIR
    python -m benchmarks.gpu_session --device cpu --minutes 600 --photos DIR --mnist DIR --out DIR
    python -m benchmarks.gpu_session --dry --out DIR
    python -m benchmarks.gpu_session --adopt DIR --photos DIR --mnist DIR

The parts, in order of importance: checks that the GPU computes the same as a CPU; measurements of
training, restoring and decoding; the photo restorers; the autoencoders. Each has its share of the
time, and each result is written to disk as soon as it is available. Every tenth photograph of the
first folder is held out, as for the bundled restorers; those of further folders are all used for
training. The first Ctrl-C ends the session and leaves complete files. A session of half an hour or
more can be resumed: run the same command with the same --out.

`--out` gets `report.json` and the models in five archives, none above 16 MB. `--adopt` evaluates
them in full on a CPU, puts the better ones into `checkpoints/`, writes their cards and their
sections of `checkpoints/README.md`, runs the project's tests of them, and prints what has changed.
`--dry` runs all parts on a CPU with tiny sizes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from aeviz.cli.terminal import say
from aeviz.device import describe, pick_device
from aeviz.errors import UserError
from aeviz.io.paths import checkpoints_dir
from benchmarks.gpu.autoencoders import Pool, train_autoencoders
from benchmarks.gpu.checks import checks
from benchmarks.gpu.clock import Clock, stopped_by_signals
from benchmarks.gpu.figures import figures
from benchmarks.gpu.restorers import Ahead, train_restorers
from benchmarks.gpu.results import FAILED, Models, Report, attempted
from benchmarks.gpu.session import Session
from benchmarks.gpu.sizes import CPU, DRY, GPU
from benchmarks.gpu.sources import Sources
from benchmarks.gpu.unpacking import unpacked

DRY_MINUTES = 3.0


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_session",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument(
        "--mnist", type=Path, help="MNIST and Fashion-MNIST: torchvision's layout, or compressed"
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--dry", action="store_true", help="all parts with tiny sizes, on a CPU")
    parser.add_argument("--adopt", type=Path, metavar="DIR", help="the --out of a session")
    args = parser.parse_args(argv)
    if args.adopt is None and args.out is None:
        parser.error("name a folder for the results: --out DIR")
    if not args.dry and not (args.photos and args.mnist):
        parser.error("name the data: --photos DIR --mnist DIR")
    if args.minutes <= 0:
        parser.error("--minutes must be above 0")
    return args


def new_session(args: argparse.Namespace) -> Session:
    """A session with these arguments; its clock starts."""
    device = torch.device("cpu") if args.dry else pick_device(args.device)
    sizes = DRY if args.dry else GPU if device.type == "cuda" else CPU
    seconds = 60 * (min(args.minutes, DRY_MINUTES) if args.dry else args.minutes)
    return Session(
        device=device,
        sizes=sizes,
        sources=Sources(tuple(args.photos), args.mnist),
        out=args.out,
        seconds=seconds,
        clock=Clock(seconds),
        report=Report(args.out),
        models=Models(args.out),
        bundled=checkpoints_dir(),
    )


def run(session: Session) -> None:
    """Runs all parts in order; a part that fails is reported and does not end the others."""
    session.report.put("device", {"name": describe(session.device), "torch": torch.__version__})
    ahead = Ahead(session)
    pool = Pool(session.sizes.workers, session.sources, session.device)
    ahead.start()
    try:
        with stopped_by_signals(session.clock):
            _part(session, "checks", lambda: _checks(session))
            _part(session, "figures", lambda: _figures(session, ahead))
            attempted(pool.start)  # early, so that it is ready when needed
            _part(session, "restorers", lambda: _restorers(session, ahead))
            _part(session, "autoencoders", lambda: _autoencoders(session, pool))
    finally:
        ahead.stop()
        pool.stop()


def _part(session: Session, name: str, part: Callable[[], None]) -> None:
    if session.clock.left() <= 0:
        say(f"{name}: no time is left")
        return
    began = session.clock.now()
    failed = attempted(part)
    if failed:
        session.report.put(f"{name} {FAILED}", failed[FAILED])
    say(f"{name}: {session.clock.now() - began:.1f} s")


def _checks(session: Session) -> None:
    if "checks" not in session.report.rows:
        rows = checks(session.images, session.photos, session.device, session.sizes)
        _measured(session, "checks", rows)


def _figures(session: Session, ahead: Ahead) -> None:
    sizes = session.sizes
    ahead.wait()
    share = session.clock.share(sizes.figure_seconds * min(1.0, session.seconds / sizes.planned))
    if "figures" not in session.report.rows:
        rows = figures(session.images, session.photos, session.device, sizes, share)
        _measured(session, "figures", rows)


def _measured(
    session: Session, part: str, rows: Iterable[tuple[str, Callable[[], dict[str, Any]]]]
) -> None:
    """Writes each row to the report as soon as it is measured."""
    found: dict[str, Any] = {}
    for name, measure in rows:
        found[name] = attempted(measure)
        session.report.put(part, found)
        say(f"  {name}: {found[name]}")


def _restorers(session: Session, ahead: Ahead) -> None:
    _quickest(session.device)
    share = session.clock.share(session.clock.left() * session.sizes.restorer_share)
    train_restorers(session, ahead, share)


def _autoencoders(session: Session, pool: Pool) -> None:
    share = session.clock.share(session.clock.left())
    train_autoencoders(session, share, pool)


def _quickest(device: torch.device) -> None:
    """Lets cuDNN search for the fastest convolutions, which are the same for all stages."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True


def main(argv: list[str] | None = None) -> None:
    args = arguments(argv)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if args.mnist is not None:
                args.mnist = unpacked(args.mnist, Path(scratch))
            print(json.dumps(_answer(args)))
    except UserError as error:
        raise SystemExit(str(error)) from error


def _answer(args: argparse.Namespace) -> Any:
    """The object on the last line of output."""
    if args.adopt is not None:
        from benchmarks.gpu.adopt import adopt  # needs packages that a GPU machine may lack

        return adopt(args.adopt, Sources(tuple(args.photos), args.mnist))
    session = new_session(args)
    run(session)
    return {"out": str(session.out), "models": session.models.names()}


if __name__ == "__main__":
    main()
