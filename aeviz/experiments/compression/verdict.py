"""The verdict: the best network against PCA and picture formats at each rate."""

from __future__ import annotations

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.compression.parameters import ARMS
from aeviz.experiments.statistics import Comparison, compare, interval, why_open


def best_arm(result: Result, bits: float) -> str | None:
    """The network with the least validation error at this rate."""
    errors = {
        arm: interval(result.of("val_mse", arm=arm, bits=bits)).mean
        for arm in ARMS.values()
        if result.of("val_mse", arm=arm, bits=bits)
    }
    return min(errors, key=errors.__getitem__, default=None)


def judge(result: Result) -> Verdict:
    """At each rate the best network against PCA with as many bits; then against the best picture
    format with as little error."""
    found: dict[float, tuple[str, Comparison]] = {}
    for bits in result.values("bits", arm="PCA"):
        arm = best_arm(result, bits)
        if arm is not None:
            own, rival = (result.of(name, arm=arm, bits=bits) for name in ("mse", "pca_mse"))
            found[bits] = (arm, compare(rival, own, paired=True))
    if not found:
        return Verdict("open", "No network is trained yet.")
    won = [bits for bits, (_, one) in found.items() if one.ahead == "a"]
    lost = [bits for bits, (_, one) in found.items() if one.ahead == "b"]
    middle = sorted(found)[len(found) // 2]
    arm = found[middle][0]
    error = interval(result.of("mse", arm=arm, bits=middle))
    theirs = interval(result.of("pca_mse", arm=arm, bits=middle)).mean
    formats = interval(result.of("format_bits", arm=arm, bits=middle)).mean
    file = interval(result.of("file_bits", arm=arm, bits=middle)).mean
    sentence = (
        f"With {file:.0f} bits per image the best network ({arm}) has an error of {error} per "
        f"pixel, PCA {theirs:.3g}. The network is ahead of PCA at {len(won)} of {len(found)} rates"
        + (f", PCA at {len(lost)}" if lost else "")
        + ". "
    )
    grey = interval(result.of("gray_mse", arm=arm, bits=middle)).mean
    if error.mean >= grey:
        sentence += (
            f"Its images are worse than one grey for every pixel ({grey:.3g}), which takes no bits."
        )
    elif formats > file:
        count = interval(result.of("break_even", arm=arm, bits=middle)).mean
        sentence += (
            f"{_formats(result, file, formats)} But the network's own weights are only paid for "
            f"after {count:,.0f} images."
        )
    else:
        sentence += f"A picture format needs only {formats:.0f} bits for this error."
    beaten = [
        interval(result.of("file_bits", arm=arm, bits=bits)).mean
        for bits, (arm, _) in found.items()
        if interval(result.of("format_bits", arm=arm, bits=bits)).mean
        <= interval(result.of("file_bits", arm=arm, bits=bits)).mean
    ]
    if beaten and beaten != [file]:
        at = ", ".join(f"{bits:.0f}" for bits in beaten)
        sentence += f" A picture format needs no more than the network at {at} bits."
    if lost or beaten or error.mean >= grey:
        return Verdict("fails", sentence)
    if len(won) == len(found):
        return Verdict("holds", sentence)
    unclear = next(one for _, one in found.values() if one.ahead == "open")
    return Verdict("open", f"{sentence} {why_open(unclear.difference)}")


def _formats(result: Result, file: float, needed: float) -> str:
    """What picture formats take, in a sentence: `needed` bits for the error of the network's file,
    or more than it in any case."""
    files = [row for row in result.rows if "quality" in row]
    smallest = min(files, key=lambda row: float(row["bits"]), default=None)
    if smallest is None or float(smallest["bits"]) <= file:
        return f"A picture format takes at least {needed:.0f} bits for this error."
    return (
        f"No picture format makes a smaller file than {float(smallest['bits']):.0f} bits per image "
        f"({smallest['arm']}, error {float(smallest['mse']):.3g})."
    )
