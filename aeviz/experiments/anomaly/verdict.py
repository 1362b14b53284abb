"""The verdict: the best score of a network against the best simple method."""

from __future__ import annotations

from aeviz.experiments.anomaly.images import FEWEST
from aeviz.experiments.anomaly.parameters import PLAIN
from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.splits import same_test_images
from aeviz.experiments.statistics import Interval, compare, interval, why_open


def _mean_over_classes(result: Result, arm: str, measure: str) -> list[float]:
    """One value per seed: the mean over the classes that all have been measured with it."""
    means = []
    for seed in result.values("seed", arm=arm):
        values = result.of(measure, arm=arm, seed=seed)
        if len(values) == len(result.values("class", arm=arm)):
            means.append(sum(values) / len(values))
    return means


def _winner(result: Result, arms: list[str]) -> str:
    """The arm whose scores of the validation images are best."""
    return max(arms, key=lambda arm: interval(result.of("validation_auc", arm=arm)).mean)


def judge(result: Result) -> Verdict:
    """Whether the error finds anomalies in each class at all; then the best network's score against
    the best simple method's, both chosen on the validation images, seed by seed."""
    arms = [arm for arm in result.values("arm") if result.of("auc", arm=arm)]
    plain = [arm for arm in arms if arm in PLAIN]
    networks = [arm for arm in arms if arm not in PLAIN]
    if not networks or not plain:
        text = "Nothing is measured yet."
        if result.complete:
            text = f"No class has enough images: {FEWEST} normal ones to learn from are needed."
        return Verdict("open", text)
    error = next((arm for arm in networks if arm.endswith(" error")), networks[0])
    upside_down = [
        name for name in result.values("class", arm=error) if _below_half(result, error, name)
    ]
    if upside_down:
        value = interval(result.of("auc", arm=error, **{"class": upside_down[0]}))
        what = "is the anomaly" if result.parameters.setup == "one-anomalous" else "is normal"
        return Verdict(
            "fails",
            f"If class {upside_down[0]} {what}, anomalies have a smaller error than normal images: "
            f"the AUC of the {error} is {value}, below 0.5. It reconstructs what it has not "
            "learned better than what it has learned.",
        )
    best, simple = _winner(result, networks), _winner(result, plain)
    a, b = _mean_over_classes(result, best, "auc"), _mean_over_classes(result, simple, "auc")
    count = min(len(a), len(b))
    if not count:
        return Verdict("open", "The first class is not done with every method yet.")
    difference = compare(a[:count], b[:count], paired=True)
    classes = len(result.values("class", arm=best))
    over = f"over {classes} classes" if classes > 1 else "for this class"
    means = f"{best}: mean AUC {_area_interval(a)} {over}; {simple}: {_area_interval(b)}"
    own = _mean_over_classes(result, error, "auc")
    rest = f" The plain {error} alone has {_area_interval(own)}." if own and best != error else ""
    rest += same_test_images(result.parameters)
    if difference.ahead == "a":
        sentence = f"The best score of a network is ahead of the best simple method. {means}.{rest}"
        return Verdict("holds", sentence)
    if difference.ahead == "b":
        sentence = f"A simple method is ahead of the best score of a network. {means}.{rest}"
        return Verdict("fails", sentence)
    return Verdict(
        "open",
        f"{why_open(difference.difference)} {means}.{rest}",
    )


def _area_interval(values: list[float]) -> Interval:
    """An AUC cannot be above 1 or below 0, and neither can its interval."""
    return interval(values).within(0.0, 1.0)


def _below_half(result: Result, arm: str, name: str) -> bool:
    values = result.of("auc", arm=arm, **{"class": name})
    highest = interval(values).high
    if len(values) == 1:
        highest = result.of("high", arm=arm, **{"class": name})[0]
    return highest < 0.5
