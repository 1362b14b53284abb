"""The verdict: many layers against few, and the narrow code against the wide one."""

from __future__ import annotations

from collections.abc import Mapping

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.capacity.parameters import PLAIN, counts, layers
from aeviz.experiments.statistics import compare, interval, percent


def judge(result: Result) -> Verdict:
    """Two parts, both on the error of new images, paired by seed: with the fewest images, the most
    layers against the fewest; and the narrow code against the wide one. A larger error is only
    memorising if it is farther above that of the training images, too."""
    params = result.parameters
    few = counts(params)[0]
    shallow, deep = layers(params.depths[0]), layers(params.depths[-1])
    ends = [result.of("test", part="layers", arm=arm, images=few) for arm in (shallow, deep)]
    guards = {arm: result.of("test", part="guards", arm=arm) for arm in (PLAIN, *params.guards)}
    pairs = min(len(guards[PLAIN]), len(guards["narrow code"]))
    if min(map(len, ends)) < 2 or pairs < 2:
        return Verdict("open", "Two seeds of each network are needed for a verdict.")
    both = min(map(len, ends))
    deeper = compare(ends[1][:both], ends[0][:both], paired=True)
    wide, small = (
        result.of("gap", part="layers", arm=arm, images=few)[:both] for arm in (deep, shallow)
    )
    overfits = compare(wide, small, paired=True).ahead == "a"
    narrow = compare(guards["narrow code"][:pairs], guards[PLAIN][:pairs], paired=True)
    seen = interval(result.of("train", part="layers", arm=deep, images=few)).mean
    share = interval(result.of("memorised", part="layers", arm=deep, images=few)).mean
    ends_said = {
        "a": f"more layers {'memorise more' if overfits else 'fit worse, which is not memorising'}",
        "b": "more layers do not memorise more",
        "open": "the two are too close to call",
    }
    guard_images = result.values("images", part="guards")[0]
    guard_said = {
        "b": "its error is lower",
        "a": "its error is higher",
        "open": "no clear difference",
    }
    said = (
        f"With {few:,} images the error on new images is {interval(ends[0]).mean:.4f} with "
        f"{shallow} and {interval(ends[1]).mean:.4f} with {deep} (on training images "
        f"{seen:.4f}), a difference of {deeper.difference}: {ends_said[deeper.ahead]}. "
        f"{percent(share)} of the outputs of {deep} are nearer to a training image than to the new "
        f"image itself. With {guard_images:,} images a narrow code has an error of "
        f"{interval(guards['narrow code']).mean:.4f} on new images, a wide one "
        f"{interval(guards[PLAIN]).mean:.4f}, a difference of {narrow.difference}: "
        f"{guard_said[narrow.ahead]}.{_others(guards)}"
    )
    if deeper.ahead == "b" or narrow.ahead == "a":
        return Verdict("fails", said)
    both_hold = deeper.ahead == "a" and overfits and narrow.ahead == "b"
    return Verdict("holds" if both_hold else "open", said)


def _others(guards: Mapping[str, list[float]]) -> str:
    """Which of the other guards lowers the error, in words. The contractive penalty is left out, as
    it comes with a narrow code, and without batch norm."""
    plain, helps = guards[PLAIN], []
    alike = [arm for arm in guards if arm not in (PLAIN, "narrow code", "contractive")]
    others = [arm for arm in alike if len(guards[arm]) > 1]
    for arm in others:
        both = min(len(plain), len(guards[arm]))
        if compare(guards[arm][:both], plain[:both], paired=True).ahead == "b":
            helps.append(f"{arm} ({interval(guards[arm]).mean:.4f})")
    if not others:
        return ""
    if not helps:
        return f" No other guard helps ({', '.join(others)})."
    return f" What helps: {', '.join(helps)}."
